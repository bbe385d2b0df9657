/** One job of the schedule: an experiment with its times and policies, checked. */
import type { Cron } from "effect"
import type { ScheduledExperiment } from "../../schemas/Schedule.ts"

export interface Job extends ScheduledExperiment {
  /** The experiment's name. */
  readonly name: string
  /** Undefined with --now: the scheduled times are somebody else's. */
  readonly due: Cron.Cron | undefined
}
