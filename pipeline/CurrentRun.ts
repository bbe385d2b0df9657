/**
 * The run that the pipeline works on: its identity, its directory and the attempt of this process.
 */
import { Context } from "effect"
import type { Experiment } from "../schemas/experiment/Experiment.ts"
import type { Parent } from "../schemas/Run.ts"
import type { OwnAttempt } from "../storage/attempts.ts"

export type PausePoint = number | "trained"

export class CurrentRun extends Context.Service<
  CurrentRun,
  {
    readonly id: string
    /** ISO 8601. */
    readonly createdAt: string
    readonly path: string
    readonly dataDir: string
    /** The stored experiment, with the budget that `resume` extended. */
    readonly experiment: Experiment
    /** The budget before it was extended. */
    readonly begunWith: Experiment["budget"]
    readonly fingerprint: string
    /** The run that it was forked from. */
    readonly parent: Parent | undefined
    readonly attempt: OwnAttempt
    /** Where to pause: at an iteration, or when training has ended, before the test. Undefined: run to the end. */
    readonly pauseAt: PausePoint | undefined
  }
>()("tidemark/pipeline/CurrentRun") {}
