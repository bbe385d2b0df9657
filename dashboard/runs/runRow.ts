/** A row of the table of runs: (header, summary, live figures) -> RunRow. */
import { Clock, Effect, Path } from "effect"
import { formatVersion } from "../../schemas/Run.ts"
import { readHeader, type RunHeader } from "../../storage/runHeader.ts"
import { isStarting } from "../../inspect/liveRun.ts"
import { datasetOf, newestIteration, recordedSeconds, summarize } from "../../inspect/summary.ts"
import type { RunRow, RunState } from "../messages.ts"
import type { Progress } from "./progress.ts"

export const stateOf = (run: RunHeader, nowMs: number): RunState => {
  if (isStarting(run, nowMs)) return "starting"
  if (run.status !== "interrupted") return run.status
  return (run.attempts.at(-1)?.outcome ?? null) === null ? "killed" : "stopped"
}

/** A row, and what `changeMark` was when it was read. */
interface ReadRow {
  readonly row: RunRow
  readonly mark: string | undefined
}

/**
 * Whether a run that has ended is as it was: its files are the same, and so is its state. A recorded end changes only with a file,
 * but the process of a killed run may only have seemed to be gone. Its metrics, which may be long, are not read again.
 */
export const isUnchanged = Effect.fnUntraced(function* (
  path: string,
  mark: string | undefined,
  { mark: before, row: { state } }: ReadRow,
) {
  if (mark === undefined || mark !== before || state === "running" || state === "starting") return false
  if (state !== "killed") return true
  const run = yield* readHeader(path).pipe(Effect.orElseSucceed(() => undefined))
  return run !== undefined && stateOf(run, yield* Clock.currentTimeMillis) === "killed"
})

export const isLive = (row: RunRow): boolean => row.state === "running" || row.state === "starting"

const remarkOf = ({ formatVersion: found }: RunHeader): string | null =>
  found === formatVersion
    ? null
    : `format version ${found}, this version writes ${formatVersion}: only some fields can be read`

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
  const hasProcess = state === "running" || state === "starting"
  return {
    id: run.id,
    experiment: run.name,
    dataset: figures.dataset,
    seed: figures.seed,
    state,
    createdAt: run.createdAt,
    orderedAt: run.orderedAt ?? null,
    iteration: figures.iteration,
    iterations: figures.iterations,
    imagesPerSecond: hasProcess ? (progress?.imagesPerSecond ?? null) : null,
    endsAtMs: hasProcess ? (progress?.endsAtMs ?? null) : null,
    seconds: recordedSeconds(run),
    runningSinceMs: hasProcess ? millisecondsOf(run.attempts.at(-1)?.startedAt) : null,
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
    orderedAt: null,
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
