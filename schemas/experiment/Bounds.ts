/** Bounds of a dataset: what its figures must be, so that data that were damaged or exchanged are refused. */
import * as Schema from "effect/Schema"
import { PositiveInt } from "./numbers.ts"

const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

/** [minimum, maximum], both included. */
const range = <S extends typeof Share | typeof PositiveInt>(figure: S) =>
  Schema.Tuple([figure, figure]).check(
    Schema.makeFilter(([least, most]: readonly [number, number]) => least <= most, {
      message: "a range is [minimum, maximum]",
    }),
  )

/**
 * Bounds of a dataset: [minimum, maximum] of a figure, both included. A dataset that is out of bounds is refused
 * before training. A figure without a bound may have any value.
 */
export const Bounds = Schema.Struct({
  /** Number of training examples. */
  trainExamples: Schema.optionalKey(range(PositiveInt)),
  /** Number of test examples. */
  testExamples: Schema.optionalKey(range(PositiveInt)),
  /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
  classShare: Schema.optionalKey(Schema.Union([range(Share), Schema.Record(Schema.String, range(Share))])),
  /** Mean of all pixels of each set, on the scale 0 to 1. */
  pixelMean: Schema.optionalKey(range(Share)),
  /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
  pixelStddev: Schema.optionalKey(range(Share)),
})
export type Bounds = typeof Bounds.Type
export type Range = readonly [least: number, most: number]

export const isRange = (share: NonNullable<Bounds["classShare"]>): share is Range => Array.isArray(share)

/** The bound of the share of a class; undefined without one. */
export const shareBounds = ({ classShare }: Bounds, label: number): Range | undefined =>
  classShare === undefined || isRange(classShare) ? classShare : classShare[label]

const isLabel = (key: string, classes: number) => /^(0|[1-9]\d*)$/.test(key) && Number(key) < classes

/** The keys of `byLabel` that are the label of no class, with what is wrong. */
export const unknownLabels = (byLabel: Readonly<Record<string, unknown>>, classes: number) =>
  Object.keys(byLabel)
    .filter((key) => !isLabel(key, classes))
    .map((label) => ({ label, problem: `no class has this label; labels are 0 to ${classes - 1}` }))

/** Labels in bounds that no class has. */
export const boundsProblems = (bounds: Bounds | undefined, classes: number) => {
  const share = bounds?.classShare
  if (share === undefined || isRange(share)) return []
  return unknownLabels(share, classes).map(({ label, problem }) => ({
    path: ["bounds", "classShare", label],
    issue: problem,
  }))
}
