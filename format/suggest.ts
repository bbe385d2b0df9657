/**
 * "Did you mean": (what was written, what is known) -> the known words that were probably meant, most likely first.
 *
 * Spelling counts neither case nor _ and -.
 */

export type Synonyms = Readonly<Record<string, ReadonlyArray<string>>>

/** kernel_size, kernelSize and KernelSize are one word. */
export const normalized = (word: string) => word.toLowerCase().replace(/[_\-\s.]/g, "")

/** Insertions, deletions, replacements and exchanges of neighbours that make one word of another: Damerau (1964). */
const distance = (a: string, b: string): number => {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)])
  for (let j = 0; j <= b.length; j++) rows[0][j] = j
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1)
    }
  }
  return rows[a.length][b.length]
}

/** A longer word may have more faults: one in four letters. */
const mostFaults = (word: string) => Math.max(1, Math.floor(word.length / 4))

/** A value longer than this is no misspelt word. */
const longestWord = 40

/** `synonyms`: what others call a word, normalized -> ours. They count only where ours is known. */
export const suggest = (
  written: string,
  known: ReadonlyArray<string>,
  synonyms: Synonyms = {},
): ReadonlyArray<string> => {
  const word = normalized(written)
  if (word === "" || word.length > longestWord) return []
  const same = known.filter((one) => normalized(one) === word)
  if (same.length > 0) return same
  const translated = (Object.hasOwn(synonyms, word) ? synonyms[word] : []).filter((one) =>
    known.includes(one),
  )
  if (translated.length > 0) return translated
  const near = known
    .map((one) => ({ one, faults: distance(word, normalized(one)) }))
    .filter(({ faults, one }) => faults <= Math.min(mostFaults(word), mostFaults(normalized(one))))
  const fewest = Math.min(...near.map(({ faults }) => faults))
  return near.filter(({ faults }) => faults === fewest).map(({ one }) => one)
}
