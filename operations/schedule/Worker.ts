/**
 * Does the work of a scheduled run, each part in a process of its own: training, resuming, judging.
 *
 * A service, so that a test can play a year of scheduled runs. However a process ends, that is a value here, never an
 * error: the schedule outlives it.
 */
import { Context, type Effect } from "effect"
import type { GateResult } from "../../schemas/Champion.ts"
import type { RunStatus } from "../../schemas/Run.ts"
import type { Ended } from "../childProcess.ts"
import type { Job } from "./Job.ts"

export interface ScheduledProcess {
  /** Undefined for a process that an earlier schedule started. */
  readonly pid: number | undefined
  readonly ended: Effect.Effect<Ended>
  /** Sends SIGTERM, so that it saves a checkpoint; kills it if it takes too long; waits until it is gone. */
  readonly stop: Effect.Effect<Ended>
}

export interface RunState {
  readonly status: RunStatus
  readonly reason: string
}

/** The gate gave no verdict. */
export interface GateFailure {
  readonly problem: string
  /** Exit code of its process; null if a signal ended it. */
  readonly code: number | null
}

export class Worker extends Context.Service<
  Worker,
  {
    /**
     * The id that a new run gets; undefined if it is known only when the run is created. `saved`: the id that an earlier schedule
     * was given, of a run that does not exist yet.
     */
    readonly nameRun: (
      job: Job,
      seed: number | undefined,
      saved: string | undefined,
    ) => Effect.Effect<string | undefined>
    /** `run`: the id that `nameRun` gave it. */
    readonly train: (
      job: Job,
      seed: number | undefined,
      run: string | undefined,
    ) => Effect.Effect<ScheduledProcess>
    readonly resume: (job: Job, run: string) => Effect.Effect<ScheduledProcess>
    /** Waits for a run that another process is working on. */
    readonly follow: (job: Job, run: string) => Effect.Effect<ScheduledProcess>
    /** Finds the newest run of the job's experiment created since a time, by this process if it is known. */
    readonly findRun: (job: Job, since: string, pid: number | undefined) => Effect.Effect<string | undefined>
    /** Undefined if the run is gone. */
    readonly readState: (run: string) => Effect.Effect<RunState | undefined>
    /** Takes a finished run to the gate. */
    readonly judge: (job: Job, run: string) => Effect.Effect<GateResult | GateFailure>
    /** Digest over the files that a run was trained on. */
    readonly dataset: (run: string) => Effect.Effect<string | undefined>
    readonly champion: (experiment: string) => Effect.Effect<string | undefined>
    /** Removes all but the newest `keep` of these runs (oldest first) and returns those it removed. */
    readonly prune: (runs: ReadonlyArray<string>, keep: number) => Effect.Effect<ReadonlyArray<string>>
  }
>()("tidemark/operations/schedule/Worker") {}
