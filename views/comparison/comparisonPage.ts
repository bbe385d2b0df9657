/**
 * A comparison as a page: (Comparison) -> HTML. The tables and sentences are those of the terminal (`sections.ts`); beside
 * them stand what only a page can show: estimates with their intervals, curves overlaid, and pictures of the examples that
 * one model gets right and the other does not.
 */
import { Effect } from "effect"
import { type Content, type Html, html } from "../page/html.ts"
import { notice, page, paragraph, type Section } from "../page/page.ts"
import { table } from "../page/tables.ts"
import { listed } from "../page/numbers.ts"
import { curvesSection, differencesFigure, errorsFigure } from "./charts.ts"
import type { Comparison } from "../../operations/compare/Comparison.ts"
import { disagreementsSection } from "./disagreements.ts"
import { type Cells, sections } from "../../operations/compare/sections.ts"
import { verdict } from "../../operations/compare/verdict.ts"

const tableOf = (title: string, { head, left, rows }: Cells) =>
  table({
    caption: title,
    captionHidden: true,
    columns: head.map((name, i) => ({
      name: name === "" ? html`<span class="hidden">label</span>` : name,
      figures: i >= left,
    })),
    rows,
  })

const sentencesOf = (sentences: ReadonlyArray<string>): Content =>
  sentences.length === 0
    ? null
    : html`<ul class="sentences">
        ${sentences.map(
          (sentence) =>
            html`<li class="${sentence.startsWith(" ") ? "more" : "first"}">${sentence.trim()}</li>`,
        )}
      </ul>`

const wordFor = ({ units }: Comparison) =>
  units.some(({ runs }) => runs.length > 1) ? "groups of runs" : "runs"

const titleOf = (comparison: Comparison) => {
  const names = [...new Set(comparison.units.map(({ name }) => name))]
  return names.length === 1
    ? `${comparison.units.length} ${wordFor(comparison)} of ${names[0]}`
    : listed(names)
}

const leadOf = (comparison: Comparison) => {
  const fields = comparison.differing.map(({ path }) => path)
  const differ =
    fields.length === 0
      ? "of one experiment"
      : `that differ in ${listed(fields.length > 4 ? [...fields.slice(0, 3), `${fields.length - 3} more fields`] : fields)}`
  return html`<p>${comparison.units.length} ${wordFor(comparison)} ${differ}.</p>
    ${comparison.tests.slice(0, 3).map((test) => html`<p class="verdict">${verdict(test)}.</p>`)}`
}

/** Fields down, units across, values whole. */
const differingSection = ({ differing, units }: Comparison): Section => ({
  id: "differences",
  title: "What differs",
  content:
    differing.length === 0
      ? paragraph("Nothing.")
      : table({
          caption: "Fields of the experiments that are not the same in all",
          captionHidden: true,
          columns: ["field", ...units.map(({ label }) => label)],
          rows: differing.map(({ path, values }) => [
            path,
            ...units.map(({ label }) => values[label].replace(/^"(.*)"$/, "$1")),
          ]),
        }),
})

/** The sections of the terminal, under titles short enough for a list of contents. */
const shell = [
  { id: "compared", title: "Compared" },
  { id: "differences", title: "What differs" },
  { id: "results", title: "Errors in %" },
  { id: "tests", title: "Is it more than noise?" },
  { id: "cost", title: "Size and speed" },
]

export const comparisonPage = Effect.fn("comparisonPage")(function* (comparison: Comparison) {
  const figures: Readonly<Record<string, Html | null>> = {
    results: errorsFigure(comparison),
    tests: differencesFigure(comparison),
  }
  const plain = sections(comparison).map(({ sentences, table: cells, title }, i): Section => {
    const { id } = shell[i]
    if (id === "differences") return differingSection(comparison)
    const content = [
      cells === null ? null : tableOf(title, cells),
      sentencesOf(sentences),
      figures[id] ?? null,
    ]
    return { ...shell[i], content }
  })
  const pictured = yield* disagreementsSection(comparison)
  const curves = yield* curvesSection(comparison)
  const all = [...plain.slice(0, 4), pictured, curves, ...plain.slice(4)]
  return page({
    title: titleOf(comparison),
    kind: "Comparison of training runs",
    lead: [leadOf(comparison), notice("Missing, or to know", comparison.remarks)],
    sections: all.filter((section) => section !== null),
  })
})
