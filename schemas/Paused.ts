import { Schema } from "effect"
import { Failure } from "./Failure.ts"

/** The run was to be trained only so far; its progress is saved, and a resume trains it further. */
export class Paused extends Failure<Paused>()("Paused", {
  exitCode: "interrupted",
  fields: {
    /** The place, such as "train at iteration 400 of 1650". */
    during: Schema.String,
  },
  message: ({ during }) => `paused during ${during}`,
}) {}
