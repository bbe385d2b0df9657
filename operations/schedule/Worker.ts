/**
 * What does the work of a night, each piece in a process of its own: training, going on, judging.
 *
 * A service, so that a year of nights can be played through in a test. A process that ends, however it does, is an
 * answer here, never an error: the schedule outlives it.
 */
import { Context, type Effect } from "effect"
import type { GateResult } from "../../schemas/Champion.ts"
import type { RunStatus } from "../../schemas/Run.ts"
import type { Ended } from "../childProcess.ts"
import type { Job } from "./Job.ts"

export interface Working {
  /** Undefined where it is a process that an earlier schedule started. */
  readonly pid: number | undefined
  readonly ended: Effect.Effect<Ended>
  /** Asks it to save what it has and end; ends it in any case after a while. Answers once it is gone. */
  readonly stop: Effect.Effect<Ended>
}

export interface Seen {
  readonly status: RunStatus
  readonly reason: string
}

/** The gate gave no answer. */
export interface NotJudged {
  readonly problem: string
  /** Of its process; null where a signal ended it. */
  readonly code: number | null
}

export class Worker extends Context.Service<
  Worker,
  {
    readonly train: (job: Job, seed: number | undefined) => Effect.Effect<Working>
    readonly goOn: (job: Job, run: string) => Effect.Effect<Working>
    /** Waits for a run that is being worked on already. */
    readonly follow: (run: string) => Effect.Effect<Working>
    /** The run that a night made: of the job's experiment, since a time, by that process where it is known. */
    readonly ownRun: (job: Job, since: string, pid: number | undefined) => Effect.Effect<string | undefined>
    /** How a run stands; undefined where it is gone. */
    readonly look: (run: string) => Effect.Effect<Seen | undefined>
    /** Takes a finished run to the gate. */
    readonly judge: (job: Job, run: string) => Effect.Effect<GateResult | NotJudged>
    /** Digest over the files a run was trained on. */
    readonly dataset: (run: string) => Effect.Effect<string | undefined>
    readonly champion: (experiment: string) => Effect.Effect<string | undefined>
    /** Removes all but the newest `keep` of these runs, oldest first; answers what was removed. */
    readonly retain: (runs: ReadonlyArray<string>, keep: number) => Effect.Effect<ReadonlyArray<string>>
  }
>()("tidemark/operations/schedule/Worker") {}
