/**
 * Whether the winner of a sweep is better than its base: (test errors by seed, errors by test example) -> the difference.
 *
 * The winner is chosen on the validation split, and the test split is opened once, for two experiments. So one test is made,
 * and no correction is needed. As in `compare`, the difference must hold over the seeds and over the test examples.
 */
import { bothHold, compareSeeds, type SeedError } from "../../stages/statistics/groupComparison.ts"
import { type Difference, pairedDifference } from "../../stages/statistics/significance.ts"

export interface Conclusion {
  /** Test error rate of the winner minus that of the base. */
  readonly difference: Difference
  readonly isBetter: boolean
}

export const conclude = (
  base: ReadonlyArray<SeedError>,
  winner: ReadonlyArray<SeedError>,
  /** For each test example, the mean error of the winner minus that of the base. */
  byExample: ReadonlyArray<number>,
): Conclusion => {
  const difference = bothHold(compareSeeds(base, winner).difference, pairedDifference(byExample))
  return { difference, isBetter: difference.p < 0.05 && difference.value < 0 }
}
