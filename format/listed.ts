/** Words as a sentence lists them: ["a", "b", "c"] -> "a, b and c". */
export const listed = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`
