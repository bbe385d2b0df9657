/** The page of a sweep: (definition, progress, result, what pruning saved) -> HTML. It works before the sweep has ended, too. */
import { Effect } from "effect"
import { duration } from "../../format/duration.ts"
import { count, percent } from "../../format/numbers.ts"
import { unbroken } from "../../format/unbroken.ts"
import {
  describeEvidence,
  describeVerdict,
  objectiveName,
  showChange,
  showObjective,
} from "../../operations/sweep/describe.ts"
import { countStatus } from "../../operations/sweep/progress.ts"
import { gallery } from "../page/figures.ts"
import { type Content, html } from "../page/html.ts"
import { highlights, notice, page, type Section } from "../page/page.ts"
import { curvesFigure } from "./curves.ts"
import { barrierName, trialLegend } from "./marks.ts"
import { type Compared, compareTrials, importanceFigure, sliceFigures } from "./parameters.ts"
import { parallelFigure } from "./parallelChart.ts"
import { resultSection } from "./resultSection.ts"
import { searchFigure } from "./searchChart.ts"
import { pruningSection, setupSection, strategyNames } from "./setupSection.ts"
import type { SweepView } from "./SweepView.ts"
import { trialTable } from "./trialTable.ts"

const titleOf = ({ definition: { name }, progress, result }: SweepView) => {
  if (result === undefined) return `${name}: ${progress.phase ?? "the search has ended"}`
  return result.winner === null
    ? `${name}: no winner`
    : `${name}: trial ${result.winner.trial} is ${describeVerdict(result.winner)}`
}

const verdictOf = ({ progress, result }: SweepView): Content => {
  if (result === undefined) {
    const { trainings } = progress
    return trainings === null
      ? null
      : html`<p class="verdict">
          ${count(trainings.done)} of ${count(trainings.of)} trainings of this step are done.
        </p>`
  }
  if (result.winner === null)
    return html`<p class="verdict">No trial could be trained again with every fresh seed.</p>`
  const { baseTestError, testError } = result.winner
  return html`<p class="verdict">
    ${unbroken(
      `Test error ${percent(testError)}, of the base ${percent(baseTestError)}: means over fresh seeds, tested once (${describeEvidence(result.winner)}).`,
    )}
  </p>`
}

const share = (part: number, whole: number) => `${Math.round((100 * part) / Math.max(1, whole))} %`

const figuresOf = ({ definition, progress, result, savings }: SweepView) => {
  const best = progress.ranking.at(0)
  const winner = result?.finalists.find(({ trial }) => trial === result.winner?.trial)
  const counts = (["finished", "pruned", "failed", "open"] as const)
    .map((status) => ({ status, number: countStatus(progress, status) }))
    .filter(({ number, status }) => status !== "open" || number > 0)
    .map(({ number, status }) => `${count(number)} ${status === "open" ? "in progress" : status}`)
  const iterations =
    savings === null || savings.iterations.saved === 0
      ? []
      : [
          {
            name: "saved by pruning",
            value: share(savings.iterations.saved, savings.iterations.saved + savings.iterations.trained),
            note: unbroken(
              `of the iterations; ${duration(savings.seconds.saved)} of ${duration(savings.seconds.saved + savings.seconds.trained)}`,
            ),
          },
        ]
  return highlights([
    ...(winner === undefined
      ? []
      : [
          {
            name: `winner's ${objectiveName(definition)}`,
            value: showObjective(definition, winner.retrained.value),
            note: `mean over fresh seeds; ${showObjective(definition, winner.searched)} in the search`,
          },
        ]),
    ...(result?.optimism === null || result?.optimism === undefined
      ? best === undefined
        ? []
        : [
            {
              name: "best in the search",
              value: showObjective(definition, best.value),
              note: `trial ${best.trial}`,
            },
          ]
      : [
          {
            name: "optimism of the search",
            value: showChange(definition, result.optimism),
            note: "the best trial with fresh seeds, minus in the search",
          },
        ]),
    { name: "trials", value: count(progress.planned), note: counts.join(", ") },
    ...iterations,
  ])
}

const searchSection = Effect.fnUntraced(function* ({ definition, progress, result, runsDir }: SweepView) {
  const curves = yield* curvesFigure(runsDir, definition, progress)
  const best = searchFigure(definition, progress, result)
  if (best === null && curves === null) return null
  return { id: "search", title: "Search", content: [best, curves] } satisfies Section as Section
})

const parametersSection = ({ definition, progress }: SweepView, compared: Compared): Section | null => {
  const parallel = parallelFigure(definition, progress, compared.places)
  const importance = importanceFigure(compared)
  const slices = sliceFigures(definition, progress, compared)
  if (parallel === null && slices.length === 0) return null
  const { barriers } = progress
  const where =
    barriers.length > 1
      ? `at ${barrierName(barriers[compared.rung])}, which most trials reached`
      : "at the end"
  const early =
    barriers[compared.rung] === null
      ? ""
      : " What helps early need not help at the end, above all if the learning rate follows a schedule."
  return {
    id: "parameters",
    title: "Parameters",
    content: [
      parallel,
      slices.length === 0
        ? null
        : html`<h3>One parameter at a time</h3>
            <p>
              ${count(compared.trials.length)} trials ${where}. A line is the mean of trials with alike
              values, the box around it its 95 % interval, over whatever values the other parameters
              had.${early}
            </p>
            ${trialLegend(compared.trials)}`,
      gallery(slices),
      importance === null
        ? null
        : [
            gallery([importance]),
            html`<p>
              <small
                >Trials are ranked by their ${objectiveName(definition)} ${where}, and grouped by the values
                of one parameter: its options, or up to four groups of about equal size. The share is the eta
                squared of Kruskal and Wallis's test (1952), corrected for chance; p is that of Conover and
                Iman's F test on ranks (1981), corrected for the number of parameters by Holm's method. It
                does not see parameters that matter only together, it depends on the limits of the space, and
                with few trials only large effects
                show.${
                  definition.strategy.kind === "tpe"
                    ? " The later trials were proposed from the results of the earlier ones, so p is only a guide."
                    : ""
                }</small
              >
            </p>`,
          ],
    ],
  }
}

/** What the reader should know before the rest. */
const remarksOf = ({ definition, progress, result, savings }: SweepView) => {
  const failed = countStatus(progress, "failed")
  const adopted = Math.min(definition.adopted.length, progress.planned)
  return [
    ...(failed === 0
      ? []
      : [`${count(failed)} trial${failed === 1 ? "" : "s"} failed; the table of trials has the reasons.`]),
    ...(adopted === 0
      ? []
      : [`The first ${count(adopted)} ${adopted === 1 ? "trial was" : "trials were"} adopted, not drawn.`]),
    ...(savings !== null && result !== undefined && savings.unknown > 0
      ? [
          `The ${savings.unknown === 1 ? "run of 1 training is" : `runs of ${count(savings.unknown)} trainings are`} gone, so curves and times are missing.`,
        ]
      : []),
  ]
}

export const sweepPage = Effect.fn("sweepPage")(function* (view: SweepView) {
  const { definition, hasReport, progress } = view
  const compared = compareTrials(definition, progress)
  const sections: ReadonlyArray<Section | null> = [
    resultSection(view),
    yield* searchSection(view),
    parametersSection(view, compared),
    pruningSection(view),
    { id: "trials", title: "Trials", content: trialTable(definition, progress, hasReport) },
    setupSection(view),
  ]
  return page({
    kind: `Sweep, ${strategyNames[definition.strategy.kind]}`,
    title: titleOf(view),
    lead: [verdictOf(view), figuresOf(view), notice("Notes", remarksOf(view))],
    sections: sections.filter((section) => section !== null),
  })
})
