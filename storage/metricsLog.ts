/**
 * metrics.ndjson: one row a measurement, exactly once each over all attempts.
 *
 * Rows are appended and synced before the checkpoint that comes after them. A resume from iteration i drops every row
 * after i (and a torn last line), because the train loop will measure them again, to the same bytes.
 */
import { Effect, Schema } from "effect"
import { Metric } from "../schemas/Metric.ts"
import * as files from "./files.ts"

const MetricText = Schema.fromJsonString(Metric)
const encodeMetric = Schema.encodeSync(MetricText)
const decodeMetric = Schema.decodeUnknownEffect(MetricText)

export const appendMetrics = Effect.fn("appendMetrics")(function* (
  path: string,
  rows: ReadonlyArray<Metric>,
) {
  if (rows.length > 0) yield* files.append(path, rows.map((row) => `${encodeMetric(row)}\n`).join(""))
})

/** Every whole row; what cannot be read as one is left out. */
export const readMetrics = Effect.fn("readMetrics")(function* (path: string) {
  const text = (yield* files.readStringIfExists(path)) ?? ""
  const rows: Array<Metric> = []
  for (const line of text.split("\n")) {
    const row = yield* decodeMetric(line).pipe(Effect.option)
    if (row._tag === "Some") rows.push(row.value)
  }
  return rows
})

/** Writes the rows of one log up to `iteration` as another. */
export const copyMetrics = Effect.fn("copyMetrics")(function* (from: string, to: string, iteration: number) {
  const rows = (yield* readMetrics(from)).filter((row) => row.iteration <= iteration)
  yield* files.writeAtomic(to, rows.map((row) => `${encodeMetric(row)}\n`).join(""))
  return rows
})

/** Leaves exactly the rows up to `iteration`, and answers them. */
export const rewindMetrics = (path: string, iteration: number) => copyMetrics(path, path, iteration)
