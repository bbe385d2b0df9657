/**
 * Trains one experiment up to a point: (experiment, its runs so far, options) -> void. An interrupted or paused run is resumed from
 * its checkpoint on the engine that trained it; without one, a run is started. Reaching the point is no failure.
 */
import { Effect, Path, Schema } from "effect"
import { Engine } from "../engines/Engine.ts"
import { selectEngine } from "../engines/select.ts"
import type { PausePoint } from "../pipeline/CurrentRun.ts"
import { engineChanges, threadsOf } from "../pipeline/engineChanges.ts"
import { engineFor } from "../pipeline/engineChoice/engineFor.ts"
import { execute } from "../pipeline/execute.ts"
import { startRun } from "../pipeline/startRun.ts"
import type { EngineChoice } from "../schemas/EngineChoice.ts"
import {
  type Device,
  engineChoiceOf,
  type EngineInfo,
  type EngineName,
  isAnyEngine,
} from "../schemas/EngineInfo.ts"
import type { Experiment } from "../schemas/experiment/Experiment.ts"
import { Failure } from "../schemas/Failure.ts"
import { Paused } from "../schemas/Paused.ts"
import type { Overrides, Parent } from "../schemas/Run.ts"
import { engineOf, type Run } from "../storage/runDirectory.ts"

/** A run cannot be resumed exactly here, and its owner wants no other one. */
export class OtherEngine extends Failure<OtherEngine>()("OtherEngine", {
  exitCode: "temporary",
  fields: { run: Schema.String, changes: Schema.Array(Schema.String) },
  message: ({ changes, run }) =>
    `cannot resume ${run} exactly to the bit on this machine: ${changes.join("; ")}; it waits for a machine like the one that began it`,
}) {}

/** What is trained, and how far. */
export interface Target {
  readonly experiment: Experiment
  readonly fingerprint: string
  readonly file: { readonly path: string; readonly fingerprint: string }
  readonly overrides: Overrides
  /** Undefined: to the end, with the test. */
  readonly pauseAt: PausePoint | undefined
  /** The only run that may be trained: it gets this id if there is none yet. Undefined: any run of the experiment. */
  readonly run?: string
  /** What the run was forked from, for the job that names it: a fork is resumed, never begun anew. */
  readonly parent?: Parent
}

export interface TrainToOptions {
  readonly engine: EngineName
  /** Where a run is resumed if the engine is left open; absent: on the device that trained it. */
  readonly device?: Device | undefined
  readonly threads: number | undefined
  /** What "auto" is for a new run; absent: it is chosen for the experiment. */
  readonly choice?: EngineChoice | undefined
  readonly runsDir: string
  readonly dataDir: string
  /** The words after `pnpm pipeline` that resume after an interruption. */
  readonly resumeWith: ReadonlyArray<string>
  /** What becomes of a run that another engine, version or processor trained: a new one is trained, or it is refused. */
  readonly onOtherEngine: "restart" | "refuse"
}

const isPaused = (error: unknown) => error instanceof Paused

const pauseOption = ({ pauseAt }: Target) => (pauseAt === undefined ? {} : { pauseAt })

/** Who wants no other run needs the number of threads that it was begun with, if that changes the last bits. */
export const threadsToResume = (
  before: EngineInfo,
  { onOtherEngine, threads }: Pick<TrainToOptions, "onOtherEngine" | "threads">,
) => (onOtherEngine === "refuse" ? (threadsOf(before) ?? threads) : (threads ?? threadsOf(before)))

export const engineToResume = (
  before: EngineInfo,
  { device, engine }: Pick<TrainToOptions, "device" | "engine">,
) => (isAnyEngine(engine) ? engineChoiceOf(before, device) : engine)

/** Returns whether the engine that trained the run is there. */
const resumeOnce = (run: Run, target: Target, options: TrainToOptions) => {
  const before = engineOf(run)
  // A fork that was queued: any engine may begin it.
  const isBegun = run.attempts.length > 0
  const name = isBegun ? engineToResume(before, options) : options.engine
  const threads = isBegun ? threadsToResume(before, options) : options.threads
  return Effect.gen(function* () {
    const changes = isBegun ? engineChanges(before, (yield* Engine).info) : []
    if (changes.length > 0) {
      const { id } = run.identity
      if (options.onOtherEngine === "refuse") return yield* new OtherEngine({ run: id, changes })
      yield* Effect.logWarning(`not resuming ${id}, which another engine trained: ${changes.join("; ")}`)
      return false
    }
    const { experiment, fingerprint } = target
    // Another machine may have begun the run, with its data elsewhere.
    const dataDir = (yield* Path.Path).resolve(options.dataDir)
    const here = { ...run, identity: { ...run.identity, dataDir } }
    yield* execute({ run: here, experiment, fingerprint, extendedTo: null, ...pauseOption(target) })
    return true
  }).pipe(
    Effect.catchIf(isPaused, () => Effect.succeed(true)),
    Effect.provide(selectEngine(name, { threads })),
  )
}

const start = (target: Target, options: TrainToOptions) => {
  const { experiment, file, fingerprint, overrides, run: id } = target
  return startRun({
    ...(id === undefined ? {} : { id }),
    experiment,
    fingerprint,
    file,
    overrides,
    runsDir: options.runsDir,
    dataDir: options.dataDir,
    prepare: () => Effect.void,
    resumeWith: () => options.resumeWith,
    ...pauseOption(target),
  }).pipe(
    Effect.asVoid,
    Effect.catchIf(isPaused, () => Effect.void),
    Effect.provide(
      engineFor(experiment, options.engine, { threads: options.threads, choice: options.choice }),
    ),
  )
}

export const trainTo = Effect.fn("trainTo")(function* (
  target: Target,
  runs: ReadonlyArray<Run>,
  options: TrainToOptions,
) {
  for (const run of runs) {
    const isToResume = run.status !== "finished" || run.identity.id === target.run
    if (isToResume && (yield* resumeOnce(run, target, options))) return
  }
  yield* start(target, options)
})
