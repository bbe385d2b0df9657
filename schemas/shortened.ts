/**
 * Texts from outside in messages: whatever a file, a server or a command line holds, a message stays one that a person can read.
 *
 * Every expected error is cut (`Failure.ts`), because any of its fields may be a megabyte. Messages that list things name the
 * first few and count the others.
 */

/** The longest message, in characters. */
export const longestMessage = 4000

/** The end of a message says what to do: it is kept. */
const keptEnd = 0.25

/** Cuts a text in its middle to at most about `most` characters, and says how many are omitted. Characters are kept whole. */
export const shortened = (text: string, most = longestMessage): string => {
  if (text.length <= most) return text
  const [head, tail] = [Math.ceil(most * (1 - keptEnd)), Math.floor(most * keptEnd)]
  const start = text.slice(0, head).replace(/[\uD800-\uDBFF]$/u, "")
  const end = text.slice(text.length - tail).replace(/^[\uDC00-\uDFFF]/u, "")
  return `${start}… (${(text.length - start.length - end.length).toLocaleString("en")} characters omitted) …${end}`
}

/** The first lines, and how many more there are. */
export const firstLines = (lines: ReadonlyArray<string>, most = 20): ReadonlyArray<string> =>
  lines.length <= most
    ? lines
    : [...lines.slice(0, most), `and ${(lines.length - most).toLocaleString("en")} more`]
