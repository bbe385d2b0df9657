/**
 * When training started and when it was evaluated: (run directory) -> events with their times, and the speed between them.
 *
 * Rows of metrics hold no times, so that they are the same bytes in every run; the log does. Only fields are read, never the
 * text of a line. Logs of versions before these fields have no events, and so give no speed.
 */
import { Effect, Path, Schema } from "effect"
import { TrainEvent } from "../schemas/TrainEvent.ts"
import { listNow, readStringNow } from "../storage/filesNow.ts"
import { layout } from "../storage/runDirectory.ts"

export interface LoggedEvent extends TrainEvent {
  readonly attempt: number
  readonly atMs: number
}

const decodeLine = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Struct({ time: Schema.String, attempt: Schema.Int, ...TrainEvent.fields })),
)

/** Every line of the logs of a run, attempt after attempt. */
const readLog = Effect.fnUntraced(function* (runPath: string) {
  const paths = yield* Path.Path
  const folder = paths.join(runPath, layout.log)
  const names = yield* listNow(folder).pipe(Effect.orElseSucceed(() => []))
  const files = [paths.join(runPath, layout.sharedLog), ...names.map((name) => paths.join(folder, name))]
  const texts = yield* Effect.forEach(files, (file) =>
    Effect.orElseSucceed(readStringNow(file), () => undefined),
  )
  return texts.flatMap((text) => (text === undefined ? [] : text.split("\n")))
})

/** Every event of every attempt, in order; lines without one are skipped. */
export const readTrainEvents = Effect.fnUntraced(function* (runPath: string) {
  const events: Array<LoggedEvent> = []
  for (const line of yield* readLog(runPath)) {
    const decoded = yield* decodeLine(line).pipe(Effect.option)
    if (decoded._tag === "None") continue
    const { attempt, event, iteration, time } = decoded.value
    events.push({ attempt, atMs: Date.parse(time), event, iteration })
  }
  return events
})

export interface Speed {
  readonly attempt: number
  /** The iteration up to which it was measured. */
  readonly iteration: number
  readonly iterationsPerSecond: number
}

interface Interval {
  readonly attempt: number
  /** The iteration at its end. */
  readonly iteration: number
  readonly iterations: number
  readonly ms: number
}

/** From the start of an attempt to its first evaluation, and then between evaluations, each evaluation included. */
export const intervalsOf = (events: ReadonlyArray<LoggedEvent>): ReadonlyArray<Interval> =>
  events.flatMap(({ atMs, attempt, event, iteration }, i) => {
    const before = events[i - 1]
    if (event !== "evaluated" || before?.attempt !== attempt || atMs <= before.atMs) return []
    const iterations = iteration - before.iteration
    return iterations > 0 ? [{ attempt, iteration, iterations, ms: atMs - before.atMs }] : []
  })

export const speedsOf = (events: ReadonlyArray<LoggedEvent>): ReadonlyArray<Speed> =>
  intervalsOf(events).map(({ attempt, iteration, iterations, ms }) => ({
    attempt,
    iteration,
    iterationsPerSecond: iterations / (ms / 1000),
  }))
