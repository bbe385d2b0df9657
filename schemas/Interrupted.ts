import { Schema } from "effect"
import { Failure } from "./Failure.ts"

/** A signal stopped the run; its progress is saved. */
export class Interrupted extends Failure<Interrupted>()("Interrupted", {
  exitCode: "interrupted",
  fields: {
    /** Such as SIGINT, or what else asked it to stop. */
    signal: Schema.String,
    /** The place, such as "train at iteration 1234" or "fetch". */
    during: Schema.String,
    /** The command that resumes the run, without `pnpm pipeline`. */
    resumeWith: Schema.optionalKey(Schema.Array(Schema.String)),
  },
  message: ({ during, signal }) => `interrupted by ${signal} during ${during}`,
}) {}
