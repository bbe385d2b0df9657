/**
 * What is wrong with a value that a schema refused: (value, issue) -> one problem a place, with what was found there and what
 * was expected.
 *
 * The issue is read as a tree: its tags, the schemas that refused and the annotations of their checks.
 */
import { type SchemaAST, SchemaIssue } from "effect"
import { alternatives } from "../../format/alternatives.ts"
import { showUrls } from "../../format/showUrl.ts"
import { expectedOf, fieldNamesOf, fieldType, kindsOf, literalsOf } from "./expected.ts"
import { adviceForField, adviceForMissing, adviceForValue } from "./newcomers.ts"
import { suggest } from "./suggest.ts"

export interface Problem {
  /** As model[0].filters; empty for the whole value. */
  readonly at: string
  readonly problem: string
}

type Fault =
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
interface Located {
  readonly keys: ReadonlyArray<PropertyKey>
  readonly fault: Fault
}

/** Whether a place is an element of an array. */
const isElement = ({ keys }: Pick<Located, "keys">) => typeof keys.at(-1) === "number"

const wrongType = (ast: SchemaAST.AST): Fault => ({
  tag: "wrongType",
  expected: expectedOf(ast),
  words: literalsOf(ast),
})

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const fieldOf = (value: unknown, key: PropertyKey): unknown =>
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
const locate = (
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

/** Of a value or a key that a message quotes. */
const longest = 60

const showKey = (key: PropertyKey) => {
  const text = String(key)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** ["model", 0, "filters"] -> model[0].filters */
const showPath = (path: ReadonlyArray<PropertyKey>) =>
  path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? showKey(key) : `${text}.${showKey(key)}`,
    "",
  )

/** An object of few plain values as it is written: { iterations: 10 }. */
const showObject = (value: object): string => {
  const fields = Object.entries(value)
  if (fields.length === 0) return "{}"
  const isPlain = fields.every(
    ([key, field]) => /^\w+$/.test(key) && ["number", "string", "boolean"].includes(typeof field),
  )
  const text = `{ ${fields.map(([key, field]) => `${key}: ${typeof field === "string" ? JSON.stringify(showUrls(field)) : field}`).join(", ")} }`
  return isPlain && text.length <= longest ? text : "an object"
}

/** A value in a few words. */
const show = (value: unknown): string => {
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === "object" && value !== null) return showObject(value)
  if (typeof value === "function") return "a function"
  const text = typeof value === "string" ? JSON.stringify(showUrls(value)) : String(value)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** What to do about a word: what is written in another way here, or the known words that it resembles. */
const hint = (advice: string | undefined, written: unknown, known: ReadonlyArray<string>): string => {
  if (advice !== undefined) return `; ${advice}`
  const meant = typeof written === "string" ? suggest(written, known) : []
  return meant.length === 0 ? "" : `; did you mean ${alternatives(meant)}?`
}

const describe = (value: unknown, { fault, keys }: Located): Problem => {
  const found = keys.reduce(fieldOf, value)
  const at = showPath(keys)
  const example = () => adviceForMissing(keys, keys.slice(0, -1).reduce(fieldOf, value))
  switch (fault.tag) {
    case "missing": {
      const expected = fault.expected === undefined ? "" : `, expected ${fault.expected}`
      return { at, problem: `missing${expected}${hint(example(), undefined, [])}` }
    }
    case "unknownKey": {
      if (isElement({ keys })) return { at, problem: "unexpected element" }
      return { at, problem: `unknown field${hint(adviceForField(keys, found), keys.at(-1), fault.fields)}` }
    }
    case "wrongType": {
      const advice = found === undefined ? example() : adviceForValue(keys, found, fieldOf(value, "loss"))
      const meant = hint(advice, found, fault.words)
      return { at, problem: `found ${show(found)}, expected ${fault.expected}${meant}` }
    }
    case "refused":
      // It is an integer, but not one that a number holds exactly.
      if (Number.isInteger(found) && !Number.isSafeInteger(found)) {
        return { at, problem: `found ${show(found)}, expected at most ${Number.MAX_SAFE_INTEGER} (2^53 - 1)` }
      }
      return { at, problem: `found ${show(found)}, expected ${fault.expected}` }
    case "unknownKind": {
      const kind = fieldOf(found, "kind")
      const place = [...keys, "kind"]
      const what = kind === undefined ? "missing" : `found ${show(kind)}`
      const meant = hint(adviceForValue(place, kind), kind, fault.kinds)
      return { at: showPath(place), problem: `${what}, expected ${alternatives(fault.kinds)}${meant}` }
    }
    case "noChoice":
      return { at, problem: `found an object without ${alternatives(fault.fields)}, expected one of them` }
    case "severalChoices":
      return { at, problem: `found ${fault.fields.map(showKey).join(" and ")}, expected only one of them` }
    case "message":
      return { at, problem: fault.message }
  }
}

export const problemsOf = (value: unknown, issue: SchemaIssue.Issue): ReadonlyArray<Problem> => {
  const problems = locate(value, issue, []).map((located) => describe(value, located))
  // Several members of a union may have the same fault.
  return [...new Map(problems.map((found) => [`${found.at}\n${found.problem}`, found])).values()]
}
