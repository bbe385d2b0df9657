/** Learning curves: (records) -> the section with loss, error, accuracy, learning rate and speed, or null without data. */
import type { Metric } from "../../schemas/Metric.ts"
import { percentTick } from "../page/axis.ts"
import { type LineChart, lineChart, type Point, type Series } from "../page/lineChart.ts"
import { figure, gallery } from "../page/figures.ts"
import type { Html } from "../page/html.ts"
import { paragraph, type Section } from "../page/page.ts"
import { type Column, table } from "../page/tables.ts"
import type { RunRecords } from "./RunRecords.ts"
import { count, measure, percent } from "../../format/numbers.ts"

type TrainRow = Extract<Metric, { readonly split: "train" }>
type ValidationRow = Extract<Metric, { readonly split: "validation" }>

interface Curves {
  readonly train: ReadonlyArray<TrainRow>
  readonly validation: ReadonlyArray<ValidationRow>
  /** Where attempts resumed: a vertical line in every chart. */
  readonly events: NonNullable<LineChart["events"]>
}

/** Points per curve: more would not be visible and would make the page large. */
const pointsDrawn = 400
/** Curves with more points are drawn without dots. */
const maxDots = 60
const rowsShown = 40

/** All points of a short curve; of a long one, means over equal ranges, each drawn at the last iteration of its range. */
const thinned = (points: ReadonlyArray<Point>): ReadonlyArray<Point> => {
  const length = Math.ceil(points.length / pointsDrawn)
  if (length <= 1) return points
  return Array.from({ length: Math.ceil(points.length / length) }, (_, i) => {
    const part = points.slice(i * length, (i + 1) * length)
    return { x: part[part.length - 1].x, y: part.reduce((sum, { y }) => sum + y, 0) / part.length }
  })
}

/** All rows, or evenly spaced ones if there are many; always with the last one. */
const sampled = <Row>(rows: ReadonlyArray<Row>): ReadonlyArray<Row> => {
  const every = Math.ceil(rows.length / rowsShown)
  return rows.filter((_, i) => (i + 1) % every === 0 || i === rows.length - 1)
}

const right = (name: string): Column => ({ name, numeric: true })

type Rows = ReadonlyArray<{ readonly iteration: number }>
const span = (rows: Rows) =>
  `iterations ${count(rows[0].iteration)} to ${count(rows[rows.length - 1].iteration)}`

/** A series with one point per row. */
const seriesOf = <Row extends { readonly iteration: number }>(
  name: string,
  rows: ReadonlyArray<Row>,
  value: (row: Row) => number,
  write: (value: number) => string,
): Series => {
  const dots = rows.length <= maxDots
  const points = rows.map((row) => {
    const [x, y] = [row.iteration, value(row)]
    return dots ? { x, y, tooltip: `${name}, iteration ${count(x)}: ${write(y)}` } : { x, y }
  })
  return { name, dots, points: thinned(points) }
}

interface CurveFigure {
  readonly title: string
  readonly caption: string
  readonly alternative: string
  readonly y: LineChart["y"]
  readonly series: ReadonlyArray<Series>
  readonly data: Html
}

const curveFigure = (
  { alternative, caption, data, series, title, y }: CurveFigure,
  events: Curves["events"],
) => {
  const picture = lineChart({ alternative, x: { label: "iteration" }, y, series, events })
  return picture === null ? null : figure({ title, caption, picture, data })
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
  const change = (name: string, rows: ReadonlyArray<TrainRow | ValidationRow>) =>
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
      y: { label: "accuracy", format: percentTick },
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

const learningRateFigure = ({ events, train }: Curves) => {
  if (train.length === 0) return null
  const rates = train.map(({ learningRate }) => learningRate)
  const [low, high] = [Math.min(...rates), Math.max(...rates)]
  return curveFigure(
    {
      title: "Learning rate",
      caption:
        low === high
          ? `Constant: ${measure(high)}.`
          : `From ${measure(rates[0])} to ${measure(rates[rates.length - 1])}.`,
      alternative: `Learning rate over ${span(train)}: between ${measure(low)} and ${measure(high)}`,
      y: { label: "learning rate", domain: [0, high] },
      series: [
        { ...seriesOf("learning rate", train, ({ learningRate }) => learningRate, measure), dots: false },
      ],
      data: table({
        caption: "Learning rate by iteration",
        columns: [right("iteration"), right("learning rate")],
        rows: sampled(train).map(({ iteration, learningRate }) => [count(iteration), measure(learningRate)]),
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
  const train = metrics.filter((row): row is TrainRow => row.split === "train")
  const events = attempts.flatMap(({ number, resumedFrom }) =>
    resumedFrom !== null && resumedFrom > 0
      ? [{ x: resumedFrom, tooltip: `attempt ${number} resumed from iteration ${count(resumedFrom)}` }]
      : [],
  )
  const curves: Curves = {
    train,
    validation: metrics.filter((row): row is ValidationRow => row.split === "validation"),
    events,
  }
  const figures = [
    bothSplits(curves, {
      of: "loss",
      title: "Loss",
      caption: `Training: the mean over the previous ${count(train[0]?.iteration ?? 0)} iterations. Validation: the mean over the validation split.`,
    }),
    bothSplits(curves, {
      of: "error",
      title: "Error",
      caption: "Share of misclassified examples, over the same examples as the loss.",
    }),
    accuracyFigure(curves),
    learningRateFigure(curves),
    speedFigure(records, events),
  ].filter((found) => found !== null)
  if (figures.length === 0) return null
  const resumes =
    events.length === 0 ? null : paragraph("A dotted line marks where an attempt resumed from a checkpoint.")
  return { id: "curves", title: "Learning curves", content: [resumes, gallery(figures)] }
}
