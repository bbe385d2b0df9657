/**
 * What to train again and again, and when: the default export of a schedule file, `schedule({ … })`.
 *
 * Every policy is stated here; the command line makes the same value out of its flags.
 */
import { Schema } from "effect"
import { engineNames } from "./EngineInfo.ts"
import { PositiveFinite, PositiveInt } from "./numbers.ts"
import { withDefault } from "./withDefault.ts"

const NotNegativeInt = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

export const ScheduledExperiment = Schema.Struct({
  /** The experiment file; a relative path starts at the working folder. */
  file: Schema.NonEmptyString,
  /**
   * Minute, hour, day, month, weekday (seconds before them if wanted), on the clock of `timezone`. A time that a change
   * to daylight saving leaves out comes that much later; one that a change back repeats comes once.
   */
  cron: Schema.NonEmptyString,
  /** As Europe/Prague. */
  timezone: withDefault(Schema.NonEmptyString, "UTC"),
  iterations: Schema.optionalKey(PositiveInt),
  /** Instead of the experiment's; not with seeds by date. */
  seed: Schema.optionalKey(Schema.Int),
  /** `by-date`: the night's date in its time zone, as 20261122. `fixed`: the same every night. */
  seedPolicy: withDefault(Schema.Literals(["fixed", "by-date"]), "fixed"),
  engine: withDefault(Schema.Literals(engineNames), "auto"),
  threads: Schema.optionalKey(PositiveInt),
  /** A slot that comes while the night before still goes on: left out, or begun after it (one at most). */
  overlap: withDefault(Schema.Literals(["skip", "queue"]), "skip"),
  /** Slots that passed while nothing was there to see them: left out, or the latest of them made up for at once. */
  catchUp: withDefault(Schema.Literals(["none", "latest"]), "none"),
  /** A night that takes longer is stopped with a checkpoint; the next slot goes on with it. */
  timeLimitMinutes: Schema.optionalKey(PositiveFinite),
  /** For data that cannot be had, a run another process holds and a process that crashed; each pause is twice the one before. */
  retries: withDefault(
    Schema.Struct({
      times: withDefault(NotNegativeInt, 3),
      pauseSeconds: withDefault(PositiveFinite, 60),
    }),
    {},
  ),
  /** Finished nights' runs that stay, beside the champion and the one before it; without it, all. */
  keep: Schema.optionalKey(PositiveInt),
})
export type ScheduledExperiment = typeof ScheduledExperiment.Type

export const Webhook = Schema.Struct({
  /** Gets a POST of each night's line as JSON. */
  url: Schema.String.check(
    Schema.makeFilter((url) => /^https?:\/\//i.test(url) && URL.canParse(url), {
      message: "a webhook is an http or https address",
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

/** Gives a schedule file its types; the value is checked when the schedule starts. */
export const schedule = (input: typeof Schedule.Encoded): typeof Schedule.Encoded => input
