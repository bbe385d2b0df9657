/**
 * Trains one job of a queue in this process: (job, options) -> the path of its run.
 *
 * What other workers have trained of it is used: a run that is far enough as it is, an interrupted one from its checkpoint. Only
 * code that is in the job is run, and only if its text has the digest that the experiment names.
 */
import { basename } from "node:path"
import { Effect, type FileSystem, Path, Schedule, Schema } from "effect"
import { newestIteration } from "../../inspect/summary.ts"
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"
import { Failure } from "../../schemas/Failure.ts"
import type { QueuedJob } from "../../schemas/QueuedJob.ts"
import { notAFile } from "../../schemas/Run.ts"
import { version } from "../../schemas/version.ts"
import { addText, digestOf } from "../../storage/codeTexts.ts"
import { silenceLimitMs } from "../../storage/lock/owner.ts"
import { readReport } from "../../storage/report.ts"
import * as files from "../../storage/files.ts"
import { readRun, type Run, RunNotFound } from "../../storage/runDirectory.ts"
import { readTrained } from "../../storage/stageRecords.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"
import { findRunsOf } from "../findRuns.ts"
import { type TrainToOptions, trainTo } from "../trainTo.ts"
import { withStore } from "./withStore.ts"

/** A job is not what its submitter made. */
export class JobDamaged extends Failure<JobDamaged>()("JobDamaged", {
  exitCode: "dataError",
  fields: { what: Schema.String, problem: Schema.String },
  message: ({ problem, what }) => `cannot train ${what} from the queue: ${problem}; submit it again`,
}) {}

/**
 * The claim of the worker before has lapsed, so half a minute of silence need not pass again before its run is taken over: two of
 * its heartbeats suffice.
 */
const takeOverAfterMs = 11_000

export interface TrainJobOptions extends Pick<TrainToOptions, "threads" | "runsDir" | "dataDir"> {
  /** Where the runs are shared, if not in the runs folder. */
  readonly store?: ObjectStore
  /** Called with the folder of a run that was tested, to write its page. */
  readonly onTested: (path: string) => Effect.Effect<void, never, FileSystem.FileSystem | Path.Path>
}

const checkJob = Effect.fnUntraced(function* (job: QueuedJob) {
  const { code, experiment, parent, what } = job
  const found = fingerprint(experiment, parent)
  if (found !== job.fingerprint) {
    const problem = `its experiment has the fingerprint ${found.slice(0, 8)}, expected ${job.fingerprint.slice(0, 8)} (submitted by tidemark ${job.tidemark}, this is ${version})`
    return yield* new JobDamaged({ what, problem })
  }
  for (const [path, digest] of Object.entries(experiment.code?.files ?? {})) {
    const text = code[digest]
    if (text === undefined || digestOf(text) !== digest) {
      const problem = `${text === undefined ? "it lacks" : "it has another text of"} its own code ${path}`
      return yield* new JobDamaged({ what, problem })
    }
    addText(text)
  }
})

const isFarEnough = Effect.fnUntraced(function* ({ path, status }: Run, { pauseAt }: QueuedJob) {
  if (pauseAt === null) return status === "finished" && (yield* readReport(path)) !== undefined
  if ((yield* readTrained(path)) !== undefined) return true
  return pauseAt !== "trained" && (yield* newestIteration(path)) >= pauseAt
})

/** The run that the job names; none if it is not created yet. */
const findNamedRun = Effect.fnUntraced(function* (run: string, runsDir: string) {
  const path = (yield* Path.Path).join(runsDir, run)
  return (yield* files.exists(path)) ? [yield* readRun(path)] : []
})

/** A run may have been extended since it was queued. A fork begins with weights of its parent, which only its folder has. */
const checkNamedRun = Effect.fnUntraced(function* (
  { fingerprint, parent, run, what }: QueuedJob,
  found: Run | undefined,
  runsDir: string,
) {
  if (run === undefined) return
  if (found === undefined) {
    if (parent !== undefined) return yield* new RunNotFound({ run, runsDir, candidates: [] })
    return
  }
  if (found.fingerprints.has(fingerprint)) return
  const problem = `${run} was begun with another experiment (fingerprint ${found.identity.fingerprint.slice(0, 8)}, expected ${fingerprint.slice(0, 8)})`
  return yield* new JobDamaged({ what, problem })
})

/** The runs of a job, newest first, and the one that is far enough. */
const findRunsOfJob = Effect.fnUntraced(function* (job: QueuedJob, runsDir: string) {
  if (job.run !== undefined) {
    const runs = yield* findNamedRun(job.run, runsDir)
    const isTrained = runs.length > 0 && (yield* isFarEnough(runs[0], job))
    return { runs, trained: isTrained ? runs[0] : undefined }
  }
  const runs = (yield* findRunsOf(runsDir, job.fingerprint)).filter(
    ({ identity }) => !job.otherRuns.includes(identity.id),
  )
  for (const run of runs) if (yield* isFarEnough(run, job)) return { runs, trained: run }
  return { runs, trained: undefined }
})

export const trainJob = Effect.fn("trainJob")(function* (job: QueuedJob, options: TrainJobOptions) {
  const { engine, experimentFile, what } = job
  yield* checkJob(job)
  if (job.tidemark !== version) {
    yield* Effect.logWarning(
      `${what} was submitted by tidemark ${job.tidemark}, and this is ${version}: the results of two versions may differ`,
    )
  }
  const paths = yield* Path.Path
  const file = {
    ...experimentFile,
    path: experimentFile.path === notAFile ? notAFile : paths.resolve(experimentFile.path),
  }
  const { experiment, fingerprint, overrides, pauseAt, run } = job
  const target = {
    experiment,
    fingerprint,
    file,
    overrides,
    pauseAt: pauseAt ?? undefined,
    ...(run === undefined ? {} : { run }),
  }
  const train = Effect.gen(function* () {
    const known = yield* findRunsOfJob(job, options.runsDir)
    if (known.trained !== undefined) {
      return yield* Effect.logInfo(`${basename(known.trained.path)} is trained so far already`)
    }
    yield* checkNamedRun(job, known.runs.at(0), options.runsDir)
    yield* trainTo(target, known.runs, { ...options, engine, resumeWith: [], onOtherEngine: "refuse" })
  })
  const persisting = train.pipe(
    Effect.provideService(silenceLimitMs, takeOverAfterMs),
    // The process of a worker that was killed is still saving its checkpoint.
    Effect.retry({
      schedule: Schedule.spaced("300 millis").pipe(Schedule.upTo({ duration: "10 seconds" })),
      while: ({ _tag }) => _tag === "RunLocked" || _tag === "RunIdTaken",
    }),
  )
  const { store } = options
  yield* store === undefined ? persisting : withStore(store, job, options.runsDir, persisting)
  const { trained } = yield* findRunsOfJob(job, options.runsDir)
  if (trained === undefined) return yield* Effect.die(new Error(`${what} was trained, but has no run`))
  if (pauseAt === null) yield* options.onTested(trained.path)
  return trained.path
})
