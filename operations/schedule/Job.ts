/** An experiment on the schedule, checked: what starts a night needs of it. */
import type { Cron } from "effect"
import type { ScheduledExperiment } from "../../schemas/Schedule.ts"

export interface Job extends ScheduledExperiment {
  /** The experiment's name. */
  readonly name: string
  /** Undefined where nights are begun from outside, with --now. */
  readonly due: Cron.Cron | undefined
}
