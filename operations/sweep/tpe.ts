/**
 * Tree-structured Parzen estimators: (parameters, earlier trials with their values) -> a proposal.
 *
 * Bergstra, Bardenet, Bengio and Kégl, Algorithms for hyper-parameter optimization (2011): the trials with the lowest
 * values have the density l(x) in each parameter, the others g(x); of several draws from l, the one with the largest
 * l(x) / g(x) is proposed. Each density is a mixture of Gaussians on [0, 1], truncated there, around the values of trials
 * and a wide one at the middle. A choice has the counts of its options, plus one each.
 */
import type { Assignment } from "../../schemas/Sweep.ts"
import { uniformAt } from "./draw.ts"
import { assign, fromUnit, type Place, toUnit } from "./space.ts"

export interface Observation {
  readonly parameters: Assignment
  /** Infinity for a trial that failed. */
  readonly value: number
}

/** Share of the trials that count as good, as in Optuna, and draws from their density. */
const goodShare = 0.1
const candidates = 24

/** The error function with an error below 1.2e-7: Numerical Recipes, erfcc. */
const erf = (x: number): number => {
  const t = 1 / (1 + 0.5 * Math.abs(x))
  const series = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277,
  ].reduceRight((sum, coefficient) => coefficient + t * sum, 0)
  const value = 1 - t * Math.exp(-x * x + series)
  return x < 0 ? -value : value
}
const normalBelow = (x: number) => 0.5 * (1 + erf(x / Math.SQRT2))

interface Kernel {
  readonly mean: number
  readonly deviation: number
}

/**
 * A Gaussian for each value, as wide as the larger gap to its neighbours within limits, and one over the whole range. The gap
 * to the end of the range does not count (as in Optuna): good values would be proposed half-way to it.
 */
export const parzenKernels = (values: ReadonlyArray<number>): ReadonlyArray<Kernel> => {
  const sorted = values.toSorted((a, b) => a - b)
  const narrowest = 1 / Math.min(100, 1 + sorted.length)
  return [
    { mean: 0.5, deviation: 1 },
    ...sorted.map((mean, i) => {
      const [before, after] = sorted.length === 1 ? [0, 1] : [sorted[i - 1] ?? mean, sorted[i + 1] ?? mean]
      const gap = Math.max(mean - before, after - mean)
      return { mean, deviation: Math.min(1, Math.max(narrowest, gap)) }
    }),
  ]
}

/** The density of the mixture at x, with each kernel truncated to [0, 1]. */
export const parzenDensity = (kernels: ReadonlyArray<Kernel>, x: number): number =>
  kernels.reduce((sum, { deviation, mean }) => {
    const inside = normalBelow((1 - mean) / deviation) - normalBelow(-mean / deviation)
    const height = Math.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * Math.sqrt(2 * Math.PI))
    return sum + height / inside
  }, 0) / kernels.length

/** Draws from the mixture by inverting the distribution of one kernel, by bisection. */
const drawKernel = ({ deviation, mean }: Kernel, u: number): number => {
  const below = (x: number) => normalBelow((x - mean) / deviation)
  const target = below(0) + u * (below(1) - below(0))
  let [low, high] = [0, 1]
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2
    if (below(middle) < target) low = middle
    else high = middle
  }
  return (low + high) / 2
}

const sharesOf = (options: number, drawn: ReadonlyArray<number>) => {
  const counts = Array.from({ length: options }, () => 1)
  for (const option of drawn) counts[option]++
  return counts.map((count) => count / (options + drawn.length))
}

const best = <T>(values: ReadonlyArray<T>, score: (value: T) => number): T =>
  values.reduce((a, b) => (score(b) > score(a) ? b : a))

/** The value that one parameter proposes. */
const propose = (
  place: Place,
  good: ReadonlyArray<number>,
  rest: ReadonlyArray<number>,
  draw: (i: number) => number,
) => {
  const { parameter } = place
  const numbers = Array.from({ length: candidates }, (_, i) => i)
  if (parameter.parameter === "choice") {
    const [l, g] = [good, rest].map((drawn) => sharesOf(parameter.options.length, drawn))
    const pick = (u: number) => {
      let sum = 0
      const found = l.findIndex((share) => (sum += share) > u)
      return found < 0 ? l.length - 1 : found
    }
    return best(
      numbers.map((i) => pick(draw(2 * i))),
      (option) => l[option] / g[option],
    )
  }
  const [l, g] = [good, rest].map((drawn) => parzenKernels(drawn.map((value) => toUnit(parameter, value))))
  const drawn = numbers.map((i) => {
    const kernel = l[Math.min(l.length - 1, Math.floor(draw(2 * i) * l.length))]
    return drawKernel(kernel, draw(2 * i + 1))
  })
  return fromUnit(
    parameter,
    best(drawn, (x) => parzenDensity(l, x) / parzenDensity(g, x)),
  )
}

export const drawTpe = (
  seed: number,
  places: ReadonlyArray<Place>,
  trial: number,
  observations: ReadonlyArray<Observation>,
): Assignment => {
  const ranked = observations.toSorted((a, b) => a.value - b.value)
  const goodCount = Math.max(1, Math.ceil(goodShare * ranked.length))
  const valuesOf = (some: ReadonlyArray<Observation>, { id }: Place) =>
    some.flatMap(({ parameters }) => parameters[id] ?? [])
  return assign(places, (place) =>
    propose(
      place,
      valuesOf(ranked.slice(0, goodCount), place),
      valuesOf(ranked.slice(goodCount), place),
      (i) => uniformAt(seed, `sweep/tpe/${place.id}`, trial * 2 * candidates + i),
    ),
  )
}
