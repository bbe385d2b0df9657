import { Runtime, Schema } from "effect"

/** The user or the machine asked the run to stop; what was reached is saved. */
export class Interrupted extends Schema.TaggedError<Interrupted>()("Interrupted", {
  /** As SIGINT. */
  signal: Schema.String,
  /** Where, as "train at iteration 1234" or "fetch". */
  during: Schema.String,
  /** The command that resumes what was interrupted: the words after `pnpm pipeline`. */
  resumeWith: Schema.optionalKey(Schema.Array(Schema.String)),
}) {
  override get [Runtime.errorExitCode]() {
    return 130
  }
  override get message() {
    return `interrupted by ${this.signal} during ${this.during}`
  }
}
