/**
 * The sort orders of `list`: (summaries, oldest first, key, reversed) -> summaries. Those with the same key are newest first.
 */
import type { RunSummary } from "./summary.ts"

type Sortable = Pick<RunSummary, "experiment" | "validationError">

/** `error` is the validation error: selecting runs by their test error would bias the test. */
const orders = {
  date: () => 0,
  error: (a: Sortable, b: Sortable) => (a.validationError ?? 0) - (b.validationError ?? 0),
  name: (a: Sortable, b: Sortable) => a.experiment.localeCompare(b.experiment),
} as const

export const sortRuns = <A extends Sortable>(
  oldestFirst: ReadonlyArray<A>,
  by: keyof typeof orders,
  reversed: boolean,
): ReadonlyArray<A> => {
  const runs = oldestFirst.toReversed()
  // Runs without a validation error come last in either direction.
  const isLast = ({ validationError }: A) => by === "error" && validationError === null
  const sorted = runs.filter((run) => !isLast(run)).sort(orders[by])
  return [...(reversed ? sorted.toReversed() : sorted), ...runs.filter(isLast)]
}
