/**
 * One attempt at a run, from locking the run to recording how the attempt ended: (run, engine) -> Report.
 *
 * The command `run` creates a run directory and `resume` finds one; from here on they do the same. Who started it decides what
 * stops it (`StopSignal`): signals stop a command, an interruption stops a call of the API.
 */
import { Cause, Effect, Exit, Layer, Path } from "effect"
import { Engine } from "../engines/Engine.ts"
import type { Experiment } from "../schemas/experiment/Experiment.ts"
import { Interrupted } from "../schemas/Interrupted.ts"
import { Paused } from "../schemas/Paused.ts"
import type { AttemptOutcome } from "../schemas/Run.ts"
import { AttemptSuperseded, attemptName, beginAttempt } from "../storage/attempts.ts"
import * as files from "../storage/files.ts"
import { removeAllTemporaries } from "../storage/temporaries.ts"
import { layout, type Run } from "../storage/runDirectory.ts"
import { CurrentRun, type PausePoint } from "./CurrentRun.ts"
import type { GitCommit } from "./gitCommit.ts"
import { describeCommit } from "../format/describeCommit.ts"
import { exitCode } from "./exitCode.ts"
import { layerLog } from "./log.ts"
import { runPipeline } from "./pipeline.ts"
import { provenance } from "./provenance.ts"
import { readReport } from "../storage/report.ts"
import { layerRunDirectory } from "./stage.ts"
import { Display } from "./Display.ts"

export interface ExecuteOptions {
  readonly run: Pick<Run, "path" | "identity">
  readonly experiment: Experiment
  readonly fingerprint: string
  /** The new budget to record, if this attempt extends the stored one. */
  readonly extendedTo: number | null
  readonly pauseAt?: PausePoint
}

/** How an attempt ended, for its record. */
const outcomeOf = (exit: Exit.Exit<unknown, unknown>): Omit<AttemptOutcome, "endedAt"> => {
  // getrusage counts in KiB on every system that Node.js supports.
  const measured = { exitCode: exitCode(exit), peakMemoryBytes: process.resourceUsage().maxRSS * 1024 }
  if (Exit.isSuccess(exit)) return { status: "finished", reason: null, ...measured }
  const error = Cause.squash(exit.cause)
  const reason = error instanceof Error ? error.message : String(error)
  const isStopped =
    error instanceof Interrupted || error instanceof Paused || error instanceof AttemptSuperseded
  return isStopped || Cause.hasInterruptsOnly(exit.cause)
    ? { status: "interrupted", reason, ...measured }
    : { status: "failed", reason, ...measured }
}

const warnOfCommit = ({ gitCommit, gitProblem }: GitCommit) =>
  gitProblem === undefined ? Effect.void : Effect.logWarning(describeCommit(gitCommit, gitProblem))

export const execute = Effect.fn("execute")(function* ({
  experiment,
  extendedTo,
  fingerprint,
  pauseAt,
  run,
}: ExecuteOptions) {
  const paths = yield* Path.Path
  const engine = yield* Engine
  const display = yield* Display
  const recorded = yield* provenance
  const attempt = yield* beginAttempt(run.path, paths.join(run.path, layout.attempts), {
    ...recorded,
    engine: engine.info,
    iterations: extendedTo,
  })
  // A backup may have left out folders that were empty.
  for (const folder of [layout.stages, layout.checkpoints]) {
    yield* files.makeInnerFolder(paths.join(run.path, folder))
  }
  for (const folder of ["", layout.stages, layout.checkpoints, layout.attemptMetrics]) {
    yield* removeAllTemporaries(paths.join(run.path, folder))
  }
  const current = CurrentRun.of({
    id: run.identity.id,
    createdAt: run.identity.createdAt,
    path: run.path,
    dataDir: run.identity.dataDir,
    experiment,
    begunWith: run.identity.experiment.budget,
    fingerprint,
    parent: run.identity.parent,
    attempt,
    pauseAt,
  })
  const stages = layerRunDirectory(paths.join(run.path, layout.stages), attempt.checkOwned)
  const log = layerLog(
    paths.join(run.path, layout.log, attemptName(attempt.number, "ndjson")),
    attempt.number,
  )

  return yield* Effect.logDebug("attempt started", { engine: engine.info, experiment: experiment.name }).pipe(
    Effect.andThen(warnOfCommit(recorded)),
    Effect.andThen(runPipeline),
    Effect.andThen(attempt.checkOwned),
    Effect.andThen(readReport(run.path)),
    Effect.flatMap((report) =>
      report === undefined
        ? Effect.die(new Error("the pipeline finished without a report"))
        : Effect.succeed(report),
    ),
    Effect.tap(Effect.logDebug("attempt finished")),
    // The command prints the error once, where it ends; the log has it with its cause.
    Effect.tapCause((cause) =>
      Cause.squash(cause) instanceof Paused
        ? Effect.logDebug("attempt paused")
        : Effect.logError("attempt failed", cause),
    ),
    Effect.onExit((exit) => {
      display.clear()
      // If the disk is full, this record fails too: then the attempt counts as interrupted, which is true.
      return Effect.ignore(attempt.end(outcomeOf(exit)))
    }),
    Effect.provideService(CurrentRun, current),
    Effect.provide(stages.pipe(Layer.provideMerge(log))),
  )
}, Effect.scoped)
