/**
 * How fast a counter has gone of late: (milliseconds now, count now) -> counts a second over the last minute, or undefined for
 * the first. So what is left is told from how fast the machine is now, not from how busy it was an hour ago. A count that is no
 * larger than the one before begins anew: the next training of an ensemble.
 */
const windowMs = 60_000

export const makeRecentSpeed = () => {
  /** Oldest first; the first is the last one from before the window, so that a slow counter has a speed too. */
  const seen: Array<{ readonly at: number; readonly count: number }> = []
  return (at: number, count: number): number | undefined => {
    if (count <= (seen.at(-1)?.count ?? Number.NEGATIVE_INFINITY)) seen.length = 0
    seen.push({ at, count })
    while (seen.length > 2 && seen[1].at <= at - windowMs) seen.shift()
    const [oldest] = seen
    return at > oldest.at ? (count - oldest.count) / ((at - oldest.at) / 1000) : undefined
  }
}
