/** The values of all trials, and the best one so far: (definition, progress, result) -> Html. */
import { objectiveName, showObjective } from "../../operations/sweep/describe.ts"
import { bestSoFar, type SweepProgress } from "../../operations/sweep/progress.ts"
import type { SweepDefinition, SweepResult } from "../../schemas/Sweep.ts"
import { numberTick, tickCount, verticalAxis } from "../page/axis.ts"
import { draw, Plot, wideChart } from "../page/draw.ts"
import { figure, scrolling } from "../page/figures.ts"
import { type Html, html } from "../page/html.ts"
import { seriesColor } from "../page/style.ts"
import {
  barrierName,
  describeTrial,
  type DrawnTrial,
  objectiveAxis,
  trialDots,
  trialLegend,
} from "./marks.ts"

const bestColor = seriesColor(0)
const winnerColor = seriesColor(2)
const baseColor = seriesColor(3)

/** The means over fresh seeds, as lines across the chart. */
const retrainedLines = (result: SweepResult | undefined) => {
  const winner = result?.finalists.find(({ trial }) => trial === result.winner?.trial)
  return [
    ...(winner === undefined
      ? []
      : [
          {
            name: `the winner with fresh seeds`,
            value: winner.retrained.value,
            color: winnerColor,
            dashes: "8 3 2 3",
          },
        ]),
    ...(result === undefined || result.base === null
      ? []
      : [
          {
            name: "the base with the same seeds",
            value: result.base.retrained.value,
            color: baseColor,
            dashes: "5 3",
          },
        ]),
  ]
}

export const searchFigure = (
  definition: SweepDefinition,
  progress: SweepProgress,
  result: SweepResult | undefined,
): Html | null => {
  const { barriers, trials } = progress
  const measured = trials.flatMap(({ rung, values }) => (rung === null ? [] : [values[rung] ?? Number.NaN]))
  if (measured.length < 2) return null
  const lines = retrainedLines(result)
  const axis = verticalAxis(objectiveAxis(definition), [...measured, ...lines.map(({ value }) => value)])
  const worst = Math.max(...measured)
  const drawn = trials.flatMap((trial): ReadonlyArray<DrawnTrial> => {
    const value = trial.rung === null ? null : trial.values[trial.rung]
    if (value === null && trial.status !== "failed") return []
    const tooltip = describeTrial(definition, barriers, trial)
    // A trial that failed before it was measured has no value: it stands at the upper edge.
    return [{ x: trial.trial, y: axis.at(value ?? worst), status: trial.status, tooltip }]
  })
  const steps = bestSoFar(progress)
  const last = trials[trials.length - 1].trial
  const line = steps.map(({ best, trial }) => ({ x: trial, y: axis.at(best) }))
  const ended = steps.at(-1)
  const alternative = `${objectiveName(definition)} of ${trials.length} trials by number${ended === undefined ? "" : `; the best is ${showObjective(definition, ended.best)}`}`
  const chart = draw(alternative, {
    ...wideChart,
    x: {
      label: "trial",
      labelAnchor: "right",
      labelArrow: "none",
      tickSize: 4,
      domain: [Math.min(0, trials[0].trial) - 0.5, last + 0.5],
      ticks: tickCount(0, last, 8),
      tickFormat: numberTick,
    },
    y: axis.options,
    marks: [
      ...lines.map(({ color, dashes, value }) =>
        Plot.ruleY([axis.at(value)], { stroke: color, strokeWidth: 1.6, strokeDasharray: dashes }),
      ),
      Plot.line([...line, ...(ended === undefined ? [] : [{ x: last + 0.5, y: axis.at(ended.best) }])], {
        x: "x",
        y: "y",
        stroke: bestColor,
        strokeWidth: 1.8,
        curve: "step-after",
      }),
      ...trialDots(drawn),
    ],
  })
  const legend = trialLegend(trials, [
    ...(ended === undefined ? [] : [{ name: "best so far", color: bestColor, dashes: "none" }]),
    ...lines,
  ])
  const note = axis.note === null ? null : html`<p class="plot-note"><small>${axis.note}</small></p>`
  const caption =
    barriers.length > 1
      ? `Each trial at the last barrier it reached: a pruned one was measured at ${barriers.slice(0, -1).map(barrierName).join(" or ")}, so its value is not that of the whole budget. The line has only trials that reached the end.`
      : "Each trial at the end of its budget."
  return figure({
    title: "Best so far",
    caption:
      lines.length === 0
        ? caption
        : `${caption} The best of many trials is partly lucky: compare it with the winner with fresh seeds.`,
    picture: html`${legend} ${scrolling("Best so far", chart)} ${note}`,
    wide: true,
  })
}
