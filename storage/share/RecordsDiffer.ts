import { Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"

/** The runs folder has records of its own in the place of those of the store. */
export class RecordsDiffer extends Failure<RecordsDiffer>()("RecordsDiffer", {
  exitCode: "dataError",
  fields: { what: Schema.String, runsDir: Schema.String, store: Schema.String },
  message: ({ runsDir, store, what }) =>
    `cannot copy ${what} from ${store}: ${runsDir} has its own, and nothing was replaced; use another --runs-dir, or another name`,
}) {}
