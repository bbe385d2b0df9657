/**
 * The learning rate by iteration: (records, rows of training metrics) -> a figure with its first value and its peak.
 *
 * Training metrics are recorded at intervals, which miss the first iteration and the peak, so the curve comes from the
 * schedule. If the schedule is unknown, it comes from the metrics.
 */
import { count, measure } from "../../format/numbers.ts"
import { isBuiltIn, learningRateAt } from "../../stages/train/learningRate.ts"
import type { LineChart } from "../page/lineChart.ts"
import { table } from "../page/tables.ts"
import { curveFigure, right, sampled, seriesOf, span } from "./curveFigure.ts"
import type { TrainMetric } from "../../schemas/Metric.ts"
import type { RunRecords } from "./RunRecords.ts"

interface Rate {
  /** Counted from 1, as everywhere on pages. */
  readonly iteration: number
  readonly learningRate: number
}

/** Iterations of the curve: enough for its shape. */
const sampledIterations = 300

/** Null unless the budget and the schedule are known. */
const scheduled = ({ experiment, trained }: RunRecords, last: number): ReadonlyArray<Rate> | null => {
  if (experiment === undefined) return null
  const { budget, optimizer } = experiment
  // Own code does not run for a page: it shows the rows of metrics.
  if (!isBuiltIn(optimizer.learningRate)) return null
  const total = trained?.budget ?? ("iterations" in budget ? budget.iterations : undefined)
  if (total === undefined) return null
  const rateAt = (iteration: number): Rate => ({
    iteration,
    learningRate: learningRateAt(optimizer.learningRate, iteration - 1, total),
  })
  const every = Math.max(1, Math.floor(last / sampledIterations))
  const iterations = Array.from({ length: Math.ceil(last / every) }, (_, i) => 1 + i * every)
  return [...iterations.filter((iteration) => iteration < last), last].map(rateAt)
}

const labelOf = (name: string, { iteration, learningRate }: Rate) => ({
  x: iteration,
  y: learningRate,
  text: `${name} ${measure(learningRate)}`,
})

export const learningRateFigure = (
  records: RunRecords,
  train: ReadonlyArray<TrainMetric>,
  events: NonNullable<LineChart["events"]>,
) => {
  const lastRow = train.at(-1)
  if (lastRow === undefined) return null
  const rates = scheduled(records, lastRow.iteration) ?? train
  const [first, last] = [rates[0], rates[rates.length - 1]]
  const peak = rates.reduce((a, b) => (b.learningRate > a.learningRate ? b : a))
  const isConstant = rates.every(({ learningRate }) => learningRate === first.learningRate)
  const isPeakInside = peak.learningRate > first.learningRate
  const sentence = isConstant
    ? `Constant: ${measure(first.learningRate)}.`
    : [
        `First ${measure(first.learningRate)}`,
        ...(isPeakInside ? [`peak ${measure(peak.learningRate)} at iteration ${count(peak.iteration)}`] : []),
        `last ${measure(last.learningRate)}.`,
      ].join(", ")
  return curveFigure(
    {
      title: "Learning rate",
      caption: sentence,
      alternative: `Learning rate over ${span(rates)}. ${sentence}`,
      y: { label: "learning rate", domain: [0, peak.learningRate] },
      series: [
        { ...seriesOf("learning rate", rates, ({ learningRate }) => learningRate, measure), dots: false },
      ],
      labels: isConstant ? [] : [labelOf("first", first), ...(isPeakInside ? [labelOf("peak", peak)] : [])],
      data: table({
        caption: "Learning rate by iteration",
        columns: [right("iteration"), right("learning rate")],
        rows: [first, ...sampled(train)].map(({ iteration, learningRate }) => [
          count(iteration),
          measure(learningRate),
        ]),
      }),
    },
    events,
  )
}
