/** Learning curves: (records) -> the section with loss, error, accuracy, learning rate and speed, or null without data. */
import type { TrainMetric, ValidationMetric } from "../../schemas/Metric.ts"
import type { LineChart } from "../page/lineChart.ts"
import { gallery } from "../page/figures.ts"
import { paragraph, type Section } from "../page/page.ts"
import { table } from "../page/tables.ts"
import { curveFigure, right, sampled, seriesOf, span } from "./curveFigure.ts"
import { learningRateFigure } from "./learningRate.ts"
import type { RunRecords } from "./RunRecords.ts"
import { count, measure, percent, percentTick } from "../../format/numbers.ts"

interface Curves {
  readonly train: ReadonlyArray<TrainMetric>
  readonly validation: ReadonlyArray<ValidationMetric>
  /** Where attempts resumed: a vertical line in every chart. */
  readonly events: NonNullable<LineChart["events"]>
}

/** Loss or error of both splits. */
const bothSplits = (
  { events, train, validation }: Curves,
  options: { readonly of: "loss" | "error"; readonly title: string; readonly caption: string },
) => {
  if (train.length + validation.length === 0) return null
  const { caption, of, title } = options
  const write = of === "loss" ? measure : percent
  const trained = new Map(train.map((row) => [row.iteration, row[of]]))
  const evaluated = new Map(validation.map((row) => [row.iteration, row[of]]))
  const cell = (value: number | undefined) => (value === undefined ? "–" : write(value))
  const change = (name: string, rows: ReadonlyArray<TrainMetric | ValidationMetric>) =>
    rows.length === 0 ? [] : [`${name} from ${write(rows[0][of])} to ${write(rows[rows.length - 1][of])}`]
  return curveFigure(
    {
      title,
      caption,
      alternative: `${title} over ${span(train.length > 0 ? train : validation)}: ${[...change("training", train), ...change("validation", validation)].join(", ")}`,
      y: { label: of, scale: "magnitude", ...(of === "error" ? { format: percentTick } : {}) },
      series: [
        { ...seriesOf("training", train, (row) => row[of], write), dots: false },
        seriesOf("validation", validation, (row) => row[of], write),
      ].filter(({ points }) => points.length > 0),
      data: table({
        caption: `${title} by iteration`,
        columns: [right("iteration"), right("training"), right("validation")],
        rows: sampled([...(validation.length > 0 ? evaluated : trained).keys()]).map((iteration) => [
          count(iteration),
          cell(trained.get(iteration)),
          cell(evaluated.get(iteration)),
        ]),
      }),
    },
    events,
  )
}

const accuracyFigure = ({ events, validation }: Curves) => {
  if (validation.length === 0) return null
  const best = validation.reduce((a, b) => (b.accuracy > a.accuracy ? b : a))
  const last = validation[validation.length - 1]
  const sentence = `Highest: ${percent(best.accuracy)}, at iteration ${count(best.iteration)}. Last: ${percent(last.accuracy)}.`
  return curveFigure(
    {
      title: "Validation accuracy",
      caption: sentence,
      alternative: `Validation accuracy over ${span(validation)}. ${sentence}`,
      y: { label: "accuracy", format: percentTick, scale: "complement" },
      series: [seriesOf("validation", validation, ({ accuracy }) => accuracy, percent)],
      data: table({
        caption: "Validation by iteration",
        columns: [right("iteration"), right("epoch"), right("accuracy"), right("loss")],
        rows: sampled(validation).map(({ accuracy, epoch, iteration, loss }) => [
          count(iteration),
          epoch.toFixed(2),
          percent(accuracy),
          measure(loss),
        ]),
      }),
    },
    events,
  )
}

const speedFigure = ({ header, speeds }: RunRecords, events: Curves["events"]) => {
  const { batchSize } = header.experiment
  if (speeds.length === 0 || typeof batchSize !== "number") return null
  const rows = speeds.map((speed) => ({ ...speed, images: speed.iterationsPerSecond * batchSize }))
  const images = rows.map(({ images }) => images)
  const [low, high] = [Math.min(...images), Math.max(...images)]
  const attempts = [...new Set(rows.map(({ attempt }) => attempt))]
  return curveFigure(
    {
      title: "Speed",
      caption:
        "Training images per second, measured from one evaluation to the next by the times in the log.",
      alternative: `Training images per second over ${span(rows)}: between ${measure(low)} and ${measure(high)}`,
      y: { label: "images/s", domain: [0, high] },
      series: attempts.map((number) =>
        seriesOf(
          `attempt ${number}`,
          rows.filter(({ attempt }) => attempt === number),
          ({ images }) => images,
          measure,
        ),
      ),
      data: table({
        caption: "Speed by iteration",
        columns: [right("up to iteration"), right("attempt"), right("images/s")],
        rows: sampled(rows).map(({ attempt, images, iteration }) => [
          count(iteration),
          attempt,
          measure(images),
        ]),
      }),
    },
    events,
  )
}

export const curvesSection = (records: RunRecords): Section | null => {
  const { attempts, metrics } = records
  const train = metrics.filter((row): row is TrainMetric => row.split === "train")
  const events = attempts.flatMap(({ number, resumedFrom }) =>
    resumedFrom !== null && resumedFrom > 0
      ? [{ x: resumedFrom, tooltip: `attempt ${number} resumed from iteration ${count(resumedFrom)}` }]
      : [],
  )
  const curves: Curves = {
    train,
    validation: metrics.filter((row): row is ValidationMetric => row.split === "validation"),
    events,
  }
  const figures = [
    bothSplits(curves, {
      of: "loss",
      title: "Loss",
      caption: [
        ...(train.length === 0
          ? []
          : [`Training: the mean over the previous ${count(train[0].iteration)} iterations.`]),
        ...(curves.validation.length === 0 ? [] : ["Validation: the mean over the validation split."]),
      ].join(" "),
    }),
    bothSplits(curves, {
      of: "error",
      title: "Error",
      caption: "Share of misclassified examples, over the same examples as the loss.",
    }),
    accuracyFigure(curves),
    learningRateFigure(records, train, events),
    speedFigure(records, events),
  ].filter((found) => found !== null)
  if (figures.length === 0) return null
  const resumes =
    events.length === 0 ? null : paragraph("A dotted line marks where an attempt resumed from a checkpoint.")
  return { id: "curves", title: "Learning curves", content: [resumes, gallery(figures)] }
}
