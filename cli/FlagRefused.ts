/** A flag that does not apply to what the command was given. */
import { Schema } from "effect"
import { Failure } from "../schemas/Failure.ts"

export class FlagRefused extends Failure<FlagRefused>()("FlagRefused", {
  exitCode: "usage",
  fields: { flag: Schema.String, reason: Schema.String },
  message: ({ flag, reason }) => `${flag} does not apply: ${reason}; omit ${flag}`,
}) {}
