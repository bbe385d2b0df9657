/**
 * Splits a dataset: (split, sizes of its train set and test set) -> indices of train, validation and test examples.
 *
 * An index counts through the train file and then the test file. The lists are disjoint and ascending, and together
 * they hold every example. The same split of the same sizes always gives the same lists.
 */
import { Result, Schema } from "effect"
import type { Split } from "../../schemas/experiment/Dataset.ts"
import { Failure } from "../../schemas/Failure.ts"
import { randomKey } from "../random.ts"
import { permutation } from "../shuffle.ts"

export interface SplitIndices {
  readonly train: Uint32Array
  readonly validation: Uint32Array
  readonly test: Uint32Array
}

/** A split that leaves no example for training, validation or test. */
export class SplitEmpty extends Failure<SplitEmpty>()("SplitEmpty", {
  exitCode: "dataError",
  fields: {
    set: Schema.Literals(["train", "validation", "test"]),
    examples: Schema.Int,
    advice: Schema.String,
  },
  message: ({ advice, examples, set }) =>
    `the split leaves the ${set} set empty: found ${examples} examples to divide, expected at least one for each set; ${advice}`,
}) {}

const range = (from: number, until: number): Uint32Array =>
  Uint32Array.from({ length: until - from }, (_, i) => from + i)

/** The indices below `length` at positions [from, until) of the split's shuffle, in ascending order. */
const drawn = (seed: number, length: number, from: number, until: number): Uint32Array => {
  const indexAt = permutation(randomKey(seed, "split"), length)
  return Uint32Array.from({ length: until - from }, (_, i) => indexAt(from + i)).sort()
}

export const splitDataset = (
  split: Split,
  sizes: { readonly trainExamples: number; readonly testExamples: number },
): Result.Result<SplitIndices, SplitEmpty> => {
  const { testExamples, trainExamples } = sizes
  const examples = trainExamples + testExamples
  const empty = (set: SplitEmpty["set"], examples: number, advice: string) =>
    Result.fail(new SplitEmpty({ set, examples, advice }))

  if (split.kind === "standard") {
    const kept = trainExamples - split.validation
    if (testExamples < 1) return empty("test", examples, "use the pooled split")
    if (split.validation < 1) return empty("validation", trainExamples, "raise split.validation")
    if (kept < 1) {
      return empty("train", trainExamples, `lower split.validation, now ${split.validation}`)
    }
    return Result.succeed({
      train: drawn(split.seed, trainExamples, 0, kept),
      validation: drawn(split.seed, trainExamples, kept, trainExamples),
      test: range(trainExamples, examples),
    })
  }

  const test = Math.round(split.test * examples)
  const validation = Math.round(split.validation * (examples - test))
  if (test < 1) return empty("test", examples, `raise split.test, now ${split.test}`)
  if (validation < 1) {
    return empty("validation", examples - test, `raise split.validation, now ${split.validation}`)
  }
  if (test + validation >= examples) {
    return empty(
      "train",
      examples,
      `lower split.test (${split.test}) or split.validation (${split.validation})`,
    )
  }
  return Result.succeed({
    test: drawn(split.seed, examples, 0, test),
    validation: drawn(split.seed, examples, test, test + validation),
    train: drawn(split.seed, examples, test + validation, examples),
  })
}
