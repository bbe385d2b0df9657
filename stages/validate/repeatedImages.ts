/**
 * Finds equal images where there should be none: (dataset, split, equal images) -> images that are in several splits, images that have
 * several labels, and groups that are in several splits.
 *
 * A test image that is in the training set measures memory, not generalization. Two labels of one image are a mistake of at
 * least one of them. The default is to refuse both.
 */
import { Effect, Schema } from "effect"
import { plural } from "../../format/numbers.ts"
import type { Packed } from "../../schemas/experiment/Dataset.ts"
import { Failure } from "../../schemas/Failure.ts"
import { firstLines } from "../../schemas/shortened.ts"
import type { SplitName } from "../dataset/hashedSplit.ts"
import { readNames } from "../dataset/exampleNames.ts"
import type { LoadedDataset } from "../dataset/load.ts"
import type { SplitIndices } from "../dataset/split.ts"
import type { EqualImages } from "./equalImages.ts"

/** Two examples, each with its split or its class. */
const Pair = Schema.Struct({ first: Schema.String, second: Schema.String })
type Pair = typeof Pair.Type

/** More pairs are only counted. */
const maxPairs = 1000

const list = (pairs: ReadonlyArray<Pair>) =>
  firstLines(pairs.map(({ first, second }) => `  ${first} = ${second}\n`)).join("")

/** Equal images in several splits. */
export class RepeatedAcrossSplits extends Failure<RepeatedAcrossSplits>()("RepeatedAcrossSplits", {
  exitCode: "dataError",
  fields: { dataset: Schema.String, images: Schema.Int, allowed: Schema.Int, pairs: Schema.Array(Pair) },
  message: ({ allowed, dataset, images, pairs }) =>
    `${dataset} has equal images in several splits: found ${plural(images, "1 image", "images")}, expected at most ${allowed}:\n${list(pairs)}remove them, split by content (split: { kind: "hashed", … }), or allow them with allow: { duplicates: ${images} } in the dataset`,
}) {}

/** Equal images with different labels. */
export class ConflictingLabels extends Failure<ConflictingLabels>()("ConflictingLabels", {
  exitCode: "dataError",
  fields: { dataset: Schema.String, images: Schema.Int, allowed: Schema.Int, pairs: Schema.Array(Pair) },
  message: ({ allowed, dataset, images, pairs }) =>
    `${dataset} has equal images with different labels: found ${plural(images, "1 image", "images")}, expected at most ${allowed}:\n${list(pairs)}correct the labels, or allow them with allow: { conflicts: ${images} } in the dataset`,
}) {}

/** Groups that the split has torn apart. */
export class GroupsDivided extends Failure<GroupsDivided>()("GroupsDivided", {
  exitCode: "dataError",
  fields: { dataset: Schema.String, groups: Schema.Int, pairs: Schema.Array(Pair) },
  message: ({ dataset, groups, pairs }) =>
    `${dataset} has groups in several splits: found ${plural(groups, "1 group", "groups")}, expected none:\n${list(pairs)}split by group: split: { kind: "hashed", by: "group", test: 0.2 }`,
}) {}

const splitNames = ["train", "validation", "test"] as const

const splitOfEach = (split: SplitIndices, examples: number) => {
  const of: Array<SplitName> = Array.from({ length: examples })
  for (const name of splitNames) for (const index of split[name]) of[index] = name
  return of
}

export interface Repeated {
  /** Images of validation and test split that are in another split, too: [example of the other split, example]. */
  readonly acrossSplits: ReadonlyArray<readonly [number, number]>
  /** One pair for each image that has several labels. */
  readonly conflicts: ReadonlyArray<readonly [number, number]>
}

export const findRepeated = (
  data: LoadedDataset,
  split: SplitIndices,
  equalImages: EqualImages,
): Repeated => {
  const of = splitOfEach(split, data.labels.length)
  const acrossSplits: Array<readonly [number, number]> = []
  const conflicts: Array<readonly [number, number]> = []
  for (const equal of equalImages) {
    // In the order train, validation, test, each later one is a repetition of the first one elsewhere.
    const ordered = equal.toSorted((a, b) => splitNames.indexOf(of[a]) - splitNames.indexOf(of[b]) || a - b)
    const [first] = ordered
    for (const other of ordered) if (of[other] !== of[first]) acrossSplits.push([first, other])
    const conflict = equal.find((index) => data.labels[index] !== data.labels[equal[0]])
    if (conflict !== undefined) conflicts.push([equal[0], conflict])
  }
  return { acrossSplits, conflicts }
}

/** One pair for each group that is in several splits. */
export const findDividedGroups = (
  { groups, labels }: LoadedDataset,
  split: SplitIndices,
): Repeated["conflicts"] => {
  if (groups === undefined) return []
  const of = splitOfEach(split, labels.length)
  const first = new Map<string, number>()
  const divided = new Map<string, readonly [number, number]>()
  for (let index = 0; index < labels.length; index++) {
    const key = `${groups[2 * index]},${groups[2 * index + 1]}`
    const other = first.get(key)
    if (other === undefined) first.set(key, index)
    else if (of[other] !== of[index] && !divided.has(key)) divided.set(key, [other, index])
  }
  return [...divided.values()]
}

/** Fails if the packed dataset has more repetitions than the experiment allows, or divided groups. */
export const checkRepeated = Effect.fn("checkRepeated")(function* (options: {
  readonly data: LoadedDataset
  readonly packed: Packed
  readonly split: SplitIndices
  readonly equal: EqualImages
  readonly allow: { readonly duplicates: number; readonly conflicts: number }
  readonly classNames: ReadonlyArray<string>
}) {
  const { allow, classNames, data, equal, packed, split } = options
  const { acrossSplits, conflicts } = findRepeated(data, split, equal)
  const divided = findDividedGroups(data, split)
  const isGood =
    acrossSplits.length <= allow.duplicates && conflicts.length <= allow.conflicts && divided.length === 0
  if (isGood) return { duplicates: acrossSplits.length, conflicts: conflicts.length }
  const shown = [acrossSplits, conflicts, divided].map((pairs) => pairs.slice(0, maxPairs))
  const names = yield* readNames(packed, shown.flat(2))
  const of = splitOfEach(split, data.labels.length)
  const inSplit = (index: number) => `${names.get(index)} (${of[index]})`
  const ofClass = (index: number) => `${names.get(index)} (${classNames[data.labels[index]]})`
  const pairsOf = (found: Repeated["conflicts"], show: (index: number) => string) =>
    found.slice(0, maxPairs).map(([a, b]): Pair => ({ first: show(a), second: show(b) }))
  const dataset = data.name
  if (conflicts.length > allow.conflicts) {
    return yield* new ConflictingLabels({
      dataset,
      images: conflicts.length,
      allowed: allow.conflicts,
      pairs: pairsOf(conflicts, ofClass),
    })
  }
  if (divided.length > 0) {
    return yield* new GroupsDivided({ dataset, groups: divided.length, pairs: pairsOf(divided, inSplit) })
  }
  return yield* new RepeatedAcrossSplits({
    dataset,
    images: acrossSplits.length,
    allowed: allow.duplicates,
    pairs: pairsOf(acrossSplits, inSplit),
  })
})
