/**
 * Trains one work of a queue in this process: (work, options) -> the path of its run.
 *
 * What other workers have trained of it is used: a run that is far enough as it is, an interrupted one from its checkpoint. Only
 * code that is in the work is run, and only if its text has the digest that the experiment names.
 */
import { basename } from "node:path"
import { Effect, type FileSystem, Path, Schedule, Schema } from "effect"
import { newestIteration } from "../../inspect/summary.ts"
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"
import { Failure } from "../../schemas/Failure.ts"
import type { QueuedWork } from "../../schemas/QueuedWork.ts"
import { notAFile } from "../../schemas/Run.ts"
import { version } from "../../schemas/version.ts"
import { addText, digestOf } from "../../storage/codeTexts.ts"
import { silenceLimitMs } from "../../storage/lock/owner.ts"
import { readReport } from "../../storage/report.ts"
import type { Run } from "../../storage/runDirectory.ts"
import { readTrained } from "../../storage/stageRecords.ts"
import { findRunsOf } from "../findRuns.ts"
import { type TrainToOptions, trainTo } from "../trainTo.ts"

/** A work is not what its submitter made. */
export class WorkDamaged extends Failure<WorkDamaged>()("WorkDamaged", {
  exitCode: "dataError",
  fields: { what: Schema.String, problem: Schema.String },
  message: ({ problem, what }) => `cannot train ${what} from the queue: ${problem}; submit it again`,
}) {}

/**
 * The claim of the worker before has lapsed, so half a minute of silence need not pass again before its run is taken over: two of
 * its heartbeats suffice.
 */
const takeOverAfterMs = 11_000

export interface TrainWorkOptions extends Pick<TrainToOptions, "threads" | "runsDir" | "dataDir"> {
  /** Called with the folder of a run that was tested, to write its page. */
  readonly onTested: (path: string) => Effect.Effect<void, never, FileSystem.FileSystem | Path.Path>
}

const checkWork = Effect.fnUntraced(function* (work: QueuedWork) {
  const { code, experiment, what } = work
  const found = fingerprint(experiment)
  if (found !== work.fingerprint) {
    const problem = `its experiment has the fingerprint ${found.slice(0, 8)}, expected ${work.fingerprint.slice(0, 8)} (submitted by tidemark ${work.tidemark}, this is ${version})`
    return yield* new WorkDamaged({ what, problem })
  }
  for (const [path, digest] of Object.entries(experiment.code?.files ?? {})) {
    const text = code[digest]
    if (text === undefined || digestOf(text) !== digest) {
      const problem = `${text === undefined ? "it lacks" : "it has another text of"} its own code ${path}`
      return yield* new WorkDamaged({ what, problem })
    }
    addText(text)
  }
})

const isFarEnough = Effect.fnUntraced(function* ({ path, status }: Run, { pauseAt }: QueuedWork) {
  if (pauseAt === null) return status === "finished" && (yield* readReport(path)) !== undefined
  if ((yield* readTrained(path)) !== undefined) return true
  return pauseAt !== "trained" && (yield* newestIteration(path)) >= pauseAt
})

const findRuns = Effect.fnUntraced(function* (work: QueuedWork, runsDir: string) {
  const runs = (yield* findRunsOf(runsDir, work.fingerprint)).filter(
    ({ identity }) => !work.otherRuns.includes(identity.id),
  )
  for (const run of runs) if (yield* isFarEnough(run, work)) return { runs, trained: run }
  return { runs, trained: undefined }
})

export const trainWork = Effect.fn("trainWork")(function* (work: QueuedWork, options: TrainWorkOptions) {
  const { engine, experimentFile, what } = work
  yield* checkWork(work)
  if (work.tidemark !== version) {
    yield* Effect.logWarning(
      `${what} was submitted by tidemark ${work.tidemark}, and this is ${version}: the results of two versions may differ`,
    )
  }
  const paths = yield* Path.Path
  const file = {
    ...experimentFile,
    path: experimentFile.path === notAFile ? notAFile : paths.resolve(experimentFile.path),
  }
  const { experiment, fingerprint, overrides, pauseAt } = work
  const target = { experiment, fingerprint, file, overrides, pauseAt: pauseAt ?? undefined }
  const train = Effect.gen(function* () {
    const known = yield* findRuns(work, options.runsDir)
    if (known.trained !== undefined) {
      return yield* Effect.logInfo(`${basename(known.trained.path)} is trained so far already`)
    }
    yield* trainTo(target, known.runs, { ...options, engine, resumeWith: [], onOtherEngine: "refuse" })
  })
  yield* train.pipe(
    Effect.provideService(silenceLimitMs, takeOverAfterMs),
    // The process of a worker that was killed is still saving its checkpoint.
    Effect.retry({
      schedule: Schedule.spaced("300 millis").pipe(Schedule.upTo({ duration: "10 seconds" })),
      while: (error) => error._tag === "RunLocked",
    }),
  )
  const { trained } = yield* findRuns(work, options.runsDir)
  if (trained === undefined) return yield* Effect.die(new Error(`${what} was trained, but has no run`))
  if (pauseAt === null) yield* options.onTested(trained.path)
  return trained.path
})
