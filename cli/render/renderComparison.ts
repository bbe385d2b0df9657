/**
 * A comparison as text: (Comparison, columns) -> text for a terminal; (Comparison) -> Markdown.
 */
import { plot, sparkline } from "./plot.ts"
import { markdownTable, table } from "./table.ts"
import type { Comparison } from "../../operations/compare/Comparison.ts"
import { type Cells, type Sentence, sections } from "../../operations/compare/sections.ts"
import { headline } from "../../operations/compare/verdict.ts"
import { percent } from "../../format/numbers.ts"
import { wrap as wrapText } from "./wrap.ts"

/** More curves in one plot would not be distinguishable. */
const curvesShown = 6

/** Breaks a text into indented lines of at most `columns`; all but the first are indented two more. */
const wrap = (text: string, indent: number, columns: number): string =>
  wrapText(`${" ".repeat(indent)}${text}`, columns, 2)

const widthsOf = ({ head, rows }: Cells) =>
  head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)))

/**
 * A table that is wider than a terminal in several that are not, below each other: each begins with the first column and has as
 * many of the others as fit.
 */
const inParts = (cells: Cells, columns: number): ReadonlyArray<Cells> => {
  const widths = widthsOf(cells)
  const parts: Array<Array<number>> = []
  let width = 0
  for (let i = 1; i < widths.length; i++) {
    const part = parts.at(-1)
    width += widths[i] + 2
    if (part === undefined || width > columns) {
      parts.push([0, i])
      width = widths[0] + 2 + widths[i]
    } else part.push(i)
  }
  if (parts.length < 2) return [cells]
  return parts.map((kept) => ({
    head: kept.map((i) => cells.head[i]),
    rows: cells.rows.map((row) => kept.map((i) => row[i])),
    left: kept.filter((i) => i < cells.left).length,
  }))
}

/** Cuts the longest columns after the first until the table fits; a column keeps at least eight characters. */
const fitted = (cells: Cells, columns: number): Cells => {
  const { head, left, rows } = cells
  const widths = widthsOf(cells)
  const total = () => widths.reduce((sum, width) => sum + width + 2, 0)
  for (let excess = total() - columns; excess > 0; excess = total() - columns) {
    const widest = widths.indexOf(Math.max(...widths.slice(1)), 1)
    if (widest < 1 || widths[widest] <= 8) break
    widths[widest]--
  }
  const cut = (text: string, width: number) => (text.length > width ? `${text.slice(0, width - 1)}…` : text)
  return {
    head,
    left,
    rows: rows.map((row) => row.map((text, i) => (i === 0 ? text : cut(text, widths[i])))),
  }
}

/** A folded list in a terminal: only what it is about. */
const renderMore = ({ rows }: Cells, columns: number) =>
  wrap(
    `${rows.length} more, whose values --html and --markdown show: ${rows.map(([name]) => name).join(", ")}`,
    2,
    columns,
  )

const indentOf = ({ isDetail }: Sentence) => (isDetail ? 2 : 0)

/** A single point is not worth a plot: the results have its value. */
const curves = ({ curves }: Comparison) => curves.filter(({ points }) => points.length > 1)

const drawn = (comparison: Comparison, columns: number): string =>
  plot(
    curves(comparison)
      .slice(0, curvesShown)
      .map(({ label, points }) => ({
        mark: label.at(-1) ?? "?",
        points: points.map(({ error, iteration }) => ({ x: iteration, y: error })),
      })),
    { width: columns, height: 10, label: percent },
  )

export const renderText = (comparison: Comparison, columns: number): string => {
  const parts = sections(comparison).map(({ id, more, sentences, table: whole, title }) => {
    const tables =
      whole === null ? [] : id === "differences" ? [fitted(whole, columns)] : inParts(whole, columns - 2)
    return [
      title,
      ...tables.map(({ head, left, rows }) => table(head, rows, left).replace(/^/gm, "  ")),
      ...(more === null ? [] : [renderMore(more, columns)]),
      ...sentences.map((sentence) => wrap(sentence.text, 2 + indentOf(sentence), columns)),
    ].join("\n")
  })
  const plotted = drawn(comparison, columns)
  const many = curves(comparison).length > curvesShown ? `, first ${curvesShown}` : ""
  return [
    headline(comparison)
      .map((text) => wrap(`${text}.`, 0, columns))
      .join("\n"),
    ...parts,
    ...(plotted === "" ? [] : [`Validation error by iteration${many} (* where curves meet)\n${plotted}`]),
    ...(comparison.remarks.length === 0
      ? []
      : [["Notes", ...comparison.remarks.map((remark) => wrap(`${remark}.`, 2, columns))].join("\n")]),
  ].join("\n\n")
}

export const renderMarkdown = (comparison: Comparison): string => {
  const parts = sections(comparison).map(({ more, sentences, table: cells, title }) =>
    [
      `## ${title}`,
      ...(cells === null ? [] : [markdownTable(cells.head, cells.rows, cells.left)]),
      ...(more === null
        ? []
        : [
            `<details><summary>${more.rows.length} more</summary>\n\n${markdownTable(more.head, more.rows, more.left)}\n\n</details>`,
          ]),
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
    percent(points.at(-1)?.error),
  ])
  return [
    headline(comparison)
      .map((text) => `**${text}.**`)
      .join("\n\n"),
    ...parts,
    ...(lines.length === 0
      ? []
      : [`## Validation error\n\n${markdownTable(["", "by iteration", "last"], lines, 2)}`]),
    ...(comparison.remarks.length === 0
      ? []
      : [`## Notes\n\n${comparison.remarks.map((remark) => `- ${remark}`).join("\n")}`]),
  ].join("\n\n")
}
