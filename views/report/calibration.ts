/** Calibration: (test predictions) -> the section with a reliability diagram and a confidence histogram. */
import { type Calibration, calibration, type CalibrationBin } from "../../stages/statistics/calibration.ts"
import { wilsonInterval } from "../../stages/statistics/proportions.ts"
import { chartSize, draw, Plot } from "../page/draw.ts"
import { figure, gallery } from "../page/figures.ts"
import { paragraph, type Section } from "../page/page.ts"
import { seriesColor } from "../page/style.ts"
import { table } from "../page/tables.ts"
import type { Predictions } from "../../storage/predictions.ts"
import { count, percent } from "../../format/numbers.ts"

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
  draw(`Reliability diagram: accuracy by confidence; expected calibration error ${percent(expectedError)}`, {
    ...chartSize,
    height: 300,
    ...margins,
    x: { ...share("confidence"), labelAnchor: "right" },
    y: share("accuracy"),
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
        stroke: seriesColor(0),
        strokeOpacity: 0.55,
        strokeWidth: 2,
      }),
      Plot.dot([...bins], {
        x: "confidence",
        y: ({ accuracy }: FilledBin) => accuracy.value,
        r: 3.5,
        fill: seriesColor(0),
        title: (bin: FilledBin) =>
          `confidence ${range(bin)}: accuracy ${percent(bin.accuracy.value)} over ${count(bin.examples)} examples`,
      }),
    ],
  })

const histogram = (bins: ReadonlyArray<FilledBin>) => {
  const most = Math.max(...bins.map(({ examples }) => examples))
  return draw(`Examples by confidence: ${bins.map((bin) => `${range(bin)}: ${bin.examples}`).join(", ")}`, {
    ...chartSize,
    height: 300,
    ...margins,
    x: { ...share("confidence"), labelAnchor: "right", grid: false },
    y: {
      ...axis,
      type: "log",
      label: "examples (log scale)",
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
        fill: seriesColor(0),
        fillOpacity: 0.75,
        title: (bin: FilledBin) => `confidence ${range(bin)}: ${count(bin.examples)} examples`,
      }),
    ],
  })
}

const verdict = ({ accuracy, bins, confidence, expectedError }: Calibration) => {
  const examples = bins.reduce((sum, bin) => sum + bin.examples, 0)
  const { high, low } = wilsonInterval(Math.round(accuracy * examples), examples)
  const tendency =
    confidence >= low && confidence <= high
      ? "well calibrated on average, within the interval of its accuracy"
      : confidence > high
        ? "overconfident"
        : "underconfident"
  return `The model is ${tendency}: its mean confidence is ${percent(confidence)}, its accuracy ${percent(accuracy)} (95 % interval ${percent(low)} to ${percent(high)}). The expected calibration error is ${percent(expectedError)}: the mean gap between confidence and accuracy, over ${bins.length} bins.`
}

export const calibrationOf = ({ classes, labels, probabilities }: Predictions): Calibration =>
  calibration(labels, probabilities, classes)

export const calibrationSection = (found: Calibration): Section => {
  const bins = found.bins.filter(isFilled)
  const data = table({
    caption: "Predictions by confidence",
    columns: [
      "confidence",
      { name: "examples", numeric: true },
      { name: "mean confidence", numeric: true },
      { name: "accuracy", numeric: true },
      { name: "95 % interval", numeric: true },
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
          title: "Reliability diagram",
          caption: "Points on the dashed line are perfectly calibrated. Vertical bars are 95 % intervals.",
          picture: reliability(bins, found.expectedError),
          data,
        }),
        figure({
          title: "Confidence histogram",
          caption: "Number of examples by the probability of the predicted class.",
          picture: histogram(bins),
          data,
        }),
      ]),
    ],
  }
}
