/** A row of the table of runs: (header, summary, live figures) -> RunRow. */
import { Clock, Effect, Path } from "effect"
import { formatVersion } from "../../schemas/Run.ts"
import type { RunHeader } from "../../storage/runHeader.ts"
import { datasetOf, newestIteration, summarize } from "../../inspect/summary.ts"
import type { RunRow, RunState } from "../messages.ts"
import type { Progress } from "./progress.ts"

/** A new run may have no attempt for this long. */
const startingMs = 60_000

export const stateOf = ({ attempts, createdAt, status }: RunHeader, nowMs: number): RunState => {
  const last = attempts.at(-1)
  if (last === undefined) return nowMs - Date.parse(createdAt) < startingMs ? "starting" : "killed"
  if (status !== "interrupted") return status
  return last.outcome === null ? "killed" : "stopped"
}

const remarkOf = ({ formatVersion: found }: RunHeader): string | null =>
  found === formatVersion
    ? null
    : `format version ${found}, this version writes ${formatVersion}: only some fields can be read`

/** Seconds of the attempts that have ended with a record. */
const recordedSeconds = ({ attempts }: RunHeader): number | null => {
  const seconds = attempts.flatMap(({ outcome, startedAt }) => {
    const tookMs = Date.parse(outcome?.endedAt ?? "") - Date.parse(startedAt)
    return Number.isFinite(tookMs) ? [Math.max(0, tookMs) / 1000] : []
  })
  return seconds.length === 0 ? null : seconds.reduce((a, b) => a + b, 0)
}

const millisecondsOf = (time: string | undefined): number | null => {
  const found = Date.parse(time ?? "")
  return Number.isFinite(found) ? found : null
}

/** Of a run that is being trained: its rows are in memory, so nothing is read again. */
const liveFigures = (run: RunHeader, progress: Progress, checkpoint: number) => ({
  dataset: datasetOf(run),
  seed: typeof run.experiment.seed === "number" ? run.experiment.seed : null,
  iteration: Math.max(progress.iteration, checkpoint),
  iterations: progress.iterations,
  validationError: progress.validationError,
  testError: null,
  reason: null,
})

/** `progress`: of a run that is being trained, undefined for others. */
export const makeRunRow = Effect.fnUntraced(function* (run: RunHeader, progress: Progress | undefined) {
  const state = stateOf(run, yield* Clock.currentTimeMillis)
  const figures =
    progress === undefined
      ? yield* summarize(run)
      : liveFigures(run, progress, yield* newestIteration(run.path))
  const isLive = state === "running" || state === "starting"
  return {
    id: run.id,
    experiment: run.name,
    dataset: figures.dataset,
    seed: figures.seed,
    state,
    createdAt: run.createdAt,
    iteration: figures.iteration,
    iterations: figures.iterations,
    imagesPerSecond: isLive ? (progress?.imagesPerSecond ?? null) : null,
    endsAtMs: isLive ? (progress?.endsAtMs ?? null) : null,
    seconds: recordedSeconds(run),
    runningSinceMs: isLive ? millisecondsOf(run.attempts.at(-1)?.startedAt) : null,
    validationError: figures.validationError,
    testError: figures.testError,
    engine: run.engine,
    attempts: run.attempts.length,
    reason: figures.reason,
    championOf: null,
    parent: run.parent?.run ?? null,
    remark: remarkOf(run),
  } satisfies RunRow as RunRow
})

/** The row of a run whose run.json cannot be read. */
export const makeDamagedRow = Effect.fnUntraced(function* (path: string, problem: string) {
  const paths = yield* Path.Path
  return {
    id: paths.basename(path),
    experiment: "?",
    dataset: null,
    seed: null,
    state: "damaged",
    createdAt: "",
    iteration: 0,
    iterations: null,
    imagesPerSecond: null,
    endsAtMs: null,
    seconds: null,
    runningSinceMs: null,
    validationError: null,
    testError: null,
    engine: "?",
    attempts: 0,
    reason: problem,
    championOf: null,
    parent: null,
    remark: null,
  } satisfies RunRow as RunRow
})
