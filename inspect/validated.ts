/**
 * The evaluation of the validation split that stands for a run: (evaluations in order, what the report says of the test) ->
 * that of the tested model, which is the last one up to its iteration; without a test the newest.
 */
import { iterationOf } from "../stages/train/checkpoint.ts"

interface Tested {
  /** Path of the tested checkpoint, relative to the run. */
  readonly checkpoint?: string
  /** Iterations trained. */
  readonly iterations?: number
}

export const validated = <A extends { readonly iteration: number }>(
  evaluations: ReadonlyArray<A>,
  { checkpoint, iterations }: Tested = {},
): A | undefined => {
  const tested = iterationOf(checkpoint?.split("/").at(-1) ?? "") ?? iterations ?? Infinity
  return evaluations.findLast(({ iteration }) => iteration <= tested)
}
