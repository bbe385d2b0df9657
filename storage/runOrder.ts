/**
 * The order of runs: (two runs) -> which of them is newer.
 *
 * A run's name begins with the second of its start, but that comes from a clock. A run that starts while an older one has the
 * same second, or a later one because one of the clocks was wrong, records in run.json that it comes after it (`orderedAt`). So
 * what is newest does not depend on clocks, only runs of older versions are in the order of their names.
 */
export interface Ordered {
  readonly id: string
  readonly orderedAt?: string | null | undefined
}

/** When a run started, in milliseconds: to the second, unless an older run has a later time. */
export const orderMs = ({ id, orderedAt }: Ordered): number =>
  Date.parse(orderedAt ?? id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, "$1-$2-$3T$4:$5:$6Z")) ||
  0

/** Older runs first. */
export const byOrder = (a: Ordered, b: Ordered): number => orderMs(a) - orderMs(b) || (a.id < b.id ? -1 : 1)

/** For tables of thousands: the time of each run is computed once. */
export const newestFirst = <A extends Ordered>(runs: ReadonlyArray<A>): ReadonlyArray<A> =>
  runs
    .map((run) => ({ run, ms: orderMs(run) }))
    .sort((a, b) => b.ms - a.ms || (a.run.id < b.run.id ? 1 : -1))
    .map(({ run }) => run)
