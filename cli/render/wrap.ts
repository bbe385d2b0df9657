/**
 * Breaks a text between words: (text, columns, indent of further lines) -> text. Lines that are there stay, and so do the
 * spaces at their beginning. A word that is longer than a line is not broken.
 */
import { stripVTControlCharacters } from "node:util"

const widthOf = (text: string) => stripVTControlCharacters(text).length

const wrapLine = (line: string, columns: number, indent: number): string => {
  const margin = /^ */.exec(line)?.[0] ?? ""
  const further = margin + " ".repeat(indent)
  const lines: Array<string> = []
  let current = margin
  for (const word of line.slice(margin.length).split(" ")) {
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
