/**
 * The run a pipeline works on: what it is, where it lies, and which attempt this process makes at it.
 */
import { Context } from "effect"
import type { Experiment } from "../schemas/Experiment.ts"
import type { Parent } from "../schemas/Run.ts"
import type { OwnAttempt } from "../storage/attempts.ts"

export class CurrentRun extends Context.Service<
  CurrentRun,
  {
    readonly id: string
    /** ISO 8601. */
    readonly createdAt: string
    readonly path: string
    readonly dataDir: string
    /** As stored, with a budget extended on resume. */
    readonly experiment: Experiment
    readonly fingerprint: string
    /** The run it was forked from. */
    readonly parent: Parent | undefined
    readonly attempt: OwnAttempt
  }
>()("tidemark/pipeline/CurrentRun") {}
