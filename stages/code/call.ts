/**
 * Calls functions of own code on plain numbers: (function, arguments) -> its checked result. Layers and losses are functions
 * over tensors: `stages/model/ownLayer.ts`.
 *
 * What a function throws becomes an error with its line. A result of another type or size is refused.
 */
import type { Random } from "../../schemas/ownCode/define.ts"
import { type RandomKey, randomKey, randomWords } from "../random.ts"
import { withDeepStacks } from "../../schemas/ownCode/frames.ts"
import { describeThrown, kindOf, type Loaded, OwnCodeFailed } from "./load.ts"
import { purely } from "./purity.ts"

/** Runs own code. What already is an error of own code keeps its place. */
const call = <T>({ title }: { readonly title: string }, f: () => T): T =>
  withDeepStacks(() => {
    try {
      return purely(f)
    } catch (thrown) {
      if (thrown instanceof OwnCodeFailed) throw thrown
      throw new OwnCodeFailed({ what: title, problem: describeThrown(thrown) })
    }
  })

const wrong = ({ title }: { readonly title: string }, found: string, expected: string) =>
  new OwnCodeFailed({ what: title, problem: `found ${found}, expected ${expected}` })

export interface Predictions {
  readonly probabilities: Float32Array
  readonly labels: Int32Array
  readonly classes: number
}

/** The arrays are copies: a metric cannot change the predictions. */
export const callMetric = (
  code: Loaded<"metric">,
  { classes, labels, probabilities }: Predictions,
): number => {
  const given = {
    probabilities: probabilities.slice(),
    labels: labels.slice(),
    examples: labels.length,
    classes,
    options: code.options,
  }
  const value: unknown = call(code, () => code.definition.call(given))
  if (typeof value === "number" && Number.isFinite(value)) return value
  throw wrong(code, String(value), "a finite number")
}

export const callSchedule = (code: Loaded<"schedule">, iteration: number, budget: number): number => {
  const given = { iteration, budget, options: code.options }
  const rate: unknown = call(code, () => code.definition.call(given))
  if (typeof rate === "number" && Number.isFinite(Math.fround(rate)) && rate >= 0) return rate
  const isTooLarge = typeof rate === "number" && rate > 0
  const expected = `a learning rate of at least 0${isTooLarge ? " that float32 can hold" : ""}`
  throw wrong(code, `${String(rate)} at iteration ${iteration}`, expected)
}

/** Iterations of a training that are tried before it begins: all of a short one. */
const mostTried = 20_000

/** Iterations from 0 to the last one, at equal distances if there are more than `most`. */
export const spread = (total: number, most: number): ReadonlyArray<number> => {
  const tried = Math.min(total, most)
  return Array.from({ length: tried }, (_, i) => Math.round((i * (total - 1)) / Math.max(1, tried - 1)))
}

/** The learning rates of these iterations, computed in their order. Throws OwnCodeFailed. */
export const ratesOf = (
  code: Loaded<"schedule">,
  budget: number,
  iterations: ReadonlyArray<number>,
): ReadonlyArray<number> => purely(() => iterations.map((iteration) => callSchedule(code, iteration, budget)))

/** The learning rates of a training of `budget` iterations. Throws OwnCodeFailed. */
export const trySchedule = (code: Loaded<"schedule">, budget: number): ReadonlyArray<number> =>
  ratesOf(code, budget, spread(budget, mostTried))

type ImageShape = readonly [height: number, width: number, channels: number]

export const callPreprocess = (
  code: Loaded<"preprocess">,
  image: Uint8Array,
  [height, width, channels]: ImageShape,
): Uint8Array => {
  const given = { image: image.slice(), height, width, channels, options: code.options }
  const result: unknown = call(code, () => code.definition.call(given))
  if (result instanceof Uint8Array && result.length === image.length) return result
  const found = result instanceof Uint8Array ? `${result.length} pixel values` : kindOf(result)
  throw wrong(code, found, `a Uint8Array of ${image.length} pixel values`)
}

/** Preprocesses images that lie one after another, into the same memory. */
export const preprocessAll = (code: Loaded<"preprocess">, images: Uint8Array, shape: ImageShape): void => {
  const pixels = shape[0] * shape[1] * shape[2]
  call(code, () => {
    for (let at = 0; at < images.length; at += pixels) {
      images.set(callPreprocess(code, images.subarray(at, at + pixels), shape), at)
    }
  })
}

/** Words that one image may draw: more start again from the first. */
const wordsPerImage = 2 ** 20

/** Draws from the words of a key that begin at `position` × 2^20. */
const randomAt = (key: RandomKey, position: number): Random => {
  const block = new Uint32Array(64)
  let drawn = 0
  const word = () => {
    const at = drawn % block.length
    if (at === 0) randomWords(key, position * wordsPerImage + (drawn % wordsPerImage), block)
    drawn++
    return block[at]
  }
  const uniform = () => word() * 2 ** -32
  return {
    uniform,
    integer: (below) => Math.floor(uniform() * below),
    // Box and Muller (1958), of which one of the two values is used.
    normal: () =>
      Math.sqrt(-2 * Math.log((word() + 0.5) * 2 ** -32)) * Math.cos(2 * Math.PI * (word() + 0.5) * 2 ** -32),
  }
}

/** Changes one image in place: (position in training, image). */
export const augmentWith = (code: Loaded<"augment">, [height, width, channels]: ImageShape, seed: number) => {
  const key = randomKey(seed, "augmentation/custom")
  return (position: number, image: Float32Array): void => {
    const random = randomAt(key, position)
    const given = { image: image.slice(), height, width, channels, options: code.options, random }
    const result: unknown = call(code, () => code.definition.call(given))
    if (!(result instanceof Float32Array) || result.length !== image.length) {
      const found = result instanceof Float32Array ? `${result.length} values` : kindOf(result)
      throw wrong(code, found, `a Float32Array of ${image.length} values`)
    }
    image.set(result)
  }
}
