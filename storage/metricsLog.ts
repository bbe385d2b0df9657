/**
 * The rows of metrics of a run: one row a measurement, exactly once each over all attempts.
 *
 * While it trains, an attempt appends to a file of its own, `metrics/0002.ndjson`, which begins with the rows up to the
 * iteration it resumed from: no other process ever appends to it. When training has ended they become `metrics.ndjson`, whole.
 * Rows are appended and synced before the checkpoint that comes after them; those after the checkpoint of a resume (and a torn
 * last line) are dropped, because the train loop measures them again, to the same bytes.
 */
import { Effect, Path, Schema } from "effect"
import { Metric } from "../schemas/Metric.ts"
import { attemptName } from "./attempts.ts"
import * as files from "./files.ts"
import { listNow } from "./filesNow.ts"
import { layout } from "./runDirectory.ts"

const MetricText = Schema.fromJsonString(Metric)
const encodeMetric = Schema.encodeSync(MetricText)
const decodeMetric = Schema.decodeUnknownEffect(MetricText)

const render = (rows: ReadonlyArray<Metric>) => rows.map((row) => `${encodeMetric(row)}\n`).join("")

/** The metrics of a run, as one of its attempts writes them. */
export interface MetricsLog {
  readonly runPath: string
  readonly attempt: number
}

const attemptsIn = Effect.fnUntraced(function* (runPath: string) {
  const paths = yield* Path.Path
  return (yield* listNow(paths.join(runPath, layout.attemptMetrics))).filter((name) =>
    /^\d{4,}\.ndjson$/.test(name),
  )
})

const ownFile = ({ attempt, runPath }: MetricsLog) =>
  Effect.map(Path.Path, (paths) => paths.join(runPath, layout.attemptMetrics, attemptName(attempt, "ndjson")))

/** The file that holds the run's rows now: the newest attempt's, or the whole of a run that is not training. */
export const metricsFile = Effect.fn("metricsFile")(function* (runPath: string) {
  const paths = yield* Path.Path
  const newest = (yield* attemptsIn(runPath)).at(-1)
  return newest === undefined
    ? paths.join(runPath, layout.metrics)
    : paths.join(runPath, layout.attemptMetrics, newest)
})

/** Every whole row; what cannot be read as one is skipped. */
const parse = Effect.fnUntraced(function* (text: string) {
  const rows: Array<Metric> = []
  for (const line of text.split("\n")) {
    const row = yield* decodeMetric(line).pipe(Effect.option)
    if (row._tag === "Some") rows.push(row.value)
  }
  return rows
})

/** Every row of a run. */
export const readMetrics = Effect.fn("readMetrics")(function* (runPath: string) {
  return yield* parse((yield* files.readStringIfExists(yield* metricsFile(runPath))) ?? "")
})

/** Begins an attempt's file with the rows up to `iteration` that stay; returns them, and the others up to `iteration`. */
export const beginMetrics = Effect.fn("beginMetrics")(function* (
  log: MetricsLog,
  iteration: number,
  stays: (row: Metric) => boolean = () => true,
) {
  const paths = yield* Path.Path
  const found = (yield* readMetrics(log.runPath)).filter((row) => row.iteration <= iteration)
  const rows = found.filter(stays)
  yield* files.makeInnerFolder(paths.join(log.runPath, layout.attemptMetrics))
  yield* files.writeAtomic(yield* ownFile(log), render(rows))
  yield* removeUpTo(log, log.attempt - 1)
  return { rows, dropped: found.filter((row) => !stays(row)) }
})

export const appendMetrics = Effect.fn("appendMetrics")(function* (
  log: MetricsLog,
  rows: ReadonlyArray<Metric>,
) {
  if (rows.length > 0) yield* files.append(yield* ownFile(log), render(rows))
})

/** Training has ended: the attempt's rows become `metrics.ndjson`. */
export const publishMetrics = Effect.fn("publishMetrics")(function* (log: MetricsLog) {
  const paths = yield* Path.Path
  yield* files.writeAtomic(
    paths.join(log.runPath, layout.metrics),
    yield* files.readString(yield* ownFile(log)),
  )
  yield* removeUpTo(log, log.attempt)
})

/** Deletes the files of attempts up to `attempt`, and the folder once nothing is left in it. */
const removeUpTo = Effect.fnUntraced(function* ({ runPath }: MetricsLog, attempt: number) {
  const paths = yield* Path.Path
  const folder = paths.join(runPath, layout.attemptMetrics)
  const names = yield* attemptsIn(runPath)
  const old = names.filter((name) => Number.parseInt(name, 10) <= attempt)
  yield* Effect.forEach(old, (name) => files.remove(paths.join(folder, name)))
  if (old.length === names.length) yield* files.remove(folder)
})

/** Writes the rows of a run up to `iteration` as the metrics of another run, which does not train yet. */
export const copyMetrics = Effect.fn("copyMetrics")(function* (
  runPath: string,
  other: string,
  iteration: number,
) {
  const paths = yield* Path.Path
  const rows = (yield* readMetrics(runPath)).filter((row) => row.iteration <= iteration)
  yield* files.writeAtomic(paths.join(other, layout.metrics), render(rows))
})
