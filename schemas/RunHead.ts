/**
 * The head of a run in a store: which files the run has, each as a list of blobs that never change. A checkpoint exists when the
 * head names it.
 */
import { Schema } from "effect"

/** Whether a head may name this path: one that stays below its folder, on any disk, and is not hidden. A head comes from outside. */
export const isInnerPath = (path: string) =>
  path.length <= 500 &&
  path.split("/").every((part) => part !== "" && !part.startsWith(".")) &&
  ![...path].some((character) => character < " " || '\\:*?"<>|'.includes(character))

/** A part of a file. Its name has the attempt that wrote it, and the SHA-256 of its bytes. */
export const Segment = Schema.Struct({
  blob: Schema.String.check(Schema.isPattern(/^\d{4,9}-[0-9a-f]{64}$/)),
  sizeBytes: Schema.Int.check(Schema.isGreaterThan(0)),
})
export type Segment = typeof Segment.Type

export const RunHead = Schema.Struct({
  formatVersion: Schema.Literal(1),
  run: Schema.String,
  /** The attempt that wrote it. One with a lower number never replaces it. */
  attempt: Schema.Int,
  /** The counter of the attempt's heartbeat; empty if it has ended. */
  heartbeat: Schema.String,
  files: Schema.Record(Schema.String, Schema.Array(Segment)).check(
    Schema.makeFilter((files) => Object.keys(files).every(isInnerPath), {
      expected: "paths below the folder of the run",
    }),
  ),
})
export type RunHead = typeof RunHead.Type

export const RunHeadText = Schema.fromJsonString(RunHead)
