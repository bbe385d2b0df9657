/**
 * How much of the differences between trials goes with one parameter: (parameters, trials with their values) -> shares.
 *
 * Trials are grouped by the values of the parameter. The share is the part of the variance of their ranks that lies between
 * the groups: eta squared of W. H. Kruskal and W. A. Wallis's test (JASA 47, 1952), (H − groups + 1) / (trials − groups), which
 * is 0 on average if the parameter has no effect. Ranks, because one diverged trial would outweigh all others. The p-value is
 * that of an F test on the ranks (W. J. Conover and R. L. Iman, American Statistician 35, 1981), the interval that of its
 * noncentrality. Effects of two parameters together are not seen.
 */
import type { AnyParameter } from "../../schemas/sweep/Space.ts"
import type { Assignment } from "../../schemas/Sweep.ts"
import { fAtLeast, noncentralityInterval } from "../../stages/statistics/distributions.ts"
import { holm } from "../../stages/statistics/significance.ts"
import type { Place } from "./space.ts"

export interface MeasuredTrial {
  readonly parameters: Assignment
  readonly value: number
}

/** Trials whose values of a parameter are alike. */
export interface Group {
  /** The lowest and the highest value in it; of a choice, the number of the option. */
  readonly low: number
  readonly high: number
  /** Positions in the list of trials. */
  readonly members: ReadonlyArray<number>
}

export interface Importance {
  readonly id: string
  /** Trials that have the parameter. */
  readonly trials: number
  /** Null with fewer than ten trials, or with one group. */
  readonly share: { readonly value: number; readonly low: number; readonly high: number } | null
  /** Corrected for the number of parameters; null without a share. */
  readonly p: number | null
}

/** With fewer, an interval would span everything. */
const fewestTrials = 10
const groupSize = 5
const mostGroups = 4

/** Each option, and each of few whole numbers, is a group; other values form groups of about equal size. */
export const groupsOf = (parameter: AnyParameter, values: ReadonlyArray<number>): ReadonlyArray<Group> => {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b] || a - b)
  const distinct = [...new Set(values)].sort((a, b) => a - b)
  const isDiscrete =
    parameter.parameter === "choice" || (parameter.parameter === "integer" && distinct.length <= mostGroups)
  const count = Math.max(1, Math.min(mostGroups, Math.floor(values.length / groupSize)))
  const groups = isDiscrete
    ? distinct.map((value) => order.filter((i) => values[i] === value))
    : Array.from({ length: count }, (_, group) =>
        order.slice(
          Math.round((group * order.length) / count),
          Math.round(((group + 1) * order.length) / count),
        ),
      )
  return groups.flatMap((members) =>
    members.length === 0
      ? []
      : [{ low: values[members[0]], high: values[members[members.length - 1]], members }],
  )
}

/** Ranks from 1; equal values share the mean of theirs. */
export const ranksOf = (values: ReadonlyArray<number>): ReadonlyArray<number> => {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b])
  const ranks = values.map(() => 0)
  for (let from = 0; from < order.length;) {
    let to = from
    while (to < order.length && values[order[to]] === values[order[from]]) to++
    for (let i = from; i < to; i++) ranks[order[i]] = (from + 1 + to) / 2
    from = to
  }
  return ranks
}

const clamped = (share: number) => Math.min(1, Math.max(0, share))

/** The share of the variance of ranks that lies between groups. */
const shareOf = (values: ReadonlyArray<number>, groups: ReadonlyArray<Group>) => {
  const ranks = ranksOf(values)
  const mean = (ranks.length + 1) / 2
  const total = ranks.reduce((sum, rank) => sum + (rank - mean) ** 2, 0)
  if (total === 0) return { share: { value: 0, low: 0, high: 1 }, p: 1 }
  const between = groups.reduce((sum, { members }) => {
    const ofGroup = members.reduce((all, i) => all + ranks[i], 0) / members.length
    return sum + members.length * (ofGroup - mean) ** 2
  }, 0)
  const [n, k] = [values.length, groups.length]
  const h = ((n - 1) * between) / total
  // Rounding must not make more of it than there is: then all values differ only between groups.
  const left = Math.max(1e-9, n - 1 - h)
  const f = h / (k - 1) / (left / (n - k))
  const { high, low } = noncentralityInterval(Math.min(f, 1e4), k - 1, n - k)
  return {
    share: { value: clamped((h - k + 1) / (n - k)), low: low / (low + n), high: high / (high + n) },
    p: fAtLeast(f, k - 1, n - k),
  }
}

export const importancesOf = (
  places: ReadonlyArray<Place>,
  trials: ReadonlyArray<MeasuredTrial>,
): ReadonlyArray<Importance> => {
  const shares = places.map((place) => {
    const having = trials.filter(({ parameters }) => parameters[place.id] !== undefined)
    const groups = groupsOf(
      place.parameter,
      having.map(({ parameters }) => parameters[place.id]),
    )
    const values = having.map(({ value }) => value)
    const isEnough = values.length >= fewestTrials && groups.length > 1 && groups.length < values.length
    return { id: place.id, trials: values.length, found: isEnough ? shareOf(values, groups) : null }
  })
  const corrected = holm(shares.flatMap(({ found }) => found?.p ?? []))
  let next = 0
  return shares.map(({ found, id, trials }) => ({
    id,
    trials,
    share: found?.share ?? null,
    p: found === null ? null : corrected[next++],
  }))
}
