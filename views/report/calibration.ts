/** Whether it is as sure as it should be: (predictions) -> reliability diagram, and how often it was how sure. */
import { type Calibration, calibration, type CalibrationBin } from "../../stages/statistics/calibration.ts"
import { colorOf } from "../page/charts.ts"
import { chartSize, draw, Plot } from "../page/draw.ts"
import { figure, gallery } from "../page/figures.ts"
import { paragraph, type Section } from "../page/page.ts"
import { table } from "../page/tables.ts"
import { count } from "../page/numbers.ts"
import { percent } from "../../format/percent.ts"
import type { Predictions } from "../../storage/predictions.ts"

type FilledBin = CalibrationBin & {
  readonly confidence: number
  readonly accuracy: NonNullable<CalibrationBin["accuracy"]>
}

const isFilled = (bin: CalibrationBin): bin is FilledBin => bin.examples > 0

const whole = (share: number) => `${Math.round(100 * share)} %`
const range = ({ high, low }: CalibrationBin) => `${whole(low)} to ${whole(high)}`

const margins = { marginLeft: 48, marginRight: 16, marginTop: 26, marginBottom: 38 }
const axis = { labelArrow: "none", tickSize: 0, ticks: 5, grid: true } as const
const share = (label: string) => ({ ...axis, label, domain: [0, 1], tickFormat: whole })

const reliability = (bins: ReadonlyArray<FilledBin>, expectedError: number) =>
  draw(
    `Reliability diagram: share of right answers by confidence; expected calibration error ${percent(expectedError)}`,
    {
      ...chartSize,
      height: 300,
      ...margins,
      x: { ...share("confidence"), labelAnchor: "right" },
      y: share("right answers"),
      marks: [
        Plot.line(
          [
            [0, 0],
            [1, 1],
          ],
          { stroke: "var(--muted)", strokeDasharray: "4 3" },
        ),
        Plot.ruleX([...bins], {
          x: "confidence",
          y1: ({ accuracy }: FilledBin) => accuracy.low,
          y2: ({ accuracy }: FilledBin) => accuracy.high,
          stroke: colorOf(0),
          strokeOpacity: 0.55,
          strokeWidth: 2,
        }),
        Plot.dot([...bins], {
          x: "confidence",
          y: ({ accuracy }: FilledBin) => accuracy.value,
          r: 3.5,
          fill: colorOf(0),
          title: (bin: FilledBin) =>
            `${range(bin)} sure: ${percent(bin.accuracy.value)} of ${count(bin.examples)} right`,
        }),
      ],
    },
  )

const frequency = (bins: ReadonlyArray<FilledBin>) => {
  const most = Math.max(...bins.map(({ examples }) => examples))
  return draw(`Examples by confidence: ${bins.map((bin) => `${range(bin)}: ${bin.examples}`).join(", ")}`, {
    ...chartSize,
    height: 300,
    ...margins,
    x: { ...share("confidence"), labelAnchor: "right", grid: false },
    y: {
      ...axis,
      type: "log",
      label: "examples",
      domain: [0.7, Math.max(10, most)],
      ticks: [1, 10, 100, 1000, 10_000, 100_000].filter((tick) => tick <= Math.max(10, most)),
      tickFormat: count,
    },
    marks: [
      Plot.rect([...bins], {
        x1: "low",
        x2: "high",
        y1: () => 0.7,
        y2: "examples",
        inset: 0.8,
        fill: colorOf(0),
        fillOpacity: 0.75,
        title: (bin: FilledBin) => `${range(bin)} sure: ${count(bin.examples)} examples`,
      }),
    ],
  })
}

const verdict = ({ accuracy, bins, confidence, expectedError }: Calibration) => {
  const difference = confidence - accuracy
  const tendency =
    Math.abs(difference) < 0.0005
      ? "on the whole as sure as it is right"
      : difference > 0
        ? "more sure than right (overconfident)"
        : "more often right than sure (underconfident)"
  return `It is ${tendency}: ${percent(confidence)} sure on average, ${percent(accuracy)} right. Expected calibration error ${percent(expectedError)}: the mean distance between the two, over ${bins.length} bins of confidence.`
}

export const calibrationOf = ({ classes, labels, probabilities }: Predictions): Calibration =>
  calibration(labels, probabilities, classes)

export const calibrationSection = (found: Calibration): Section => {
  const bins = found.bins.filter(isFilled)
  const data = table({
    caption: "Answers by confidence",
    columns: [
      "confidence",
      { name: "examples", figures: true },
      { name: "mean confidence", figures: true },
      { name: "right", figures: true },
      { name: "95 % interval", figures: true },
    ],
    rows: bins.map((bin) => [
      range(bin),
      count(bin.examples),
      percent(bin.confidence),
      percent(bin.accuracy.value),
      `${percent(bin.accuracy.low)} to ${percent(bin.accuracy.high)}`,
    ]),
  })
  return {
    id: "calibration",
    title: "Calibration",
    content: [
      paragraph(verdict(found)),
      gallery([
        figure({
          title: "Is it right as often as it is sure?",
          caption: "On the dashed line it is. Bars are 95 % intervals: few examples, long bar.",
          picture: reliability(bins, found.expectedError),
          data,
        }),
        figure({
          title: "How sure it is",
          caption: "Examples by the probability of the answer, on a logarithmic scale.",
          picture: frequency(bins),
          data,
        }),
      ]),
    ],
  }
}
