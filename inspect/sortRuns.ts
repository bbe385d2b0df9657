/**
 * The sort orders of `list`: (summaries, key, reversed) -> summaries.
 */
import type { RunSummary } from "./summary.ts"

type Sortable = Pick<RunSummary, "id" | "experiment" | "validationError">

const newestFirst = (a: Sortable, b: Sortable) => (a.id < b.id ? 1 : -1)

/** `error` is the validation error: selecting runs by their test error would bias the test. */
const orders = {
  date: newestFirst,
  error: (a: Sortable, b: Sortable) =>
    (a.validationError ?? 0) - (b.validationError ?? 0) || newestFirst(a, b),
  name: (a: Sortable, b: Sortable) => a.experiment.localeCompare(b.experiment) || newestFirst(a, b),
} as const

export const sortRuns = <A extends Sortable>(
  runs: ReadonlyArray<A>,
  by: keyof typeof orders,
  reversed: boolean,
): ReadonlyArray<A> => {
  // Runs without a validation error come last in either direction.
  const isLast = ({ validationError }: A) => by === "error" && validationError === null
  const sorted = runs.filter((run) => !isLast(run)).sort(orders[by])
  const unmeasured = runs.filter(isLast)
  return [...(reversed ? sorted.toReversed() : sorted), ...unmeasured.sort(newestFirst)]
}
