/**
 * A comparison as text: (Comparison, columns) -> text for a terminal; (Comparison) -> Markdown.
 */
import { plot, sparkline } from "./plot.ts"
import { markdownTable, table } from "./table.ts"
import type { Comparison } from "../../operations/compare/Comparison.ts"
import { type Sentence, sections } from "../../operations/compare/sections.ts"

/** More curves in one plot would not be distinguishable. */
const curvesShown = 6

/** Breaks a text into indented lines of at most `columns`; all but the first are indented two more. */
const wrap = (text: string, indent: number, columns: number): string => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    const margin = " ".repeat(lines.length === 0 ? indent : indent + 2)
    const next = line === "" ? margin + word : `${line} ${word}`
    if (line !== "" && next.length > columns) {
      lines.push(line)
      line = " ".repeat(indent + 2) + word
    } else line = next
  }
  return [...lines, line].join("\n")
}

const indentOf = ({ isDetail }: Sentence) => (isDetail ? 2 : 0)

const curves = ({ curves }: Comparison) => curves.filter(({ points }) => points.length > 0)

const drawn = (comparison: Comparison, columns: number): string =>
  plot(
    curves(comparison)
      .slice(0, curvesShown)
      .map(({ label, points }) => ({
        mark: label.at(-1) ?? "?",
        points: points.map(({ error, iteration }) => ({ x: iteration, y: error })),
      })),
    { width: columns, height: 10, label: (error) => `${(100 * error).toFixed(1)} %` },
  )

export const renderText = (comparison: Comparison, columns: number): string => {
  const parts = sections(comparison).map(({ sentences, table: cells, title }) =>
    [
      title,
      ...(cells === null ? [] : [table(cells.head, cells.rows, cells.left).replace(/^/gm, "  ")]),
      ...sentences.map((sentence) => wrap(sentence.text, 2 + indentOf(sentence), columns)),
    ].join("\n"),
  )
  const plotted = drawn(comparison, columns)
  const many = curves(comparison).length > curvesShown ? `, first ${curvesShown}` : ""
  return [
    ...parts,
    ...(plotted === "" ? [] : [`Validation error by iteration${many} (* where curves meet)\n${plotted}`]),
    ...(comparison.remarks.length === 0
      ? []
      : [["Notes", ...comparison.remarks.map((remark) => wrap(`${remark}.`, 2, columns))].join("\n")]),
  ].join("\n\n")
}

export const renderMarkdown = (comparison: Comparison): string => {
  const parts = sections(comparison).map(({ sentences, table: cells, title }) =>
    [
      `## ${title}`,
      ...(cells === null ? [] : [markdownTable(cells.head, cells.rows, cells.left)]),
      ...(sentences.length === 0
        ? []
        : [sentences.map((sentence) => `${" ".repeat(indentOf(sentence))}- ${sentence.text}`).join("\n")]),
    ].join("\n\n"),
  )
  const lines = curves(comparison).map(({ label, points }) => [
    label,
    sparkline(
      points.map(({ error }) => error),
      40,
    ),
    `${(100 * (points.at(-1)?.error ?? Number.NaN)).toFixed(2)} %`,
  ])
  return [
    ...parts,
    ...(lines.length === 0
      ? []
      : [`## Validation error\n\n${markdownTable(["", "by iteration", "last"], lines, 2)}`]),
    ...(comparison.remarks.length === 0
      ? []
      : [`## Notes\n\n${comparison.remarks.map((remark) => `- ${remark}`).join("\n")}`]),
  ].join("\n\n")
}
