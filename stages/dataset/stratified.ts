/**
 * Divides a number of examples among classes in proportion to their sizes: (sizes, number) -> how many of each class.
 *
 * The method of largest remainders (Hamilton, 1792): the counts have the given sum, and each is the exact share rounded up or
 * down. Of equal remainders the first class comes first.
 */
export const apportion = (sizes: ReadonlyArray<number>, seats: number): ReadonlyArray<number> => {
  const total = sizes.reduce((a, b) => a + b, 0)
  const exact = sizes.map((size) => (total === 0 ? 0 : (size * seats) / total))
  const counts = exact.map(Math.floor)
  const missing = seats - counts.reduce((a, b) => a + b, 0)
  const byRemainder = exact
    .map((share, label) => ({ label, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.label - b.label)
  for (const { label } of byRemainder.slice(0, missing)) counts[label]++
  return counts
}
