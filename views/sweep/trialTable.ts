/** The trials of a sweep as tables: (definition, progress) -> Html. */
import { count } from "../../format/numbers.ts"
import { extremes, objectiveName, showObjective, statusWords } from "../../operations/sweep/describe.ts"
import type { SweepProgress, TrialProgress } from "../../operations/sweep/progress.ts"
import { placesOf, showDrawn } from "../../operations/sweep/space.ts"
import type { SweepDefinition } from "../../schemas/Sweep.ts"
import { type Content, html } from "../page/html.ts"
import { folded } from "../page/page.ts"
import { type HasReport, runLink } from "../page/runLink.ts"
import { type Column, table } from "../page/tables.ts"
import { barrierName, shortNames } from "./marks.ts"

/** Trials that are shown at once; the others are folded. */
const trialsShown = 15

/** Those that reached the end first, by their values; then the later barriers first. */
const byRank = (a: TrialProgress, b: TrialProgress) => {
  const [rungA, rungB] = [a.rung ?? -1, b.rung ?? -1]
  return rungB - rungA || (a.values[rungA] ?? 0) - (b.values[rungB] ?? 0) || a.trial - b.trial
}

export const trialTable = (
  definition: SweepDefinition,
  { barriers, trials }: SweepProgress,
  hasReport: HasReport,
): Content => {
  const places = placesOf(definition.space)
  const columns: ReadonlyArray<Column | string> = [
    "trial",
    "outcome",
    ...barriers.map((barrier) => ({
      name: barriers.length === 1 ? objectiveName(definition) : `at ${barrierName(barrier)}`,
      numeric: true,
    })),
    ...shortNames(places).map((name) => ({ name, numeric: true })),
    "reason",
    "run",
  ]
  const rows = trials
    .toSorted(byRank)
    .map((trial) => [
      trial.trial,
      statusWords[trial.status],
      ...trial.values.map((value) => (value === null ? "–" : showObjective(definition, value))),
      ...places.map((place) => showDrawn(place, trial.parameters)),
      trial.reason === null ? "" : html`<div class="reason text">${trial.reason}</div>`,
      trial.seeds.flatMap(({ run }) => (run === null ? [] : [html`${runLink(run, hasReport, "../../")} `])),
    ])
  const caption =
    barriers.length > 1
      ? `Trials by the last barrier they reached and their ${objectiveName(definition)} there`
      : `Trials by their ${objectiveName(definition)}`
  const rest = rows.slice(trialsShown)
  return [
    table({ caption, columns, rows: rows.slice(0, trialsShown) }),
    rest.length === 0
      ? null
      : folded(
          `${count(rest.length)} more`,
          table({ caption: "The other trials", captionHidden: true, columns, rows: rest }),
          { printed: true },
        ),
  ]
}

/** What each barrier pruned; null without barriers. */
export const barrierTable = (definition: SweepDefinition, { barriers, trials }: SweepProgress): Content => {
  if (barriers.length < 2) return null
  return table({
    caption: "Trials at each barrier",
    captionHidden: true,
    columns: [
      "barrier",
      { name: "measured", numeric: true },
      { name: "pruned there", numeric: true },
      { name: "failed before", numeric: true },
      { name: `${extremes(definition).best} ${objectiveName(definition)}`, numeric: true },
      { name: extremes(definition).worst, numeric: true },
    ],
    rows: barriers.map((barrier, rung) => {
      const values = trials.flatMap(({ values }) => values[rung] ?? [])
      const ended = (status: TrialProgress["status"], at: number) =>
        trials.filter((trial) => trial.status === status && (trial.rung ?? -1) === at).length
      return [
        barrierName(barrier),
        count(values.length),
        count(ended("pruned", rung)),
        count(ended("failed", rung - 1)),
        values.length === 0 ? "–" : showObjective(definition, Math.min(...values)),
        values.length === 0 ? "–" : showObjective(definition, Math.max(...values)),
      ]
    }),
  })
}
