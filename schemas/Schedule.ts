/**
 * Which experiments to train repeatedly, and when: the default export of a schedule file, `schedule({ … })`.
 *
 * Every policy is stated here; the command line builds the same value from its flags.
 */
import * as Schema from "effect/Schema"
import { engineChoices, Threads } from "./EngineInfo.ts"
import { PositiveFinite, PositiveInt } from "./experiment/numbers.ts"
import { withDefault } from "./experiment/withDefault.ts"

const NotNegativeInt = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

export const ScheduledExperiment = Schema.Struct({
  /** The experiment file; a relative path starts at the working directory. */
  file: Schema.NonEmptyString,
  /**
   * Minute, hour, day, month, weekday (optionally seconds first), in `timezone`. If a change to daylight saving time
   * skips a scheduled time, the run starts an hour later. If the change back repeats a scheduled time, it starts
   * once, unless it is one of an interval: a `*` in the seconds, minutes or hours, or every hour.
   */
  cron: Schema.NonEmptyString,
  /** Such as Europe/Prague. */
  timezone: withDefault(Schema.NonEmptyString, "UTC"),
  iterations: Schema.optionalKey(PositiveInt),
  /** Seed instead of the experiment's; not together with `seedPolicy: "by-date"`. */
  seed: Schema.optionalKey(Schema.Int),
  /** `fixed`: the same seed in every run. `by-date`: the run's date in its time zone, such as 20261122. */
  seedPolicy: withDefault(Schema.Literals(["fixed", "by-date"]), "fixed"),
  /** `onnx-gpu`, `tensorflow-gpu`: that engine on a GPU. `auto-gpu`: a GPU if it is right and faster. */
  engine: withDefault(Schema.Literals(engineChoices), "auto"),
  threads: Schema.optionalKey(Threads),
  /** What to do when the previous run is still running: skip this one, or queue it (at most one is queued). */
  overlap: withDefault(Schema.Literals(["skip", "queue"]), "skip"),
  /**
   * What to do about scheduled times at which the schedule was not running: nothing, or run the latest of them late.
   */
  catchUp: withDefault(Schema.Literals(["none", "latest"]), "none"),
  /** A run that takes longer is stopped with a checkpoint; the next scheduled run resumes it. */
  timeLimitMinutes: Schema.optionalKey(PositiveFinite),
  /**
   * Retries when the data is unavailable, another process holds the run, or its process crashed; each pause is twice
   * the last.
   */
  retries: withDefault(
    Schema.Struct({
      times: withDefault(NotNegativeInt, 3),
      pauseSeconds: withDefault(PositiveFinite, 60),
    }),
    {},
  ),
  /** How many runs to keep, in addition to the champion and the previous champion (default: all). */
  keep: Schema.optionalKey(PositiveInt),
})
export type ScheduledExperiment = typeof ScheduledExperiment.Type

export const Webhook = Schema.Struct({
  /** Receives a POST with the result of each scheduled run, a line of `schedule.ndjson`. */
  url: Schema.String.check(
    Schema.makeFilter((url) => /^https?:\/\//i.test(url) && URL.canParse(url), {
      expected: "an http or https address",
    }),
  ),
  timeoutSeconds: withDefault(PositiveFinite, 10),
  retries: withDefault(NotNegativeInt, 3),
})
export type Webhook = typeof Webhook.Type

export const Schedule = Schema.Struct({
  experiments: Schema.NonEmptyArray(ScheduledExperiment),
  webhook: Schema.optionalKey(Webhook),
})
export type Schedule = typeof Schedule.Type

/** Types a schedule file; the value is checked when the schedule starts. */
export const schedule = (input: typeof Schedule.Encoded): typeof Schedule.Encoded => input
