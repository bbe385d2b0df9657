/** Alternatives as a sentence lists them: ["a", "b", "c"] -> "a, b or c". */
export const alternatives = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`
