/**
 * TensorBoard's event file: the rows of metrics.ndjson and histograms of the weights, exactly once over all attempts.
 *
 * Each attempt appends to its own file. The file begins with the events up to the iteration from which the attempt resumed, and
 * replaces the files of earlier attempts; later events and a torn last event are dropped. Events of an iteration are appended
 * and synced before the checkpoint that follows them. Events of the whole run have step 0 and are a function of the experiment:
 * each attempt writes them again, so an extended budget shows. The end of a run is one of them. The test result comes last; a
 * resume drops it, because the resumed run is tested again.
 *
 * No clock is read: the time of an event is the start of the run plus a millisecond for each iteration, in order and hardly ever
 * in the future. So the file of a resumed run has the same bytes as that of an uninterrupted one; between two runs only times
 * differ.
 */
import { Effect, Path } from "effect"
import type { Metric } from "../../schemas/Metric.ts"
import * as files from "../files.ts"
import { histogramOf } from "./histogram.ts"
import { decodeEvent, encodeEvent, type Event, type EventContent, type SummaryValue } from "./proto.ts"
import { encodeRecord, readRecords } from "./records.ts"
import { sessionEnd } from "./session.ts"

export interface EventLog {
  /** The run directory. */
  readonly folder: string
  readonly attempt: number
  /** The start of the run, in seconds since 1970. */
  readonly startedAt: number
  /** The events of the whole run: its graph, images and hyper-parameters. */
  readonly opening: ReadonlyArray<EventContent>
}

/** One of the network's weights, as it was measured. */
export interface Weight {
  /** `<layer>/<weight>` */
  readonly name: string
  readonly data: Float32Array
}

/** Readers look for `tfevents` in the name and take the number for the time the file was begun. */
export const eventFile = (startedAt: number, attempt: number) =>
  `events.out.tfevents.${Math.floor(startedAt)}.tidemark.${String(attempt).padStart(4, "0")}`

const ownFile = ({ attempt, folder, startedAt }: EventLog) =>
  Effect.map(Path.Path, (paths) => paths.join(folder, eventFile(startedAt, attempt)))

/** Event files of a run, the newest last; older versions had one for all attempts, without a number. */
const eventFiles = (folder: string) =>
  Effect.map(files.list(folder), (names) =>
    names.filter((name) => /^events\.out\.tfevents\.\d+\.tidemark(\.\d{4,})?$/.test(name)),
  )

const encode = ({ startedAt }: Pick<EventLog, "startedAt">, step: number, content: EventContent) =>
  encodeRecord(encodeEvent({ wallTime: startedAt + step / 1000, step, ...content }))

/** Every figure of a row is a scalar of its own, as `train/loss`. */
const scalarsOf = (row: Metric): EventContent => {
  const { epoch: _epoch, iteration: _iteration, split, ...rest } = row
  const { metrics, ...figures } = "metrics" in rest ? rest : { ...rest, metrics: undefined }
  const value = Object.entries({ ...figures, ...metrics }).map(([name, value]) => ({
    tag: `${split}/${name}`,
    simpleValue: value,
  }))
  return { summary: { value } }
}

const rowsOf = (log: EventLog, rows: ReadonlyArray<Metric>) =>
  rows.map((row) => encode(log, row.iteration, scalarsOf(row)))

/** The rows of an iteration, and histograms of the weights that were measured with them. */
export const appendEvents = Effect.fn("appendEvents")(function* (
  log: EventLog,
  iteration: number,
  rows: ReadonlyArray<Metric>,
  weights: ReadonlyArray<Weight>,
) {
  const records = rowsOf(log, rows)
  const value: Array<SummaryValue> = []
  for (const { data, name } of weights) {
    const histo = histogramOf(data)
    if (histo !== undefined) value.push({ tag: name, histo })
    yield* Effect.yieldNow
  }
  if (value.length > 0) records.push(encode(log, iteration, { summary: { value } }))
  if (records.length > 0) yield* files.append(yield* ownFile(log), Buffer.concat(records))
})

const testTag = (name: string) => `test/${name}`

const isTestResult = (event: Event | undefined) =>
  event !== undefined &&
  "summary" in event &&
  event.summary.value.some(({ tag }) => tag.startsWith(testTag("")))

/**
 * Replaces the test result in the run's newest file, which an earlier attempt may have written, so that a repeated test adds
 * no second event. `iteration` is that of the tested model. Without a file there is nothing to add to.
 */
export const writeTestEvents = Effect.fn("writeTestEvents")(function* (
  { folder, startedAt }: Pick<EventLog, "folder" | "startedAt">,
  iteration: number,
  figures: Readonly<Record<string, number>>,
) {
  const paths = yield* Path.Path
  const newest = (yield* eventFiles(folder)).at(-1)
  if (newest === undefined) return
  const file = paths.join(folder, newest)
  const found = (yield* files.readIfExists(file)) ?? new Uint8Array()
  const records = readRecords(found)
    .filter(({ message }) => !isTestResult(decodeEvent(message)))
    .map(({ record }) => record)
  const value = Object.entries(figures).map(([name, figure]) => ({ tag: testTag(name), simpleValue: figure }))
  const content = Buffer.concat([...records, encode({ startedAt }, iteration, { summary: { value } })])
  if (!content.equals(found)) yield* files.writeAtomic(file, content)
})

/** Training is over: until a resume with a larger budget. */
export const endEvents = Effect.fn("endEvents")(function* (log: EventLog) {
  yield* files.append(yield* ownFile(log), encode(log, 0, sessionEnd()))
})

/** A row of the validation split, or the histograms that are made with it. */
const isEvaluation = (event: Event | undefined) =>
  event !== undefined &&
  "summary" in event &&
  event.summary.value.some((value) => "histo" in value || value.tag.startsWith("validation/"))

/**
 * Begins the attempt's file with the run's opening and the events up to `iteration`. Rows of metrics that have no event are given theirs: those
 * of the run that this one was forked from, or of a file that was deleted or damaged. `unevaluated`: iterations whose
 * evaluation is dropped, and with it the histograms.
 */
export const beginEvents = Effect.fn("beginEvents")(function* (
  log: EventLog,
  iteration: number,
  rows: ReadonlyArray<Metric>,
  unevaluated: ReadonlySet<number> = new Set(),
) {
  const paths = yield* Path.Path
  const earlier = yield* eventFiles(log.folder)
  const newest = earlier.at(-1)
  const found =
    (newest === undefined ? undefined : yield* files.readIfExists(paths.join(log.folder, newest))) ??
    new Uint8Array()
  const records = [{ fileVersion: "brain.Event:2" }, ...log.opening].map((content) => encode(log, 0, content))
  let last = 0
  for (const { message, record } of readRecords(found)) {
    const event = decodeEvent(message)
    const step = event?.step ?? 0
    if (step === 0 || step > iteration || isTestResult(event)) continue
    if (unevaluated.has(step) && isEvaluation(event)) continue
    records.push(record)
    last = step
  }
  const missing = rows.filter((row) => row.iteration > last && row.iteration <= iteration)
  const content = Buffer.concat([...records, ...rowsOf(log, missing)])
  yield* files.writeAtomic(yield* ownFile(log), content)
  const own = eventFile(log.startedAt, log.attempt)
  for (const name of earlier) if (name < own) yield* files.remove(paths.join(log.folder, name))
})
