/**
 * The points of a grid, by number: (space, points of a continuous parameter) -> how many there are, (number) -> a point.
 *
 * The first parameter changes slowest. An option of a choice has as many points as the parameters inside it.
 */
import type { AnyParameter } from "../../schemas/sweep/Space.ts"
import type { Assignment } from "../../schemas/Sweep.ts"
import { fromUnit, type Place } from "./space.ts"

/** The values of a parameter; undefined for a continuous one without a number of points. */
export type ValuesOf = (parameter: AnyParameter) => ReadonlyArray<number> | undefined

const upTo = (count: number, value: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => value(i))

/** Every whole number and option; of a continuous parameter so many values, evenly spaced with both limits. */
export const gridValues =
  (points: number | undefined): ValuesOf =>
  (parameter) => {
    switch (parameter.parameter) {
      case "choice":
        return upTo(parameter.options.length, (i) => i)
      case "integer":
        return upTo(parameter.high - parameter.low + 1, (i) => parameter.low + i)
      default:
        return points === undefined ? undefined : upTo(points, (i) => fromUnit(parameter, i / (points - 1)))
    }
  }

/** Of a discrete parameter; a continuous one has as many as the grid says. */
export const valueCount = (parameter: AnyParameter): number =>
  parameter.parameter === "choice"
    ? parameter.options.length
    : parameter.parameter === "integer"
      ? parameter.high - parameter.low + 1
      : 0

/** Both limits of a range, and every option. */
export const cornerValues: ValuesOf = (parameter) =>
  parameter.parameter === "choice"
    ? upTo(parameter.options.length, (i) => i)
    : [parameter.low, parameter.high]

/** The parameters directly below an option, or at the top. */
const childrenOf = (places: ReadonlyArray<Place>, id: string | undefined, option: number) =>
  places.filter(({ within }) =>
    within === undefined ? id === undefined : within.id === id && within.option === option,
  )

export interface Grid {
  readonly count: number
  readonly point: (number: number) => Assignment
}

export const makeGrid = (places: ReadonlyArray<Place>, valuesOf: ValuesOf): Grid => {
  /** Points of a parameter by value: those of the parameters inside an option. */
  const valuesAt = ({ id, parameter }: Place) =>
    (valuesOf(parameter) ?? []).map((value) => ({
      value,
      inside: parameter.parameter === "choice" ? group(childrenOf(places, id, value)) : undefined,
    }))
  const group = (siblings: ReadonlyArray<Place>): Grid => {
    const dimensions = siblings.map((place) => {
      const values = valuesAt(place)
      return { place, values, count: values.reduce((sum, { inside }) => sum + (inside?.count ?? 1), 0) }
    })
    const point = (number: number): Assignment => {
      let rest = number
      const assignment: Record<string, number> = {}
      for (const { count, place, values } of dimensions.toReversed()) {
        let at = rest % count
        rest = Math.floor(rest / count)
        const found = values.find(({ inside }) => {
          const size = inside?.count ?? 1
          if (at < size) return true
          at -= size
          return false
        })
        if (found === undefined) continue
        Object.assign(assignment, found.inside?.point(at), { [place.id]: found.value })
      }
      return assignment
    }
    return { count: dimensions.reduce((product, { count }) => product * count, 1), point }
  }
  return group(childrenOf(places, undefined, 0))
}
