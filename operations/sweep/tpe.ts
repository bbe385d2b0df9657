/**
 * Tree-structured Parzen estimators: (parameters, earlier trials with their values) -> a proposal.
 *
 * Bergstra, Bardenet, Bengio and Kégl, Algorithms for hyper-parameter optimization (2011), with the joint densities of
 * Falkner, Klein and Hutter (BOHB, 2018), as in Optuna: the trials with the lowest values have the density l(x), the others
 * g(x); of several draws from l, the one with the largest l(x) / g(x) is proposed. Each density is a mixture of a kernel for
 * each trial and a wide one. A kernel is a product over the parameters: Gaussians, truncated to the range, and shares of
 * options. A parameter that a trial does not have is as wide as in the wide kernel.
 */
import type { Assignment } from "../../schemas/Sweep.ts"
import { uniformAt } from "./draw.ts"
import { assign, fromUnit, type Place, toUnit } from "./space.ts"

export interface Observation {
  readonly parameters: Assignment
  /** Infinity for a trial that failed. */
  readonly value: number
}

/** Share of the trials that count as good, with a limit, and draws from their density: as in Optuna. */
const goodShare = 0.1
const mostGood = 25
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
  /** The share of the Gaussian that lies in [0, 1]. */
  readonly inside: number
}

const kernelAt = (mean: number, deviation: number): Kernel => ({
  mean,
  deviation,
  inside: normalBelow((1 - mean) / deviation) - normalBelow(-mean / deviation),
})

/**
 * A Gaussian for each value, as wide as the larger gap to its neighbours within limits, and one over the whole range at the
 * end. The gap to the end of the range does not count (as in Optuna): good values would be proposed half-way to it.
 */
export const parzenKernels = (values: ReadonlyArray<number>): ReadonlyArray<Kernel> => {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b])
  // One kernel more than values, as in Optuna and Hyperopt.
  const narrowest = 1 / Math.min(100, 2 + values.length)
  const kernels: Array<Kernel> = []
  for (const [position, i] of order.entries()) {
    const at = (neighbour: number, otherwise: number) =>
      order[neighbour] === undefined ? otherwise : values[order[neighbour]]
    const mean = values[i]
    const isOnly = values.length === 1
    const gap = Math.max(
      mean - at(position - 1, isOnly ? 0 : mean),
      at(position + 1, isOnly ? 1 : mean) - mean,
    )
    kernels[i] = kernelAt(mean, Math.min(1, Math.max(narrowest, gap)))
  }
  return [...kernels, kernelAt(0.5, 1)]
}

const gaussian = ({ deviation, inside, mean }: Kernel, x: number) =>
  Math.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * Math.sqrt(2 * Math.PI)) / inside

/** The density of the mixture at x, with each kernel truncated to [0, 1]. */
export const parzenDensity = (kernels: ReadonlyArray<Kernel>, x: number): number =>
  kernels.reduce((sum, kernel) => sum + gaussian(kernel, x), 0) / kernels.length

/** Draws from one kernel by inverting its distribution, by bisection. */
const drawKernel = ({ deviation, inside, mean }: Kernel, u: number): number => {
  const below = (x: number) => normalBelow((x - mean) / deviation)
  const target = below(0) + u * inside
  let [low, high] = [0, 1]
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2
    if (below(middle) < target) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** Shares of options: that of a trial, and equal parts of one more trial, which is spread over all kernels. */
export const optionKernels = (options: number, drawn: ReadonlyArray<number>) => {
  const spread = 1 / (drawn.length + 1)
  const shares = (option: number | undefined) =>
    Array.from({ length: options }, (_, i) => (spread + (i === option ? 1 : 0)) / (options * spread + 1))
  return [...drawn.map(shares), Array.from({ length: options }, () => 1 / options)]
}

/** One parameter in every kernel, the wide one at the end: the density of a value there, and how one is drawn. */
interface Dimension {
  readonly place: Place
  readonly density: (kernel: number, value: number) => number
  readonly draw: (kernel: number, u: number) => number
}

const dimensionOf = (place: Place, observations: ReadonlyArray<Observation>): Dimension => {
  const { id, parameter } = place
  const values = observations.flatMap(({ parameters }) => parameters[id] ?? [])
  /** The kernel of the parameter in each kernel of the mixture: trials without it have the wide one. */
  let next = 0
  const wide = values.length
  const at = [...observations.map(({ parameters }) => (parameters[id] === undefined ? wide : next++)), wide]
  if (parameter.parameter === "choice") {
    const shares = optionKernels(parameter.options.length, values)
    return {
      place,
      density: (kernel, option) => shares[at[kernel]][option],
      draw: (kernel, u) => {
        let sum = 0
        const found = shares[at[kernel]].findIndex((share) => (sum += share) > u)
        return found < 0 ? parameter.options.length - 1 : found
      },
    }
  }
  const kernels = parzenKernels(values.map((value) => toUnit(parameter, value)))
  return {
    place,
    density: (kernel, value) => gaussian(kernels[at[kernel]], toUnit(parameter, value)),
    draw: (kernel, u) => fromUnit(parameter, drawKernel(kernels[at[kernel]], u)),
  }
}

/** The density of an assignment in the mixture of a kernel for each observation and the wide one. */
const densityOf = (dimensions: ReadonlyArray<Dimension>, kernels: number, assignment: Assignment): number => {
  const having = dimensions.filter(({ place }) => assignment[place.id] !== undefined)
  let sum = 0
  for (let kernel = 0; kernel < kernels; kernel++) {
    sum += having.reduce((product, { density, place }) => product * density(kernel, assignment[place.id]), 1)
  }
  return sum / kernels
}

/** log l(x) − log g(x): what is large for a proposal that the good trials make likely and the others do not. */
export const makeAcquisition = (
  places: ReadonlyArray<Place>,
  good: ReadonlyArray<Observation>,
  rest: ReadonlyArray<Observation>,
) => {
  const [l, g] = [good, rest].map((some) => places.map((place) => dimensionOf(place, some)))
  const score = (assignment: Assignment) =>
    Math.log(densityOf(l, good.length + 1, assignment)) - Math.log(densityOf(g, rest.length + 1, assignment))
  return { dimensions: l, score }
}

/** The observations that count as good, and the others. */
export const splitByValue = (observations: ReadonlyArray<Observation>) => {
  const ranked = observations.toSorted((a, b) => a.value - b.value)
  const count = Math.max(1, Math.min(mostGood, Math.ceil(goodShare * ranked.length)))
  return { good: ranked.slice(0, count), rest: ranked.slice(count) }
}

export const drawTpe = (
  seed: number,
  places: ReadonlyArray<Place>,
  trial: number,
  observations: ReadonlyArray<Observation>,
  /** Trials that are proposed together with this one, and have no value yet. */
  proposed: ReadonlyArray<Assignment> = [],
): Assignment => {
  const { good, rest } = splitByValue(observations)
  const unknown = proposed.map((parameters) => ({ parameters, value: Number.POSITIVE_INFINITY }))
  const { dimensions, score } = makeAcquisition(places, good, [...rest, ...unknown])
  let best: { readonly assignment: Assignment; readonly score: number } | undefined
  for (let i = 0; i < candidates; i++) {
    const position = trial * candidates + i
    const kernel = Math.floor(uniformAt(seed, "sweep/tpe", position) * (good.length + 1))
    const assignment = assign(places, ({ id }, at) =>
      dimensions[at].draw(kernel, uniformAt(seed, `sweep/tpe/${id}`, position)),
    )
    const found = score(assignment)
    if (best === undefined || found > best.score) best = { assignment, score: found }
  }
  return best?.assignment ?? {}
}
