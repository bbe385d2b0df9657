/**
 * Splits a dataset: (split, dataset) -> indices of train, validation and test examples. The default splits depend on the sizes
 * of its train set and test set alone.
 *
 * An index counts through the train file and then the test file. The lists are disjoint and ascending, and together
 * they hold every example. The same split of the same dataset always gives the same lists.
 */
import { Effect, Result, Schema } from "effect"
import type { Split } from "../../schemas/experiment/Split.ts"
import { Failure } from "../../schemas/Failure.ts"
import { fold, randomKey } from "../random.ts"
import { permutation } from "../shuffle.ts"
import { hashedSplit, type SplitName } from "./hashedSplit.ts"
import { imageReader, imagesAtOnce } from "./images.ts"
import type { LoadedDataset } from "./load.ts"
import { apportion } from "./stratified.ts"

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

/** Indices by class, each in the order of a shuffle of its own. */
const shuffledByClass = (seed: number, labels: Int32Array, until: number) => {
  const classes: Array<Array<number>> = []
  for (let index = 0; index < until; index++) (classes[labels[index]] ??= []).push(index)
  return Array.from(classes, (indices = [], label) => {
    if (indices.length === 0) return []
    const indexAt = permutation(fold(randomKey(seed, "split"), label), indices.length)
    return indices.map((_, position) => indices[indexAt(position)])
  })
}

/**
 * Takes `counts` examples one after another from [0, until), the rest last. Stratified, each part has the classes in the shares
 * of the whole.
 */
const takeParts = (
  seed: number,
  until: number,
  counts: ReadonlyArray<number>,
  labels: Int32Array | undefined,
): ReadonlyArray<Uint32Array> => {
  const sizes = [...counts, until - counts.reduce((a, b) => a + b, 0)]
  if (labels === undefined) {
    let from = 0
    return sizes.map((size) => drawn(seed, until, from, (from += size)))
  }
  const classes = shuffledByClass(seed, labels, until)
  return sizes.map((size) => {
    const shares = apportion(
      classes.map((indices) => indices.length),
      size,
    )
    return Uint32Array.from(classes.flatMap((indices, label) => indices.splice(0, shares[label]))).sort()
  })
}

/** What a split reads of a dataset. Splits by size alone need no examples. */
export type SplitSource = Pick<LoadedDataset, "trainExamples" | "testExamples"> &
  Partial<Pick<LoadedDataset, "labels" | "images" | "imageShape" | "groups">>

/** Whether a split depends on the examples, and not on their number alone. */
export const readsExamples = (split: Split): boolean => split.kind === "hashed" || split.stratified === true

/** The bytes that decide where an example goes. */
const contentOf = (by: "content" | "group", { groups, images, imageShape }: SplitSource) => {
  if (images === undefined || imageShape === undefined) throw new Error("a split by content needs the images")
  if (by === "group" && groups !== undefined) {
    const bytes = new Uint8Array(groups.buffer, groups.byteOffset, groups.byteLength)
    return (index: number) => bytes.subarray(8 * index, 8 * index + 8)
  }
  // An example without a group is one of its own.
  return imageReader({ images, imageShape })
}

const splitByHash = Effect.fnUntraced(function* (
  split: Extract<Split, { readonly kind: "hashed" }>,
  source: SplitSource,
) {
  const { testExamples, trainExamples } = source
  const examples = trainExamples + testExamples
  const contentAt = contentOf(split.by, source)
  const found: Record<SplitName, Array<number>> = { train: [], validation: [], test: [] }
  const shares = { seed: split.seed, test: split.test ?? 0, validation: split.validation }
  const atOnce = source.imageShape === undefined ? examples : imagesAtOnce({ imageShape: source.imageShape })
  for (let index = 0; index < examples; index++) {
    if (index % atOnce === atOnce - 1) yield* Effect.yieldNow
    const isOfTestSet = split.test === undefined && index >= trainExamples
    found[isOfTestSet ? "test" : hashedSplit(contentAt(index), shares)].push(index)
  }
  return {
    train: Uint32Array.from(found.train),
    validation: Uint32Array.from(found.validation),
    test: Uint32Array.from(found.test),
  }
})

const empty = (set: SplitEmpty["set"], examples: number, advice: string) =>
  Result.fail(new SplitEmpty({ set, examples, advice }))

const refuseEmpty = (found: SplitIndices, examples: number): Result.Result<SplitIndices, SplitEmpty> => {
  if (found.test.length < 1) return empty("test", examples, "raise split.test, or add examples")
  if (found.validation.length < 1) return empty("validation", examples, "raise split.validation")
  if (found.train.length < 1) return empty("train", examples, "lower split.test or split.validation")
  return Result.succeed(found)
}

const splitBySize = (
  split: Exclude<Split, { readonly kind: "hashed" }>,
  source: SplitSource,
): Result.Result<SplitIndices, SplitEmpty> => {
  const { testExamples, trainExamples } = source
  const examples = trainExamples + testExamples
  const labels = split.stratified === true ? source.labels : undefined
  if (split.kind === "standard") {
    const kept = trainExamples - split.validation
    if (testExamples < 1) return empty("test", examples, "use the pooled split")
    if (split.validation < 1) return empty("validation", trainExamples, "raise split.validation")
    if (kept < 1) {
      return empty("train", trainExamples, `lower split.validation, now ${split.validation}`)
    }
    const [train, validation] = takeParts(split.seed, trainExamples, [kept], labels)
    return Result.succeed({ train, validation, test: range(trainExamples, examples) })
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
  const [tested, validated, train] = takeParts(split.seed, examples, [test, validation], labels)
  return Result.succeed({ test: tested, validation: validated, train })
}

export const splitDataset = Effect.fn("splitDataset")(function* (split: Split, source: SplitSource) {
  if (split.kind !== "hashed") return yield* Effect.fromResult(splitBySize(split, source))
  const found = yield* splitByHash(split, source)
  return yield* Effect.fromResult(refuseEmpty(found, source.trainExamples + source.testExamples))
})
