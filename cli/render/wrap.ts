/**
 * Breaks a text between words: (text, columns, indent of further lines) -> text. Lines that are there stay, and so do the
 * spaces at their beginning. A word that is longer than a line is not broken, and a number stays with its unit and its name.
 */
import { stripVTControlCharacters } from "node:util"
import { belongs } from "../../format/unbroken.ts"

const widthOf = (text: string) => stripVTControlCharacters(text).length

/** The words of a line; a number and its unit or name are one. */
const wordsOf = (text: string): ReadonlyArray<string> => {
  const words: Array<string> = []
  for (const word of text.split(" ")) {
    const before = words.at(-1)
    if (before !== undefined && belongs(stripVTControlCharacters(before), stripVTControlCharacters(word))) {
      words[words.length - 1] = `${before} ${word}`
    } else words.push(word)
  }
  return words
}

const wrapLine = (line: string, columns: number, indent: number): string => {
  const margin = /^ */.exec(line)?.[0] ?? ""
  const further = margin + " ".repeat(indent)
  const lines: Array<string> = []
  let current = margin
  for (const word of wordsOf(line.slice(margin.length))) {
    const isFirst = current === margin || current === further
    const next = isFirst ? current + word : `${current} ${word}`
    if (isFirst || widthOf(next) <= columns) current = next
    else {
      lines.push(current)
      current = further + word
    }
  }
  return [...lines, current].join("\n")
}

export const wrap = (text: string, columns: number, indent = 0): string =>
  text
    .split("\n")
    .map((line) => wrapLine(line, columns, indent))
    .join("\n")
