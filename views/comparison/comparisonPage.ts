/**
 * The comparison page: (Comparison) -> HTML. Its tables and sentences are those of the terminal (`sections.ts`). It adds charts
 * of errors and differences with their intervals, overlaid learning curves, and images of examples on which models disagree.
 */
import { Effect } from "effect"
import { datasetTitle } from "../../format/datasetTitle.ts"
import { listed } from "../../format/listed.ts"
import { unbroken } from "../../format/unbroken.ts"
import type { ComparedUnit, Comparison } from "../../operations/compare/Comparison.ts"
import {
  type Cells,
  differencesTable,
  type Section as ComparisonSection,
  type Sentence,
  sections,
  seedsOf,
} from "../../operations/compare/sections.ts"
import { betterOf, headline } from "../../operations/compare/verdict.ts"
import { gallery } from "../page/figures.ts"
import { type Content, type Html, html } from "../page/html.ts"
import { folded, notice, page, paragraph, type Section } from "../page/page.ts"
import { seriesColor } from "../page/style.ts"
import { type Column, table } from "../page/tables.ts"
import { curvesSection, differencesFigure, errorsFigure } from "./charts.ts"
import { disagreementsSection } from "./disagreements.ts"

const columnsOf = (head: ReadonlyArray<string>, left: number): ReadonlyArray<Column> =>
  head.map((name, i) => ({
    name: name === "" ? html`<span class="hidden">label</span>` : name,
    numeric: i >= left,
  }))

const tableOf = (title: string, { head, left, rows }: Cells): Html =>
  table({ caption: title, captionHidden: true, columns: columnsOf(head, left), rows })

const moreOf = (title: string, more: Cells | null): Html | null =>
  more === null ? null : folded(`${more.rows.length} more`, tableOf(title, more), { printed: true })

/** Rows that are shown at once; the others are folded. */
const rowsShown = 10

const longTableOf = (title: string, cells: Cells): Content => {
  const rest = { ...cells, rows: cells.rows.slice(rowsShown) }
  return [
    tableOf(title, { ...cells, rows: cells.rows.slice(0, rowsShown) }),
    moreOf(title, rest.rows.length === 0 ? null : rest),
  ]
}

const sentencesOf = (sentences: ReadonlyArray<Sentence>): Content =>
  sentences.length === 0
    ? null
    : html`<ul class="sentences">
        ${sentences.map(({ isDetail, text }) => html`<li class="${isDetail ? "more" : "first"}">${text}</li>`)}
      </ul>`

const datasetsOf = ({ units }: Comparison): ReadonlyArray<string> => [
  ...new Set(
    units.flatMap(({ figures: { dataset } }) =>
      typeof dataset === "object" && dataset !== null && "name" in dataset && typeof dataset.name === "string"
        ? [datasetTitle(dataset.name)]
        : [],
    ),
  ),
]

const unitsOf = ({ units }: Comparison) =>
  `${units.length} ${units.some(({ runs }) => runs.length > 1) ? "groups of runs" : "runs"}`

const kindOf = (comparison: Comparison) => {
  const datasets = datasetsOf(comparison)
  return `Comparison of ${unitsOf(comparison)}${datasets.length === 0 ? "" : ` on ${listed(datasets)}`}`
}

/** The result if it has a short form, else what is compared. */
const titleOf = (comparison: Comparison) => {
  const { tests, units } = comparison
  const names = [...new Set(units.map(({ name }) => name))]
  if (names.length === 1) return `${unitsOf(comparison)} of ${names[0]}`
  const [baseline, ...others] = units
  if (names.length < units.length || tests.length < others.length) return listed(names)
  const results = tests.map(betterOf)
  if (results.every((better) => better === null)) return `${listed(names)}: no significant difference`
  if (results.every((better) => better === baseline.label))
    return `${baseline.name} is better than ${listed(others.map(({ name }) => name))}`
  return others.length === 1 ? `${others[0].name} is better than ${baseline.name}` : listed(names)
}

const leadOf = (comparison: Comparison) => [
  headline(comparison).map((text) => html`<p class="verdict">${unbroken(text)}.</p>`),
  notice("Notes", comparison.remarks),
]

/** What a unit consists of: its experiment, and the ids that commands take. */
const unitCell = (unit: ComparedUnit): Content => {
  const ids = unit.runs.map((id) => html`<code>${id}</code>`)
  return html`<strong>${unit.name}</strong><br /><small
      >${
        ids.length === 1
          ? html`${ids[0]}, seed ${seedsOf(unit)}`
          : folded(
              `${ids.length} runs, seeds ${seedsOf(unit)}`,
              html`<ul class="plain">
                ${ids.map((id) => html`<li>${id}</li>`)}
              </ul>`,
              { printed: true },
            )
      }</small
    >`
}

/** The results of the terminal, with the experiment and the runs of each unit. */
const resultsTable = ({ units }: Comparison, title: string, { head, left, rows }: Cells) => {
  const [label, ...columns] = columnsOf(head, left)
  const hasStatus = units.some(({ figures }) => figures.status !== "finished")
  return table({
    caption: title,
    captionHidden: true,
    columns: [label, "experiment", ...(hasStatus ? ["status"] : []), ...columns],
    rows: units.map((unit, i) => [
      labelCell(unit.label, i),
      unitCell(unit),
      ...(hasStatus ? [unit.figures.status] : []),
      ...rows[i].slice(1),
    ]),
  })
}

/** The label of a unit in the colour of its curves. */
const labelCell = (label: string, unit: number): Html =>
  html`<span class="unit" style="--unit:${seriesColor(unit)}">${label}</span>`

/** Titles that are short enough for the table of contents. */
const titles: Readonly<Record<ComparisonSection["id"], string>> = {
  runs: "Compared runs",
  differences: "Differences",
  results: "Results",
  tests: "Significance tests",
  cost: "Size and speed",
}

/** Learning curves come after the results, images of disagreements after the tests. The results name the runs. */
export const comparisonPage = Effect.fn("comparisonPage")(function* (comparison: Comparison) {
  const pictured = yield* disagreementsSection(comparison)
  const curves = yield* curvesSection(comparison)
  const all = sections(comparison).flatMap(
    ({ id, sentences, table: cells, title }): ReadonlyArray<Section | null> => {
      const section = (content: Content): Section => ({ id, title: titles[id], content })
      switch (id) {
        case "runs":
          return []
        case "results": {
          const figures = [errorsFigure(comparison), differencesFigure(comparison)].filter(
            (found) => found !== null,
          )
          const content = [
            html`<p class="caption">In per cent, with 95 % intervals</p>`,
            cells === null ? null : resultsTable(comparison, title, cells),
            sentencesOf(sentences),
            gallery(figures),
          ]
          return [section(content), curves]
        }
        case "differences": {
          if (comparison.differing.length === 0) return [section(paragraph("None."))]
          const { more, table } = differencesTable(comparison)
          return [section([table === null ? null : tableOf(title, table), moreOf(title, more)])]
        }
        default: {
          const content = [cells === null ? null : longTableOf(title, cells), sentencesOf(sentences)]
          return id === "tests" ? [section(content), pictured] : [section(content)]
        }
      }
    },
  )
  return page({
    title: titleOf(comparison),
    kind: kindOf(comparison),
    lead: leadOf(comparison),
    sections: all.filter((section) => section !== null),
  })
})
