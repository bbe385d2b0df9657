/**
 * When training started and when it was evaluated: (log.ndjson) -> events with their times, and the speed between them.
 *
 * Rows of metrics hold no times, so that they are the same bytes in every run; the log does. Only fields are read, never the
 * text of a line. Logs of versions before these fields have no events, and so give no speed.
 */
import { Effect, Schema } from "effect"
import { TrainEvent } from "../schemas/TrainEvent.ts"
import { readStringNow } from "../storage/filesNow.ts"

export interface LoggedEvent extends TrainEvent {
  readonly attempt: number
  readonly atMs: number
}

const decodeLine = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Struct({ time: Schema.String, attempt: Schema.Int, ...TrainEvent.fields })),
)

/** Every event of every attempt, in order; lines without one are skipped. */
export const readTrainEvents = Effect.fnUntraced(function* (path: string) {
  const text = yield* readStringNow(path).pipe(Effect.orElseSucceed(() => undefined))
  const events: Array<LoggedEvent> = []
  for (const line of (text ?? "").split("\n")) {
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

/** Speed from the start of an attempt to its first evaluation, and then between evaluations, each evaluation included. */
export const speedsOf = (events: ReadonlyArray<LoggedEvent>): ReadonlyArray<Speed> =>
  events.flatMap(({ atMs, attempt, event, iteration }, i) => {
    const before = events[i - 1]
    if (event !== "evaluated" || before?.attempt !== attempt || atMs <= before.atMs) return []
    const iterationsPerSecond = (iteration - before.iteration) / ((atMs - before.atMs) / 1000)
    return iterationsPerSecond > 0 ? [{ attempt, iteration, iterationsPerSecond }] : []
  })
