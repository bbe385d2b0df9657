/**
 * When evaluations were made, from the log: (log.ndjson) -> samples. Rows of metrics hold no times, so that they are the
 * same bytes in every run; the log does.
 */
import { Effect, Schema } from "effect"
import { readStringNow } from "../storage/filesNow.ts"

export interface Sample {
  readonly atMs: number
  readonly iteration: number
}

export interface LoggedSample extends Sample {
  readonly attempt: number
}

const LogLine = Schema.fromJsonString(
  Schema.Struct({
    time: Schema.String,
    attempt: Schema.Int,
    stage: Schema.optionalKey(Schema.String),
    msg: Schema.String,
  }),
)
const decodeLine = Schema.decodeUnknownEffect(LogLine)

const readLines = Effect.fnUntraced(function* (path: string) {
  const text = yield* readStringNow(path).pipe(Effect.orElseSucceed(() => undefined))
  const lines: Array<typeof LogLine.Type> = []
  for (const line of (text ?? "").split("\n")) {
    const decoded = yield* decodeLine(line).pipe(Effect.option)
    if (decoded._tag === "Some") lines.push(decoded.value)
  }
  return lines
})

/** Every evaluation that was logged, in order. */
export const readProgressLog = Effect.fnUntraced(function* (path: string) {
  const samples: Array<LoggedSample> = []
  for (const { attempt, msg, time } of yield* readLines(path)) {
    const iteration = Number(/^iteration (\d+):/.exec(msg)?.[1])
    if (iteration > 0) samples.push({ atMs: Date.parse(time), iteration, attempt })
  }
  return samples
})

export interface Speed {
  readonly attempt: number
  /** The iteration up to which it was measured. */
  readonly iteration: number
  readonly iterationsPerSecond: number
}

/**
 * Speed between two evaluations, the second one included. An attempt's first stretch begins with the line that was logged
 * before it: where training went on, or the end of the stage before.
 */
export const readSpeeds = Effect.fnUntraced(function* (path: string) {
  const speeds: Array<Speed> = []
  let before: LoggedSample | undefined
  for (const { attempt, msg, time } of yield* readLines(path)) {
    const [, wentOnFrom] = /^going on from iteration (\d+)/.exec(msg) ?? []
    const [, evaluatedAt] = /^iteration (\d+):/.exec(msg) ?? []
    const sample = { attempt, atMs: Date.parse(time), iteration: Number(evaluatedAt ?? wentOnFrom ?? 0) }
    if (evaluatedAt !== undefined && before?.attempt === attempt && sample.atMs > before.atMs) {
      const iterationsPerSecond = (sample.iteration - before.iteration) / ((sample.atMs - before.atMs) / 1000)
      if (iterationsPerSecond > 0) speeds.push({ attempt, iteration: sample.iteration, iterationsPerSecond })
    }
    before = sample
  }
  return speeds
})
