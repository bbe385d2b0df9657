/**
 * What became of a slot of the schedule: a line of `schedule.ndjson`; and how a night that is not over stands.
 */
import { Schema } from "effect"
import { withDefault } from "./withDefault.ts"

/** Files and webhooks keep the name that the scheduled time had first: it is read by scripts, and by older versions. */
const storedNames = { scheduledAt: "slot" } as const

export const ScheduledRun = Schema.Struct({
  experiment: Schema.String,
  /** When it was due, UTC. */
  scheduledAt: Schema.String,
  /** On whose clock, as Europe/Prague. */
  timezone: Schema.optionalKey(Schema.String),
  startedAt: Schema.NullOr(Schema.String),
  endedAt: Schema.String,
  /**
   * `champion`, `challenger`: trained and judged. `failed`: see `reasons`. `timeLimit`, `interrupted`: stopped with a
   * checkpoint, the next slot goes on. `skipped`: the night before still went on. `missed`: nothing was there to see it.
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
  /** Whether it went on with a run that was begun before. */
  resumed: Schema.Boolean,
  /** Times the run was tried again. */
  retries: Schema.Int,
  /** Slots before this one that nothing was there to see. */
  missed: Schema.Int,
  /** Of the run's process; null where a signal ended it or there was none. */
  exitCode: Schema.NullOr(Schema.Int),
  reasons: Schema.Array(Schema.String),
  /** On the test split. */
  accuracy: Schema.NullOr(Schema.Finite),
  /** The champion afterwards. */
  champion: Schema.NullOr(Schema.String),
  /** Digest over the data's files, and whether it is another than the night's before. */
  dataset: Schema.NullOr(Schema.Struct({ digest: Schema.String, changed: Schema.Boolean })),
}).pipe(Schema.encodeKeys(storedNames))
export type ScheduledRun = typeof ScheduledRun.Type

export const OpenScheduledRun = Schema.Struct({
  scheduledAt: Schema.String,
  /** When its run's process was started, once it was: a run of the experiment made since then is the night's. */
  startedAt: Schema.NullOr(Schema.String),
  run: Schema.NullOr(Schema.String),
  resumed: Schema.Boolean,
  retries: Schema.Int,
  missed: Schema.Int,
  /** Stopped, to be gone on with at the next slot; otherwise at once when the schedule starts. */
  waiting: Schema.Boolean,
}).pipe(Schema.encodeKeys(storedNames))
export type OpenScheduledRun = typeof OpenScheduledRun.Type

export const QueuedTime = Schema.Struct({ scheduledAt: Schema.String, missed: Schema.Int }).pipe(
  Schema.encodeKeys(storedNames),
)

/** Where an experiment's schedule stands: `schedule/<experiment>.json`. */
export const JobState = Schema.Struct({
  /** Slots up to here have been dealt with. */
  handledUntil: Schema.String,
  open: Schema.NullOr(OpenScheduledRun),
  /** A slot that came while the open night went on, to be begun after it. */
  queued: withDefault(Schema.NullOr(QueuedTime), null),
})
export type JobState = typeof JobState.Type
