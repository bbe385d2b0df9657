/**
 * The recent speed of a counter: (time in ms, count) -> counts per second over the last minute, undefined for the first count.
 * Remaining time is so estimated from the current speed of the machine, not from its load an hour ago. A count that is not larger
 * than the one before starts over: the next member of an ensemble.
 */
const windowMs = 60_000

export const makeRecentSpeed = () => {
  /** Oldest first. The first one may be older than the window, so that a slow counter has a speed too. */
  const seen: Array<{ readonly at: number; readonly count: number }> = []
  return (at: number, count: number): number | undefined => {
    if (count <= (seen.at(-1)?.count ?? Number.NEGATIVE_INFINITY)) seen.length = 0
    seen.push({ at, count })
    while (seen.length > 2 && seen[1].at <= at - windowMs) seen.shift()
    const [oldest] = seen
    return at > oldest.at ? (count - oldest.count) / ((at - oldest.at) / 1000) : undefined
  }
}
