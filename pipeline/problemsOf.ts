/**
 * What is wrong with a value that a schema refused: (value, issue) -> a line for each problem, with its place: what was found
 * there and what was expected.
 */
import { SchemaIssue } from "effect"

export interface Problem {
  /** As model[0].filters; empty for the whole. */
  readonly at: string
  readonly problem: string
}

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => {
    if (issue._tag === "UnexpectedKey") return "there is no such field"
    return issue._tag === "MissingKey" ? "it is missing" : SchemaIssue.defaultLeafHook(issue)
  },
})

/** ["model", 0, "filters"] -> model[0].filters */
const showPath = (path: ReadonlyArray<PropertyKey>) =>
  path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`,
    "",
  )

const fieldOf = (value: unknown, key: PropertyKey): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined

const longest = 60

/** A value in a few words. */
const show = (value: unknown): string => {
  if (Array.isArray(value)) return "an array"
  if (typeof value === "object" && value !== null) return "an object"
  if (typeof value === "function") return "a function"
  const text = typeof value === "string" ? JSON.stringify(value) : String(value ?? "nothing")
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** The kinds of a union whose members are told apart by their `kind`. */
const kindsIn = (message: string) =>
  [...message.matchAll(/"kind": "(\w+)"/g)].flatMap(([, kind = ""]) => kind)

export const problemsOf = (value: unknown, issue: SchemaIssue.Issue): ReadonlyArray<Problem> => {
  const problems = formatIssue(issue).issues.map(({ message, path = [] }): Problem => {
    const keys = path.map((part) => (typeof part === "object" ? part.key : part))
    const found = keys.reduce(fieldOf, value)
    const expected = /^Expected (.*)$/s.exec(message)?.[1]
    if (expected === undefined) return { at: showPath(keys), problem: message }
    const kinds = kindsIn(expected)
    return kinds.length === 0
      ? { at: showPath(keys), problem: `found ${show(found)}, expected ${expected}` }
      : {
          at: showPath([...keys, "kind"]),
          problem: `found ${show(fieldOf(found, "kind"))}, expected ${kinds.join(", ")}`,
        }
  })
  // Each member of a union says what it misses.
  return problems.filter(
    ({ at, problem }, i) => problems.findIndex((other) => other.at === at && other.problem === problem) === i,
  )
}
