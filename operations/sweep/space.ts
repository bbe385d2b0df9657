/**
 * From a search space to experiments: (space) -> its parameters, (draws) -> an assignment, (base, assignment) -> the
 * experiment of a trial, not decoded.
 *
 * Parameters are sorted by their path, so the order of fields in a file changes nothing. A parameter inside option 2 of the
 * choice at `optimizer` has the id `optimizer#2.learningRate`; it is drawn only if that option is.
 */
import { Option, Schema } from "effect"
import { AnyParameter, type Space } from "../../schemas/sweep/Space.ts"
import type { Assignment } from "../../schemas/Sweep.ts"

export interface Place {
  readonly id: string
  readonly parameter: AnyParameter
  /** The option in which the parameter exists. */
  readonly within: { readonly id: string; readonly option: number } | undefined
}

type Keys = ReadonlyArray<string | number>

const decodeParameter = Schema.decodeUnknownOption(AnyParameter)

/** "model[3].rate" -> ["model", 3, "rate"]; undefined if it is no path. */
export const keysOf = (path: string): Keys | undefined =>
  /^[A-Za-z]\w*(\.[A-Za-z]\w*|\[\d+\])*$/.test(path)
    ? [...path.matchAll(/[A-Za-z]\w*|\d+(?=\])/g)].map(([key]) => (/^\d/.test(key) ? Number(key) : key))
    : undefined

export const isParameter = (value: unknown): value is { readonly parameter: unknown } =>
  typeof value === "object" && value !== null && "parameter" in value

const childId = (id: string, key: string, isItem: boolean) => (isItem ? `${id}[${key}]` : `${id}.${key}`)

/** The parameters in a part of a space; a place whose parameter is not valid is given to `refuse`. */
const placesIn = (
  value: unknown,
  id: string,
  within: Place["within"],
  refuse: (id: string) => void,
): ReadonlyArray<Place> => {
  if (typeof value !== "object" || value === null) return []
  if (isParameter(value)) {
    const parameter = Option.getOrUndefined(decodeParameter(value))
    if (parameter === undefined) {
      refuse(id)
      return []
    }
    const inside =
      parameter.parameter === "choice"
        ? parameter.options.flatMap((option, i) => placesIn(option, `${id}#${i}`, { id, option: i }, refuse))
        : []
    return [{ id, parameter, within }, ...inside]
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    placesIn(inner, childId(id, key, Array.isArray(value)), within, refuse),
  )
}

export const placesOf = (space: Space, refuse: (id: string) => void = () => {}): ReadonlyArray<Place> =>
  Object.keys(space)
    .toSorted()
    .flatMap((path) => placesIn(space[path], path, undefined, refuse))

/** Whether the parameter exists under the values drawn so far. */
export const exists = ({ within }: Place, assignment: Assignment): boolean =>
  within === undefined || assignment[within.id] === within.option

/** Six digits are enough to train by, and are the same on every machine. */
const rounded = (value: number, low: number, high: number) =>
  Math.min(high, Math.max(low, Number(value.toPrecision(6))))

/** A number in [0, 1) -> a value of the parameter, or the number of an option. */
export const fromUnit = (parameter: AnyParameter, u: number): number => {
  switch (parameter.parameter) {
    case "uniform": {
      const { high, low } = parameter
      return rounded(low + u * (high - low), low, high)
    }
    case "logUniform": {
      const { high, low } = parameter
      return rounded(low * (high / low) ** u, low, high)
    }
    case "integer":
      return Math.min(parameter.high, parameter.low + Math.floor(u * (parameter.high - parameter.low + 1)))
    case "choice":
      return Math.min(parameter.options.length - 1, Math.floor(u * parameter.options.length))
  }
}

/** Where a value lies in its range: the inverse of `fromUnit`, in the middle of a whole number's share. */
export const toUnit = (parameter: AnyParameter, value: number): number => {
  switch (parameter.parameter) {
    case "uniform":
      return (value - parameter.low) / (parameter.high - parameter.low)
    case "logUniform":
      return Math.log(value / parameter.low) / Math.log(parameter.high / parameter.low)
    case "integer":
      return (value - parameter.low + 0.5) / (parameter.high - parameter.low + 1)
    case "choice":
      return (value + 0.5) / parameter.options.length
  }
}

/** Draws each parameter that exists; `draw` gets its position among all parameters. */
export const assign = (
  places: ReadonlyArray<Place>,
  draw: (place: Place, position: number) => number,
): Assignment => {
  const assignment: Record<string, number> = {}
  for (const [position, place] of places.entries()) {
    if (exists(place, assignment)) assignment[place.id] = draw(place, position)
  }
  return assignment
}

const isInRange = (parameter: AnyParameter, value: number) => {
  if (parameter.parameter === "choice")
    return Number.isInteger(value) && value >= 0 && value < parameter.options.length
  const { high, low } = parameter
  return value >= low && value <= high && (parameter.parameter !== "integer" || Number.isInteger(value))
}

/** Whether an assignment has exactly the parameters of a space, each with one of its values. */
export const liesIn = (places: ReadonlyArray<Place>, assignment: Assignment): boolean => {
  const existing = places.filter((place) => exists(place, assignment))
  return (
    existing.length === Object.keys(assignment).length &&
    existing.every(({ id, parameter }) => {
      const value = assignment[id]
      return value !== undefined && isInRange(parameter, value)
    })
  )
}

/** A part of a space with its parameters replaced by their values. */
const materialize = (value: unknown, id: string, assignment: Assignment): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (isParameter(value)) {
    const parameter = Option.getOrThrow(decodeParameter(value))
    const drawn = assignment[id]
    return parameter.parameter === "choice"
      ? materialize(parameter.options[drawn], `${id}#${drawn}`, assignment)
      : drawn
  }
  if (Array.isArray(value)) {
    return value.map((inner, i) => materialize(inner, childId(id, String(i), true), assignment))
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      materialize(inner, childId(id, key, false), assignment),
    ]),
  )
}

const noElement = "the array of the base has no such element"
const needsIndex = "the base has an array there; write an index, such as model[0]"

/** Why a path cannot be set in a base; undefined if it can. Missing objects on the way are made. */
export const obstacleAt = (base: unknown, keys: Keys): string | undefined => {
  let value = base
  for (const [i, key] of keys.slice(0, -1).entries()) {
    if (typeof value !== "object" || value === null) return undefined
    if (Array.isArray(value) && typeof key !== "number") return needsIndex
    const next: unknown = Reflect.get(value, key)
    if (next === undefined && typeof key === "number") return noElement
    if (next === undefined && typeof keys[i + 1] === "number") return "the base has no array there"
    if (next !== undefined && (typeof next !== "object" || next === null)) {
      return `the base has ${JSON.stringify(next)} on the way to it`
    }
    value = next
  }
  const last = keys.at(-1)
  if (typeof last !== "number") return Array.isArray(value) ? needsIndex : undefined
  return Array.isArray(value) && last < value.length ? undefined : noElement
}

const setAt = (value: unknown, [key, ...rest]: Keys, inner: unknown): unknown => {
  if (key === undefined) return inner
  const old: unknown = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined
  const next = setAt(old, rest, inner)
  if (Array.isArray(value)) return value.with(Number(key), next)
  return { ...(typeof value === "object" ? value : {}), [key]: next }
}

/** The experiment of an assignment, not decoded. */
export const applyAssignment = (base: unknown, space: Space, assignment: Assignment): unknown =>
  Object.entries(space).reduce(
    (experiment, [path, parameter]) =>
      setAt(experiment, keysOf(path) ?? [], materialize(parameter, path, assignment)),
    base,
  )

/** What a table shows of a value: the value of a number or of a plain option, or the number of an option from 1. */
export const showDrawn = ({ id, parameter }: Place, assignment: Assignment): string => {
  const value = assignment[id]
  if (value === undefined) return "–"
  if (parameter.parameter !== "choice") return String(value)
  const option = parameter.options[value]
  if (typeof option !== "object" || option === null) return String(option)
  const kind: unknown = Reflect.get(option, "kind")
  return typeof kind === "string" ? kind : `option ${value + 1}`
}

/** The same of the base: its own value, "–" if it has none or a large one. */
export const showInBase = ({ id }: Place, base: unknown): string => {
  const keys = id.includes("#") ? undefined : keysOf(id)
  let value = keys === undefined ? undefined : base
  for (const key of keys ?? []) {
    value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined
  }
  if (typeof value === "object" && value !== null) value = Reflect.get(value, "kind")
  return typeof value === "number" || typeof value === "string" || typeof value === "boolean"
    ? String(value)
    : "–"
}

/** "optimizer#2.learningRate" as a table shows it. */
export const showId = (id: string): string => id.replace(/#\d+/g, "")
