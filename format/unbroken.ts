/** A number stays with its unit or its name where a line is broken: (text) -> text with no-break spaces. */

/** What may follow a number: "54 min", "0.84 %", "7072.1 TB". */
const unit = /^(?:%|ms|s|min|h|d|B|[kKMGT]i?B|iterations?|images?(?:\/s)?|examples|epochs?|points)(?=$|\W)/
const number = /\d$/

/** What a number follows: "p = 0.031", "label 5". */
const name = /(?:^|\W)(?:p|=|<|label|iteration|seed)$/
const value = /^(?:=|<|[+−]?\d)/

/** "2026-11-27 03:49 UTC" */
const date = /(?:^|\W)\d{4}-\d\d-\d\d$/
const clock = /^\d\d:\d\d/
const zone = /^UTC\b/

/** "B − A" */
const minus = /^−$/
const letter = /(?:^|\W)[A-Z]$/

/** Whether no line may break between two words. */
export const belongs = (before: string, word: string): boolean =>
  (number.test(before) && unit.test(word)) ||
  (name.test(before) && value.test(word)) ||
  (date.test(before) && clock.test(word)) ||
  (clock.test(before) && zone.test(word)) ||
  (letter.test(before) && minus.test(word)) ||
  (minus.test(before) && /^[A-Z]\b/.test(word))

export const unbroken = (text: string): string => {
  const words = text.split(" ")
  return words.reduce((joined, word, i) => `${joined}${belongs(words[i - 1], word) ? "\u00A0" : " "}${word}`)
}
