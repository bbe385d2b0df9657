import { Schema } from "effect"
import { Failure } from "./Failure.ts"

/** The user or the machine asked the run to stop; what was reached is saved. */
export class Interrupted extends Failure<Interrupted>()("Interrupted", {
  exitCode: "interrupted",
  fields: {
    /** As SIGINT. */
    signal: Schema.String,
    /** Where, as "train at iteration 1234" or "fetch". */
    during: Schema.String,
    /** The command that resumes what was interrupted: the words after `pnpm pipeline`. */
    resumeWith: Schema.optionalKey(Schema.Array(Schema.String)),
  },
  message: ({ during, signal }) => `interrupted by ${signal} during ${during}`,
}) {}
