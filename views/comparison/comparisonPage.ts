/**
 * The comparison page: (Comparison) -> HTML. Its tables and sentences are those of the terminal (`sections.ts`). It adds charts
 * of errors and differences with their intervals, overlaid learning curves, and images of examples on which models disagree.
 */
import { Effect, Option, Schema } from "effect"
import { type Content, type Html, html } from "../page/html.ts"
import { notice, page, paragraph, type Section } from "../page/page.ts"
import { table } from "../page/tables.ts"
import { curvesSection, differencesFigure, errorsFigure } from "./charts.ts"
import type { Comparison } from "../../operations/compare/Comparison.ts"
import { disagreementsSection } from "./disagreements.ts"
import {
  type Cells,
  type Section as ComparisonSection,
  type Sentence,
  sections,
} from "../../operations/compare/sections.ts"
import { verdict } from "../../operations/compare/verdict.ts"
import { listed } from "../../format/listed.ts"

const tableOf = (title: string, { head, left, rows }: Cells) =>
  table({
    caption: title,
    captionHidden: true,
    columns: head.map((name, i) => ({
      name: name === "" ? html`<span class="hidden">label</span>` : name,
      numeric: i >= left,
    })),
    rows,
  })

const sentencesOf = (sentences: ReadonlyArray<Sentence>): Content =>
  sentences.length === 0
    ? null
    : html`<ul class="sentences">
        ${sentences.map(({ isDetail, text }) => html`<li class="${isDetail ? "more" : "first"}">${text}</li>`)}
      </ul>`

const kindOf = ({ units }: Comparison) =>
  units.some(({ runs }) => runs.length > 1) ? "groups of runs" : "runs"

const titleOf = (comparison: Comparison) => {
  const names = [...new Set(comparison.units.map(({ name }) => name))]
  return names.length === 1
    ? `${comparison.units.length} ${kindOf(comparison)} of ${names[0]}`
    : listed(names)
}

const leadOf = (comparison: Comparison) => {
  const fields = comparison.differing.map(({ path }) => path)
  const differ =
    fields.length === 0
      ? "of one experiment"
      : `that differ in ${listed(fields.length > 4 ? [...fields.slice(0, 3), `${fields.length - 3} more fields`] : fields)}`
  return html`<p>${comparison.units.length} ${kindOf(comparison)} ${differ}.</p>
    ${comparison.tests.slice(0, 3).map((test) => html`<p class="verdict">${verdict(test)}.</p>`)}`
}

const decodeText = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.String))

/** Texts without the quotation marks of JSON; any other value as it is. */
const shownValue = (json: string) => Option.getOrElse(decodeText(json), () => json)

/** A column per unit, with full values. */
const differingSection = ({ differing, units }: Comparison): Section => ({
  id: "differences",
  title: titles.differences,
  content:
    differing.length === 0
      ? paragraph("None.")
      : table({
          caption: "Fields of the experiments that differ",
          captionHidden: true,
          columns: ["field", ...units.map(({ label }) => label)],
          rows: differing.map(({ path, values }) => [
            path,
            ...units.map(({ label }) => shownValue(values[label])),
          ]),
        }),
})

/** Titles that are short enough for the table of contents. */
const titles: Readonly<Record<ComparisonSection["id"], string>> = {
  runs: "Compared runs",
  differences: "Differences",
  results: "Errors in %",
  tests: "Significance tests",
  cost: "Size and speed",
}

export const comparisonPage = Effect.fn("comparisonPage")(function* (comparison: Comparison) {
  const figures: Partial<Record<ComparisonSection["id"], Html | null>> = {
    results: errorsFigure(comparison),
    tests: differencesFigure(comparison),
  }
  const pictured = yield* disagreementsSection(comparison)
  const curves = yield* curvesSection(comparison)
  const all = sections(comparison).flatMap(
    ({ id, sentences, table: cells, title }): Array<Section | null> => {
      if (id === "differences") return [differingSection(comparison)]
      const content = [
        cells === null ? null : tableOf(title, cells),
        sentencesOf(sentences),
        figures[id] ?? null,
      ]
      const section = { id, title: titles[id], content }
      return id === "tests" ? [section, pictured, curves] : [section]
    },
  )
  return page({
    title: titleOf(comparison),
    kind: "Comparison of training runs",
    lead: [leadOf(comparison), notice("Notes", comparison.remarks)],
    sections: all.filter((section) => section !== null),
  })
})
