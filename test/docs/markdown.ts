/**
 * What the tests of the documents read in a Markdown file: (text) -> headings, links, tables, fenced blocks, each with
 * its line. It knows the Markdown that this repository uses, not all of CommonMark.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../..", import.meta.url))

export interface Block {
  /** As sh, ts, text. */
  readonly language: string
  readonly text: string
  /** Of the opening fence, from 1. */
  readonly line: number
  /** The HTML comments above the block, without their brackets. */
  readonly comments: ReadonlyArray<string>
}

export interface Table {
  /** The heading above it. */
  readonly heading: string
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

export interface Document {
  /** Relative to the repository. */
  readonly path: string
  readonly lines: ReadonlyArray<string>
  readonly blocks: ReadonlyArray<Block>
  readonly headings: ReadonlyArray<string>
  readonly links: ReadonlyArray<{ readonly target: string; readonly line: number }>
  readonly tables: ReadonlyArray<Table>
}

/** The cells of a table's row; `\|` is a bar in a cell. */
const cells = (row: string) =>
  row
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"))

/** GitHub's anchor of a heading. */
export const anchorOf = (heading: string) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- _]/gu, "")
    .replaceAll(" ", "-")

/** The HTML comments directly above a line, in order; each may take several lines. */
const commentsAbove = (lines: ReadonlyArray<string>, line: number): ReadonlyArray<string> => {
  let end = line - 1
  while (end >= 0 && lines[end].trim() === "") end--
  if (end < 0 || !lines[end].trim().endsWith("-->")) return []
  let begin = end
  while (begin > 0 && !lines[begin].includes("<!--")) begin--
  const comment = lines.slice(begin, end + 1).join("\n")
  return [...commentsAbove(lines, begin), comment.replace(/^\s*<!--\s*|\s*-->\s*$/g, "")]
}

const parse = (path: string, text: string): Document => {
  const lines = text.split("\n")
  const blocks: Array<Block> = []
  const headings: Array<string> = []
  const links: Array<{ target: string; line: number }> = []
  const tables: Array<Table> = []
  for (let i = 0; i < lines.length; i++) {
    const fence = /^(\s*)```(\S*)/.exec(lines[i])
    if (fence !== null) {
      const [, indent, language] = fence
      const end = lines.findIndex((line, at) => at > i && line.trim() === "```")
      if (end < 0) throw new Error(`${path}:${i + 1}: this block is never closed`)
      const body = lines.slice(i + 1, end).map((line) => line.slice(indent.length))
      blocks.push({ language, text: body.join("\n"), line: i + 1, comments: commentsAbove(lines, i) })
      i = end
      continue
    }
    const heading = /^#{1,6} (.*)$/.exec(lines[i])
    if (heading !== null) headings.push(heading[1].trim())
    if (/^\s*\|/.test(lines[i])) {
      const begin = i
      while (i + 1 < lines.length && /^\s*\|/.test(lines[i + 1])) i++
      const [columns, , ...rows] = lines.slice(begin, i + 1).map(cells)
      tables.push({ heading: headings.at(-1) ?? "", columns, rows })
      lines.slice(begin, i + 1).forEach((row, at) => collect(row, begin + at))
      continue
    }
    collect(lines[i], i)
  }
  function collect(line: string, at: number) {
    const prose = line.replace(/`[^`]*`/g, "")
    for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) links.push({ target, line: at + 1 })
  }
  return { path, lines, blocks, headings, links, tables }
}

export const readDocument = (path: string): Document =>
  parse(path, readFileSync(new URL(path, `file://${root}/`), "utf8"))
