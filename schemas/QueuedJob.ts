/**
 * A job in a queue: one training, with all that a worker on another machine needs for it. It holds no secret.
 */
import { Schema } from "effect"
import { engineChoices } from "./EngineInfo.ts"
import { exitCodes } from "./exitCodes.ts"
import { Experiment } from "./experiment/Experiment.ts"
import { Overrides, Parent } from "./Run.ts"

export const QueuedJob = Schema.Struct({
  /** 2: it names its run, which an older program would ignore. */
  formatVersion: Schema.Literals([1, 2]),
  /** 32 hexadecimal digits, from its run or its fingerprint and how far it is trained: the same job is never queued twice. */
  id: Schema.String.check(Schema.isPattern(/^[0-9a-f]{32}$/)),
  /** For people, such as "trial 3 of sweep rates, seed 0". */
  what: Schema.String,
  experiment: Experiment,
  fingerprint: Schema.String,
  experimentFile: Schema.Struct({ path: Schema.String, fingerprint: Schema.String }),
  overrides: Overrides,
  /** Where training pauses: at an iteration, or when it has ended, before the test. Null: the run is trained to its end. */
  pauseAt: Schema.NullOr(Schema.Union([Schema.Int, Schema.Literal("trained")])),
  engine: Schema.Literals(engineChoices),
  /** The texts of the experiment's own code by their SHA-256. */
  code: Schema.Record(Schema.String, Schema.String),
  /** Runs of the same experiment that are not this job. Empty if it names its run. */
  otherRuns: Schema.Array(Schema.String),
  /** The only run that is trained: it is resumed, or created with this id. Without one, any run of the experiment. */
  run: Schema.optionalKey(Schema.String),
  /** What this run was forked from. */
  parent: Schema.optionalKey(Parent),
  /** The version of the program that submitted it. */
  tidemark: Schema.String,
})
export type QueuedJob = typeof QueuedJob.Type

export const QueuedJobText = Schema.fromJsonString(QueuedJob)

/** How a job ended. */
export const JobOutcome = Schema.Struct({
  status: Schema.Literals(["finished", "failed", "cancelled"]),
  /** As the command that trained it: 0, 65, 70 … */
  exitCode: Schema.Int,
  /** Why it failed or was cancelled; empty if it finished. */
  reason: Schema.String,
  /** The run that was trained; null if there is none. */
  run: Schema.NullOr(Schema.String),
})
export type JobOutcome = typeof JobOutcome.Type

export const cancelled = (reason: string): JobOutcome => ({
  status: "cancelled",
  exitCode: exitCodes.interrupted,
  reason,
  run: null,
})

/** The state of a job. `cancelling`: its worker has not confirmed yet that it stopped. */
export const JobState = Schema.Literals([
  "queued",
  "running",
  "cancelling",
  "finished",
  "failed",
  "cancelled",
])
export type JobState = typeof JobState.Type

/** What `pipeline queue` prints of a job. */
export const ListedJob = Schema.Struct({
  id: Schema.String,
  what: Schema.String,
  /** The run that it names; null if any run of its experiment will do. */
  run: Schema.NullOr(Schema.String),
  /** Null if a newer version has written it. */
  fingerprint: Schema.NullOr(Schema.String),
  state: JobState,
  /** Who trains it; null if nobody does, or the queue does not record it. */
  worker: Schema.NullOr(Schema.String),
  /** Why it was given back, failed or was cancelled; empty otherwise. */
  reason: Schema.String,
  outcome: Schema.NullOr(JobOutcome),
})
export type ListedJob = typeof ListedJob.Type

export const isOpen = ({ state }: Pick<ListedJob, "state">) =>
  state === "queued" || state === "running" || state === "cancelling"
