/**
 * What the train stage logs for programs: fields of a line of the log. The text of the line is for people and may change.
 */
import { Schema } from "effect"

export const TrainEvent = Schema.Struct({
  /** `started`: an attempt begins to train after `iteration`. `evaluated`: the validation split was measured at `iteration`. */
  event: Schema.Literals(["started", "evaluated"]),
  iteration: Schema.Int,
})
export type TrainEvent = typeof TrainEvent.Type
