/**
 * Finds classes without examples: (labels, number of classes, split) -> their labels in each split.
 *
 * Such a class is no error: a dataset may have a class that is not collected yet. But a network cannot learn a class without
 * training examples, and without test examples nobody knows whether it has.
 */
import { listed } from "../../format/listed.ts"
import type { EmptyClasses } from "../../schemas/experiment/Dataset.ts"
import type { SplitIndices } from "../dataset/split.ts"

const splits = ["train", "validation", "test"] as const

/** Undefined if every class has an example in every split. */
export const findEmptyClasses = (
  { classes, labels }: { readonly classes: number; readonly labels: Int32Array },
  split: SplitIndices,
): EmptyClasses | undefined => {
  const missingIn = (indices: Uint32Array): ReadonlyArray<number> => {
    const isThere = new Uint8Array(classes)
    for (const index of indices) isThere[labels[index]] = 1
    return Array.from({ length: classes }, (_, label) => label).filter((label) => isThere[label] === 0)
  }
  const found = {
    train: missingIn(split.train),
    validation: missingIn(split.validation),
    test: missingIn(split.test),
  }
  return splits.some((name) => found[name].length > 0) ? found : undefined
}

/** More classes are only counted. */
const maxListed = 10

const meaning = {
  train: ["training", "the model cannot learn"],
  validation: ["validation", "evaluations say nothing about"],
  test: ["test", "the report says nothing about"],
} as const

/** One sentence for each split that lacks a class. `names`: of all classes. */
export const describeEmptyClasses = (
  empty: EmptyClasses,
  names: ReadonlyArray<string>,
): ReadonlyArray<string> =>
  splits.flatMap((split) => {
    const labels = empty[split]
    if (labels.length === 0) return []
    const shown = labels.slice(0, maxListed).map((label) => names[label] ?? String(label))
    const more = labels.length - shown.length
    const classes = listed(more === 0 ? shown : [...shown, `${more} more`])
    const [noun, consequence] = meaning[split]
    const [subject, them] = labels.length === 1 ? ["class", "it"] : ["classes", "them"]
    return [`${subject} ${classes}: no ${noun} examples, so ${consequence} ${them}`]
  })
