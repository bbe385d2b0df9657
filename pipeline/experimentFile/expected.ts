/**
 * What a schema accepts, in words: (AST) -> "a number", `"a" or "b"`, "an object of kind adam or sgd".
 *
 * The words come from the nodes of the schema, never from a message that Effect rendered.
 */
import { SchemaAST } from "effect"
import { alternatives } from "../../format/alternatives.ts"

/** The members of a union, of unions within it too; anything else is its own only member. */
const membersOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> => {
  const written = SchemaAST.toEncoded(ast)
  return SchemaAST.isUnion(written) ? written.types.flatMap(membersOf) : [written]
}

/** The type of a field, undefined for a field the schema does not name. */
export const fieldType = (ast: SchemaAST.AST, field: PropertyKey): SchemaAST.AST | undefined =>
  SchemaAST.isObjects(ast) ? ast.propertySignatures.find(({ name }) => name === field)?.type : undefined

/** The literal of a struct's `kind` field, by which the members of a union are told apart. */
const kindOf = (ast: SchemaAST.AST): string | undefined => {
  const type = fieldType(ast, "kind")
  return type !== undefined && SchemaAST.isLiteral(type) ? String(type.literal) : undefined
}

/** The kinds of a union, empty if its members have none. */
export const kindsOf = (ast: SchemaAST.AST): ReadonlyArray<string> =>
  membersOf(ast).flatMap((member) => kindOf(member) ?? [])

const typeWords = (ast: SchemaAST.AST): string => {
  const annotated = ast.annotations?.expected
  if (typeof annotated === "string") return annotated
  switch (ast._tag) {
    case "Literal":
      return typeof ast.literal === "bigint" ? `${ast.literal}n` : JSON.stringify(ast.literal)
    case "String":
      return "a string"
    case "Number":
      return "a number"
    case "Boolean":
      return "true or false"
    case "Arrays":
      return ast.rest.length === 0 ? `an array of ${ast.elements.length}` : "an array"
    case "Objects":
      return "an object"
    default:
      return ast._tag.toLowerCase()
  }
}

export const expectedOf = (ast: SchemaAST.AST): string => {
  const kinds = kindsOf(ast)
  const others = membersOf(ast).filter((member) => kindOf(member) === undefined)
  return alternatives([
    ...new Set(
      others
        .map(typeWords)
        .map((words) => (words === "an object" && kinds.length > 0 ? "an object without kind" : words)),
    ),
    ...(kinds.length === 0 ? [] : [`an object of kind ${alternatives(kinds)}`]),
  ])
}

/** The texts among the literals that a schema accepts. */
export const literalsOf = (ast: SchemaAST.AST): ReadonlyArray<string> =>
  membersOf(ast).flatMap((member) =>
    SchemaAST.isLiteral(member) && typeof member.literal === "string" ? [member.literal] : [],
  )

/** The fields of a struct, or of all structs of a union. */
export const fieldNamesOf = (ast: SchemaAST.AST): ReadonlyArray<string> => [
  ...new Set(
    membersOf(ast).flatMap((member) =>
      SchemaAST.isObjects(member) ? member.propertySignatures.map(({ name }) => String(name)) : [],
    ),
  ),
]
