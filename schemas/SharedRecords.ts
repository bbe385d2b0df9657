/**
 * What concerns several runs, in a store: a sweep, the result of an ensemble, the state of a schedule, the champions. One object,
 * replaced as a whole if it is unchanged.
 */
import { Schema } from "effect"
import { ProcessIdentity } from "./Run.ts"
import { isInnerPath } from "./RunHead.ts"

/** The process that decides, such as what a sweep trains next. It alone replaces the object while it lives. */
export const RecordsHolder = Schema.Struct({
  /** Identifies this holding. */
  token: Schema.String,
  process: ProcessIdentity,
  since: Schema.String,
  /** Grows while the process lives. */
  beat: Schema.Int,
})
export type RecordsHolder = typeof RecordsHolder.Type

export const SharedRecords = Schema.Struct({
  formatVersion: Schema.Literal(1),
  /** Null: no process holds it. */
  holder: Schema.NullOr(RecordsHolder),
  /** The files by their paths: text, or base64 if the name ends with `.safetensors`. */
  files: Schema.Record(Schema.String, Schema.String).check(
    Schema.makeFilter((files) => Object.keys(files).every(isInnerPath), {
      expected: "paths below the runs folder",
    }),
  ),
})
export type SharedRecords = typeof SharedRecords.Type

export const SharedRecordsText = Schema.fromJsonString(SharedRecords)
