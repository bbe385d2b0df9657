/**
 * A scheduled run: one experiment trained at one scheduled time. Its result is a line of `schedule.ndjson`; until
 * then, its progress is in `schedule/<experiment>.json`.
 */
import { Schema } from "effect"
import { withDefault } from "./experiment/withDefault.ts"

/** Files and webhooks call the scheduled time `slot`, as in the first version: scripts and older versions read it. */
const storedNames = { scheduledAt: "slot" } as const

export const ScheduledRun = Schema.Struct({
  experiment: Schema.String,
  /** The scheduled time, UTC. */
  scheduledAt: Schema.String,
  /** Time zone of the cron expression, such as Europe/Prague. */
  timezone: Schema.optionalKey(Schema.String),
  startedAt: Schema.NullOr(Schema.String),
  endedAt: Schema.String,
  /**
   * `champion`, `challenger`: trained and judged. `failed`: see `reasons`. `timeLimit`, `interrupted`: stopped with a
   * checkpoint, which the next scheduled run resumes. `skipped`: the previous run was still running. `missed`: the
   * schedule was not running.
   */
  outcome: Schema.Literals([
    "champion",
    "challenger",
    "failed",
    "timeLimit",
    "interrupted",
    "skipped",
    "missed",
  ]),
  run: Schema.NullOr(Schema.String),
  /** Whether it resumed a run that was started before. */
  resumed: Schema.Boolean,
  /** How often it was tried again. */
  retries: Schema.Int,
  /** Scheduled times just before this one at which the schedule was not running. */
  missed: Schema.Int,
  /** Exit code of the run's process; null if a signal ended it or there was none. */
  exitCode: Schema.NullOr(Schema.Int),
  reasons: Schema.Array(Schema.String),
  /** Test accuracy. */
  accuracy: Schema.NullOr(Schema.Finite),
  /** The champion after this run. */
  champion: Schema.NullOr(Schema.String),
  /** Digest over the dataset's files, and whether it differs from the previous run's. */
  dataset: Schema.NullOr(Schema.Struct({ digest: Schema.String, changed: Schema.Boolean })),
}).pipe(Schema.encodeKeys(storedNames))
export type ScheduledRun = typeof ScheduledRun.Type

/** Whether it trained a model and the gate gave a verdict. */
export const isJudged = ({ outcome }: Pick<ScheduledRun, "outcome">) =>
  outcome === "champion" || outcome === "challenger"

/** A scheduled run that is not recorded yet. */
export const OpenScheduledRun = Schema.Struct({
  scheduledAt: Schema.String,
  /**
   * When the process of its run was started; null before. A run of the experiment created since then belongs to it.
   */
  startedAt: Schema.NullOr(Schema.String),
  run: Schema.NullOr(Schema.String),
  resumed: Schema.Boolean,
  retries: Schema.Int,
  missed: Schema.Int,
  /** Stopped with a checkpoint: it resumes at the next scheduled time, not as soon as the schedule starts. */
  waiting: Schema.Boolean,
}).pipe(Schema.encodeKeys(storedNames))
export type OpenScheduledRun = typeof OpenScheduledRun.Type

export const QueuedTime = Schema.Struct({ scheduledAt: Schema.String, missed: Schema.Int }).pipe(
  Schema.encodeKeys(storedNames),
)

/** State of one job of the schedule: `schedule/<experiment>.json`. */
export const JobState = Schema.Struct({
  /** Every scheduled time up to here has been started, queued or recorded. */
  handledUntil: Schema.String,
  open: Schema.NullOr(OpenScheduledRun),
  /** A scheduled time that came while the open run was running, to be started after it. */
  queued: withDefault(Schema.NullOr(QueuedTime), null),
})
export type JobState = typeof JobState.Type
