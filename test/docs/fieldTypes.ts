/**
 * The fields of a schema as a table shows them: (struct) -> field, type, default. Types are those a user writes, before
 * decoding.
 */
import { Option, Schema, SchemaAST } from "effect"

export interface FieldRow {
  /** With the names of the objects around it: `retries.times`. */
  readonly field: string
  readonly type: string
  readonly default: string
}

/** Types that have a table or a paragraph of their own: what they are as text -> the link that stands for it. */
export type Named = ReadonlyMap<string, string>

interface Range {
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
}

const payloadsOf = (ast: SchemaAST.AST): ReadonlyArray<readonly [id: string, payload: Range]> =>
  (ast.checks ?? []).flatMap((check) => {
    if (check._tag !== "Filter") return []
    const found: unknown = check.annotations?.["representation"]
    if (typeof found !== "object" || found === null || !("id" in found) || !("payload" in found)) return []
    return [[String(found.id).replace("effect/schema/", ""), (found.payload ?? {}) as Range] as const]
  })

const numberText = (ast: SchemaAST.AST) => {
  const payloads = payloadsOf(ast)
  const noun = payloads.some(([id]) => id === "isInt") ? "whole number" : "number"
  const range: Range = Object.assign({}, ...payloads.map(([, payload]) => payload))
  if (range.minimum !== undefined && range.maximum !== undefined) {
    return `${noun} ${range.minimum} to ${range.maximum}`
  }
  const limits = [
    range.minimum === undefined ? "" : `≥ ${range.minimum}`,
    range.exclusiveMinimum === undefined ? "" : `> ${range.exclusiveMinimum}`,
    range.maximum === undefined ? "" : `≤ ${range.maximum}`,
    range.exclusiveMaximum === undefined ? "" : `< ${range.exclusiveMaximum}`,
  ].filter((limit) => limit !== "")
  return limits.length === 0 ? noun : `${noun} ${limits.join(" and ")}`
}

export const typeText = (given: SchemaAST.AST, named: Named): string => {
  const ast = SchemaAST.toEncoded(given)
  const plain = plainText(ast, named)
  return named.get(plain) ?? plain
}

const plainText = (ast: SchemaAST.AST, named: Named): string => {
  switch (ast._tag) {
    case "Literal":
      return `\`${JSON.stringify(ast.literal)}\``
    case "Number":
      return numberText(ast)
    case "String":
      return "text"
    case "Boolean":
      return "`true` or `false`"
    case "Arrays":
      return ast.rest.length === 0
        ? `[${ast.elements.map((element) => typeText(element, named)).join(", ")}]`
        : `list of ${typeText(ast.rest[0], named)}`
    case "Objects":
      return ast.propertySignatures.length === 0
        ? `object of ${ast.indexSignatures.map(({ type }) => typeText(type, named)).join()}`
        : `{ ${ast.propertySignatures.map(({ name, type }) => `${String(name)}: ${typeText(type, named)}`).join(", ")} }`
    case "Union":
      return [...new Set(ast.types.map((type) => typeText(type, named)))].join(
        ast.types.every(({ _tag }) => _tag === "Literal") ? ", " : " or ",
      )
    case "Unknown":
      return "anything"
    case "Declaration":
      return "plain value"
    default:
      throw new Error(`no text for a type of kind ${ast._tag}`)
  }
}

/** As an experiment file would have it. */
const literal = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const entries = Object.entries(value)
  if (entries.length === 1 && "kind" in value) return String(value.kind)
  return `{ ${entries.map(([key, entry]) => `${key}: ${literal(entry)}`).join(", ")} }`
}

const decodedDefault = (name: string, schema: Fields[string]) => {
  const one: Schema.Constraint = Schema.Struct({ [name]: schema })
  const decoded = Schema.decodeUnknownOption(one as Schema.Codec<object>)({})
  return Option.match(decoded, {
    onNone: () => "required",
    onSome: (value) => (name in value ? `\`${literal(Reflect.get(value, name))}\`` : "none"),
  })
}

type Fields = Schema.Struct.Fields

/** The fields of a nested object, if it has any that a table lists with dots. */
const nested = (schema: Fields[string]): Fields | undefined => {
  if ("fields" in schema) return schema.fields as Fields
  if ("schema" in schema) return nested(schema.schema as Fields[string])
  if ("from" in schema) return nested(schema.from as Fields[string])
  return undefined
}

/** One row a field; `kind`, which says which member of a union it is, is left out. */
export const fieldRows = (fields: Fields, named: Named): ReadonlyArray<FieldRow> =>
  Object.entries(fields).flatMap(([field, schema]): ReadonlyArray<FieldRow> => {
    if (field === "kind") return []
    const type = typeText(schema.ast, named)
    const row = { field, type, default: decodedDefault(field, schema) }
    const inner = named.has(plainText(SchemaAST.toEncoded(schema.ast), named)) ? undefined : nested(schema)
    if (inner === undefined) return [row]
    return [
      { ...row, type: "object" },
      ...fieldRows(inner, named).map((each) => ({ ...each, field: `${field}.${each.field}` })),
    ]
  })
