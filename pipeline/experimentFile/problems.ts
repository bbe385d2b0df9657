/**
 * What is wrong with a value that a schema refused: (value, issue) -> one problem a place, with what was found there and what
 * was expected.
 */
import type { SchemaIssue } from "effect"
import { alternatives } from "../../format/alternatives.ts"
import { count } from "../../format/numbers.ts"
import { showPath } from "../../format/showPath.ts"
import { showUrls } from "../../format/showUrl.ts"
import { fieldOf, isElement, locate, type Located } from "./faults.ts"
import { adviceForField, adviceForMissing, adviceForUnnamed, adviceForValue, instead } from "./newcomers.ts"
import { suggest } from "./suggest.ts"

export interface Problem {
  /** As model[0].filters; empty for the whole value. */
  readonly at: string
  readonly problem: string
}

/** Of a value or a key that a message quotes. */
const longest = 60
const longestText = 4096

const showKey = (key: PropertyKey) => {
  const text = String(key)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

const showPlace = (keys: ReadonlyArray<PropertyKey>) =>
  showPath(keys.map((key) => (typeof key === "number" ? key : showKey(key))))

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
  // Looking for addresses in a long text takes long, and nobody would read it.
  if (typeof value === "string" && value.length > longestText)
    return `a text of ${count(value.length)} characters`
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
  const at = showPlace(keys)
  const example = () => adviceForMissing(keys, keys.slice(0, -1).reduce(fieldOf, value))
  switch (fault.tag) {
    case "missing": {
      const expected = fault.expected === undefined ? "" : `, expected ${fault.expected}`
      return { at, problem: `missing${expected}${hint(example(), undefined, [])}` }
    }
    case "unknownKey": {
      if (isElement({ keys })) return { at, problem: "unexpected element" }
      if (keys.at(-1) === "unnamed") {
        const owner = keys.slice(0, -1)
        const advice = adviceForUnnamed(keys, owner.reduce(fieldOf, value))
        return { at: showPlace(owner), problem: `found ${show(found)} without a name; ${advice}` }
      }
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
      return { at: showPlace(place), problem: `${what}, expected ${alternatives(fault.kinds)}${meant}` }
    }
    case "noChoice":
      return { at, problem: `found an object without ${alternatives(fault.fields)}, expected one of them` }
    case "severalChoices":
      return { at, problem: `found ${fault.fields.map(showKey).join(" and ")}, expected only one of them` }
    case "message":
      return { at, problem: fault.message }
  }
}

/** The fields that an unknown one, such as `lr`, was meant for. */
const meantBy = ({ fault, keys }: Located): ReadonlyArray<string> => {
  const field = String(keys.at(-1))
  if (fault.tag !== "unknownKey") return []
  return keys.length === 1 && Object.hasOwn(instead, field) ? [instead[field]] : suggest(field, fault.fields)
}

const placeOf = (keys: ReadonlyArray<PropertyKey>) => showPlace(keys.slice(0, -1))

/** Without the fields that are missing because they were written with another name, or with none. */
const withoutConsequences = (value: unknown, located: ReadonlyArray<Located>): ReadonlyArray<Located> => {
  // By place: a file may have very many unknown fields.
  const meant = new Map<string, Set<string>>()
  for (const one of located) {
    if (one.fault.tag !== "unknownKey") continue
    const place = placeOf(one.keys)
    const names = meant.get(place) ?? new Set()
    for (const name of [String(one.keys.at(-1)), ...meantBy(one)]) names.add(name)
    meant.set(place, names)
  }
  return located.filter(({ fault, keys }) => {
    const isMissing =
      fault.tag === "missing" || (fault.tag === "wrongType" && keys.reduce(fieldOf, value) === undefined)
    const names = isMissing ? meant.get(placeOf(keys)) : undefined
    return names === undefined || !(names.has("unnamed") || names.has(String(keys.at(-1))))
  })
}

export const problemsOf = (value: unknown, issue: SchemaIssue.Issue): ReadonlyArray<Problem> => {
  const problems = withoutConsequences(value, locate(value, issue, [])).map((located) =>
    describe(value, located),
  )
  // Several members of a union may have the same fault.
  return [...new Map(problems.map((found) => [`${found.at}\n${found.problem}`, found])).values()]
}
