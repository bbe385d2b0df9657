/**
 * Calls every function of own code that works on plain numbers twice, on made data: (experiment, functions) -> nothing, or the
 * first one that fails or gives other bits the second time. What depends on a position is called in the reverse order then.
 */
import { floatsOf } from "../../engines/bytes.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { randomKey, randomWords } from "../random.ts"
import { augmentWith, callMetric, callPreprocess, ratesOf, spread } from "./call.ts"
import { OwnCodeFailed, type OwnFunctions } from "./load.ts"
import { usesOf } from "./uses.ts"

const examples = 40
/** Of a budget in epochs, before the dataset is there. The run tries the schedule with its own budget again. */
const unknownIterations = 1000
/** Iterations of which the learning rates are compared. */
const triedIterations = 1000

interface Sizes {
  readonly imageShape: readonly [number, number, number]
  readonly classes: number
}

const words = (purpose: string, length: number) => {
  const drawn = new Uint32Array(length)
  randomWords(randomKey(0, `check/${purpose}`), 0, drawn)
  return drawn
}

/** Probabilities of made predictions, and labels among which every class is if there are enough. */
const madePredictions = (classes: number) => {
  const drawn = words("probabilities", examples * classes)
  const probabilities = Float32Array.from(drawn, (word) => word * 2 ** -32)
  for (let row = 0; row < examples; row++) {
    const part = probabilities.subarray(row * classes, (row + 1) * classes)
    const sum = part.reduce((total, value) => total + value, 0)
    part.forEach((value, i) => (part[i] = value / sum))
  }
  return { probabilities, labels: Int32Array.from({ length: examples }, (_, i) => i % classes), classes }
}

const sameBits = (a: ReadonlyArray<number>, b: ReadonlyArray<number>) =>
  a.length === b.length && a.every((value, i) => Object.is(value, b[i]))

/** Throws OwnCodeFailed. */
export const checkFunctions = (experiment: Experiment, functions: OwnFunctions, sizes: Sizes): void => {
  const { classes, imageShape } = sizes
  const pixels = imageShape[0] * imageShape[1] * imageShape[2]
  const bytes = Uint8Array.from(words("image", pixels), (word) => word & 255)
  const twice = (title: string, first: ReadonlyArray<number>, second: ReadonlyArray<number>) => {
    if (sameBits(first, second)) return
    throw new OwnCodeFailed({
      what: title,
      problem: "it gives another result when it is called a second time; keep nothing between calls",
    })
  }
  for (const { kind, reference } of usesOf(experiment)) {
    if (kind === "metric") {
      const code = functions.get(kind, reference)
      const made = madePredictions(classes)
      twice(code.title, [callMetric(code, made)], [callMetric(code, made)])
    }
    if (kind === "schedule") {
      const code = functions.get(kind, reference)
      const { budget } = experiment
      const total = "iterations" in budget ? budget.iterations : unknownIterations
      const tried = spread(total, triedIterations)
      const forwards = ratesOf(code, total, tried)
      // A resumed run does not begin at iteration 0: a rate that is computed from the one before differs backwards.
      const backwards = ratesOf(code, total, tried.toReversed()).toReversed()
      twice(code.title, forwards, backwards)
    }
    if (kind === "preprocess") {
      const code = functions.get(kind, reference)
      const once = () => [...callPreprocess(code, bytes, imageShape)]
      twice(code.title, once(), once())
    }
    if (kind === "augment") {
      const code = functions.get(kind, reference)
      const augment = augmentWith(code, imageShape, experiment.seed)
      const at = (position: number) => {
        const image = floatsOf(bytes)
        augment(position, image)
        return [...image]
      }
      const forwards = [at(0), at(1)].flat()
      const [second, first] = [at(1), at(0)]
      twice(code.title, forwards, [...first, ...second])
    }
  }
}
