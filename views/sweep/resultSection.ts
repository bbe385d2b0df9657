/** The end of a sweep: (view) -> the section with the finalists and the base, trained again with fresh seeds. */
import {
  extremes,
  limited,
  objectiveName,
  showObjective,
  showSpread,
} from "../../operations/sweep/describe.ts"
import { placesOf, showDrawn, showInBase } from "../../operations/sweep/space.ts"
import { figure, gallery } from "../page/figures.ts"
import { html } from "../page/html.ts"
import { intervalChart } from "../page/intervalChart.ts"
import { folded, paragraph, type Section } from "../page/page.ts"
import { runLink } from "../page/runLink.ts"
import { type Column, table } from "../page/tables.ts"
import { objectiveAxis, shortNames } from "./marks.ts"
import type { SweepView } from "./SweepView.ts"

/** Null until the sweep has ended. */
export const resultSection = ({ definition, hasReport, result }: SweepView): Section | null => {
  if (result === undefined) return null
  const places = placesOf(definition.space)
  const { base, finalists, winner } = result
  const columns: ReadonlyArray<Column | string> = [
    "trained again",
    { name: "in the search", numeric: true },
    { name: "fresh seeds", numeric: true },
    ...shortNames(places).map((name) => ({ name, numeric: true })),
  ]
  const runs = [
    ...finalists.map(({ runs, trial }) => ({ name: `trial ${trial}`, runs })),
    ...(base === null ? [] : [{ name: "the base", runs: base.runs }]),
  ]
  const rows = [
    ...finalists.map(({ parameters, retrained, searched, trial }) => [
      trial === winner?.trial
        ? html`<strong class="whole">trial ${trial}, the winner</strong>`
        : `trial ${trial}`,
      showObjective(definition, searched),
      showSpread(definition, retrained),
      ...places.map((place) => showDrawn(place, parameters)),
    ]),
    ...(base === null
      ? []
      : [
          [
            "the base",
            "–",
            showSpread(definition, base.retrained),
            ...places.map((place) => showInBase(place, definition.base)),
          ],
        ]),
  ]
  const axis = objectiveAxis(definition)
  const estimates = [
    ...finalists.map(({ retrained, trial }) => ({
      name: `trial ${trial}`,
      ...retrained,
      filled: trial === winner?.trial,
    })),
    ...(base === null ? [] : [{ name: "the base", ...base.retrained, filled: false }]),
  ].map((one) => ({
    ...limited(definition, one),
    tooltip: `${one.name}: ${showSpread(definition, one)}`,
  }))
  const picture = intervalChart({
    alternative: `${objectiveName(definition)} with fresh seeds: ${estimates.map(({ tooltip }) => tooltip).join("; ")}`,
    x: { label: axis.label, format: axis.format ?? String },
    estimates,
  })
  return {
    id: "result",
    title: "Result",
    content: [
      paragraph(
        `The best trials and the base were trained again with ${definition.retrain.seeds} fresh seeds each. The winner has the ${extremes(definition).best} mean on the validation split. The test split was opened once, for the winner and the base.`,
      ),
      table({
        caption: `The ${objectiveName(definition)} before and after training again, with 95 % intervals`,
        columns,
        rows,
      }),
      folded(
        "Their runs",
        table({
          caption: "Runs of the finalists and of the base",
          captionHidden: true,
          columns: ["trained again", "runs"],
          rows: runs.map(({ name, runs }) => [
            html`<span class="whole">${name}</span>`,
            html`<ul class="plain">
              ${runs.map((run) => html`<li>${runLink(run, hasReport, "../../")}</li>`)}
            </ul>`,
          ]),
        }),
        { printed: true },
      ),
      picture === null
        ? null
        : gallery([
            figure({
              title: "With fresh seeds",
              caption: "Means with 95 % intervals; the filled dot is the winner.",
              picture,
            }),
          ]),
    ],
  }
}
