/**
 * The faults of a value that a schema refused: (value, issue) -> each with the keys of its place.
 *
 * The issue is read as a tree: its tags, the schemas that refused and the annotations of their checks.
 */
import { type SchemaAST, SchemaIssue } from "effect"
import { expectedOf, fieldNamesOf, fieldType, kindsOf, literalsOf } from "./expected.ts"

export type Fault =
  | { readonly tag: "missing"; readonly expected: string | undefined }
  /** `fields`: those that the object may have. */
  | { readonly tag: "unknownKey"; readonly fields: ReadonlyArray<string> }
  /** A value of a type that the schema does not accept. `words`: the texts that it accepts. */
  | { readonly tag: "wrongType"; readonly expected: string; readonly words: ReadonlyArray<string> }
  /** A value of the right type that a check refused. */
  | { readonly tag: "refused"; readonly expected: string }
  | { readonly tag: "unknownKind"; readonly kinds: ReadonlyArray<string> }
  /** The fields that tell the members of a union apart: the value has none of them, or those of several members. */
  | { readonly tag: "noChoice"; readonly fields: ReadonlyArray<string> }
  | { readonly tag: "severalChoices"; readonly fields: ReadonlyArray<string> }
  | { readonly tag: "message"; readonly message: string }

/** A fault and the keys that lead to its place. */
export interface Located {
  readonly keys: ReadonlyArray<PropertyKey>
  readonly fault: Fault
}

/** Whether a place is an element of an array. */
export const isElement = ({ keys }: Pick<Located, "keys">) => typeof keys.at(-1) === "number"

const wrongType = (ast: SchemaAST.AST): Fault => ({
  tag: "wrongType",
  expected: expectedOf(ast),
  words: literalsOf(ast),
})

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const fieldOf = (value: unknown, key: PropertyKey): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined

const fieldsOf = (faults: ReadonlyArray<Located>) => faults.map(({ keys }) => String(keys.at(-1)))

/** The faults of an object with the fields of no member: fields that all members lack, and the choice between members. */
const faultsOfChoice = (
  keys: ReadonlyArray<PropertyKey>,
  members: ReadonlyArray<ReadonlyArray<Located>>,
): ReadonlyArray<Located> => {
  const unknown = members.map((faults) => fieldsOf(faults.filter(({ fault }) => fault.tag === "unknownKey")))
  const isUnknownToAll = (field: string) => unknown.every((fields) => fields.includes(field))
  const choices = [...new Set(unknown.flat())].filter((field) => !isUnknownToAll(field))
  const missing = fieldsOf(members.flat().filter(({ fault }) => fault.tag === "missing"))
  const fault: Fault =
    choices.length > 0
      ? { tag: "severalChoices", fields: choices }
      : { tag: "noChoice", fields: [...new Set(missing)] }
  const known = members.flat().flatMap(({ fault }) => (fault.tag === "unknownKey" ? fault.fields : []))
  const unknownToAll = [...new Set(unknown.flat())].filter(isUnknownToAll)
  return [
    ...unknownToAll.map((field): Located => ({
      keys: [...keys, field],
      fault: { tag: "unknownKey", fields: [...new Set(known)] },
    })),
    ...(fault.fields.length === 0 ? [] : [{ keys, fault }]),
  ]
}

/** The faults of the union member that was meant: one that has the fields of the value. */
const faultsOfUnion = (
  keys: ReadonlyArray<PropertyKey>,
  union: SchemaAST.Union,
  members: ReadonlyArray<ReadonlyArray<Located>>,
): ReadonlyArray<Located> => {
  const isOfField = (located: Located) =>
    (located.fault.tag === "missing" || located.fault.tag === "unknownKey") &&
    located.keys.length === keys.length + 1
  const fitting = members.filter((faults) => !faults.some(isOfField))
  const isWrongType =
    fitting.length > 0
      ? fitting
          .flat()
          .some((located) => located.fault.tag === "wrongType" && located.keys.length === keys.length)
      : members.flat().some((located) => isOfField(located) && isElement(located))
  if (isWrongType) return [{ keys, fault: wrongType(union) }]
  if (fitting.length > 0) return fitting.flat()
  if (members.length === 1) return members[0]
  return faultsOfChoice(
    keys,
    members.map((faults) => faults.filter(isOfField)),
  )
}

const textOf = (annotations: { readonly [key: string]: unknown } | undefined, key: string) => {
  const text = annotations?.[key]
  return typeof text === "string" ? text : undefined
}

/** A check that refused a value: its own message, or what it expects. */
const faultOfCheck = (
  ...annotations: ReadonlyArray<{ readonly [key: string]: unknown } | undefined>
): Fault => {
  const first = (key: string) =>
    annotations.map((from) => textOf(from, key)).find((text) => text !== undefined)
  const message = first("message")
  return message === undefined
    ? { tag: "refused", expected: first("expected") ?? "a valid value" }
    : { tag: "message", message }
}

/** The fault of a value that no member of a schema accepts: if it is an object, its `kind` is wrong. */
const faultOfType = (found: unknown, ast: SchemaAST.AST): Fault => {
  const kinds = kindsOf(ast)
  return kinds.length > 0 && isObject(found) ? { tag: "unknownKind", kinds } : wrongType(ast)
}

/** The faults of a union, as one with what to write instead if the value has another form than all that its `expected` names. */
const faultsInWords = (
  keys: ReadonlyArray<PropertyKey>,
  union: SchemaAST.Union,
  faults: ReadonlyArray<Located>,
): ReadonlyArray<Located> => {
  const expected = textOf(union.annotations, "expected")
  const isOfForm = ({ fault, keys: at }: Located) =>
    fault.tag === "wrongType"
      ? at.length === keys.length
      : (fault.tag === "missing" || fault.tag === "unknownKey") && at.length === keys.length + 1
  return expected !== undefined && faults.every(isOfForm)
    ? [{ keys, fault: { tag: "wrongType", expected, words: literalsOf(union) } }]
    : faults
}

/** Whether an object names a kind that no member of the union has, although some have kinds. */
const hasUnknownKind = (found: unknown, union: SchemaAST.Union) => {
  const kinds = kindsOf(union)
  const kind = isObject(found) ? fieldOf(found, "kind") : undefined
  return kinds.length > 0 && kind !== undefined && !kinds.includes(String(kind))
}

/** Members without a kind are not meant by an object that names the kind of another. */
const ofKind = (
  keys: ReadonlyArray<PropertyKey>,
  members: ReadonlyArray<ReadonlyArray<Located>>,
): ReadonlyArray<ReadonlyArray<Located>> => {
  const meant = members.filter(
    (faults) =>
      !faults.some(
        ({ fault, keys: at }) =>
          fault.tag === "unknownKey" && at.length === keys.length + 1 && at.at(-1) === "kind",
      ),
  )
  return meant.length > 0 ? meant : members
}

/** `owner`: the schema of the object that the issue is in. */
export const locate = (
  value: unknown,
  issue: SchemaIssue.Issue,
  keys: ReadonlyArray<PropertyKey>,
  owner?: SchemaAST.AST,
): ReadonlyArray<Located> => {
  switch (issue._tag) {
    case "Pointer":
      return locate(value, issue.issue, [...keys, ...issue.path], owner)
    case "Encoding":
      return locate(value, issue.issue, keys, owner)
    case "Composite":
      return issue.issues.flatMap((part) => locate(value, part, keys, issue.ast))
    case "AnyOf": {
      const found = keys.reduce(fieldOf, value)
      return issue.issues.length === 0 || hasUnknownKind(found, issue.ast)
        ? faultsInWords(keys, issue.ast, [{ keys, fault: faultOfType(found, issue.ast) }])
        : faultsInWords(
            keys,
            issue.ast,
            faultsOfUnion(
              keys,
              issue.ast,
              ofKind(
                keys,
                issue.issues.map((member) => locate(value, member, keys, owner)),
              ),
            ),
          )
    }
    case "Filter":
      return issue.issue._tag === "InvalidValue"
        ? [{ keys, fault: faultOfCheck(issue.issue.annotations, issue.filter.annotations) }]
        : locate(value, issue.issue, keys, owner)
    case "InvalidValue":
      return [{ keys, fault: faultOfCheck(issue.annotations) }]
    case "InvalidType":
      return [{ keys, fault: faultOfType(keys.reduce(fieldOf, value), issue.ast) }]
    case "UnexpectedKey":
      return [{ keys, fault: { tag: "unknownKey", fields: owner === undefined ? [] : fieldNamesOf(owner) } }]
    case "MissingKey": {
      const type = owner && fieldType(owner, keys.at(-1) ?? "")
      return [{ keys, fault: { tag: "missing", expected: type && expectedOf(type) } }]
    }
    default:
      return [{ keys, fault: { tag: "message", message: SchemaIssue.defaultLeafHook(issue) } }]
  }
}
