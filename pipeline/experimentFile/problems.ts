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

interface Leaf {
  readonly keys: ReadonlyArray<PropertyKey>
  readonly message: string
  readonly tag: SchemaIssue.Issue["_tag"]
}

/**
 * Of a union, what the members that have the fields of the value say; where none has, what all say of fields that none knows,
 * and in one that a member must be decided on.
 */
const closest = (keys: ReadonlyArray<PropertyKey>, members: ReadonlyArray<ReadonlyArray<Leaf>>) => {
  const isAbout = (tag: Leaf["tag"]) => (leaf: Leaf) =>
    leaf.tag === tag && leaf.keys.length === keys.length + 1
  const [isMissing, isUnexpected] = [isAbout("MissingKey"), isAbout("UnexpectedKey")]
  const fitting = members.filter((leaves) => !leaves.some((leaf) => isMissing(leaf) || isUnexpected(leaf)))
  if (fitting.length > 0) return fitting.flat()
  if (members.length === 1) return members[0]
  const namesIn = (leaves: ReadonlyArray<Leaf>) => leaves.map(({ keys }) => String(keys.at(-1)))
  const unknown = members.map((leaves) => namesIn(leaves.filter(isUnexpected)))
  const ofNone = (leaf: Leaf) => unknown.every((names) => names.includes(String(leaf.keys.at(-1))))
  const ofOthers = new Set(unknown.flat().filter((name) => unknown.some((names) => !names.includes(name))))
  const missing = [...new Set(namesIn(members.flat().filter(isMissing)))]
  const choice =
    ofOthers.size > 0
      ? [`it takes only one of ${[...ofOthers].join(", ")}`]
      : missing.length > 0
        ? [`it needs ${missing.join(" or ")}`]
        : []
  return [
    ...members.flat().filter((leaf) => isUnexpected(leaf) && ofNone(leaf)),
    ...choice.map((message): Leaf => ({ keys, message, tag: "AnyOf" })),
  ]
}

const leavesOf = (issue: SchemaIssue.Issue, keys: ReadonlyArray<PropertyKey>): ReadonlyArray<Leaf> => {
  if (issue._tag === "Pointer") return leavesOf(issue.issue, [...keys, ...issue.path])
  if (issue._tag === "Encoding") return leavesOf(issue.issue, keys)
  if (issue._tag === "Composite") return issue.issues.flatMap((part) => leavesOf(part, keys))
  if (issue._tag === "AnyOf" && issue.issues.length > 0) {
    return closest(
      keys,
      issue.issues.map((member) => leavesOf(member, keys)),
    )
  }
  return formatIssue(issue).issues.map(({ message, path = [] }) => ({
    keys: [...keys, ...path.map((part) => (typeof part === "object" ? part.key : part))],
    message,
    tag: issue._tag,
  }))
}

export const problemsOf = (value: unknown, issue: SchemaIssue.Issue): ReadonlyArray<Problem> => {
  const problems = leavesOf(issue, []).map(({ keys, message }): Problem => {
    const found = keys.reduce(fieldOf, value)
    const expected = /^Expected (.*)$/s.exec(message)?.[1]
    if (expected === undefined) return { at: showPath(keys), problem: message }
    const kinds = kindsIn(expected).join(", ")
    if (kinds === "") return { at: showPath(keys), problem: `found ${show(found)}, expected ${expected}` }
    return typeof found === "object" && found !== null && !Array.isArray(found)
      ? {
          at: showPath([...keys, "kind"]),
          problem: `found ${show(fieldOf(found, "kind"))}, expected ${kinds}`,
        }
      : {
          at: showPath(keys),
          problem: `found ${show(found)}, expected an object of one of the kinds ${kinds}`,
        }
  })
  // Several members of a union may say the same.
  return problems.filter(
    ({ at, problem }, i) => problems.findIndex((other) => other.at === at && other.problem === problem) === i,
  )
}
