/**
 * What a command reports to the program that started it: one JSON object a line (NDJSON), in the place of text for
 * people.
 *
 * The parent opens one more pipe and names its file descriptor in `TIDEMARK_EVENTS_FD`. A reader ignores a line that
 * it does not know, so that programs of two versions understand each other; an event is added here, none changes its
 * meaning.
 */
import { Schema } from "effect"

/** The environment variable that holds the number of the file descriptor. */
export const eventsVariable = "TIDEMARK_EVENTS_FD"

/**
 * The environment variable of a process that must not outlive the one that started it: it stops, with a checkpoint, when its
 * standard input ends.
 */
export const endsWithParentVariable = "TIDEMARK_ENDS_WITH_PARENT"

export const ProcessEvent = Schema.Union([
  /** A line that a person would be shown. */
  Schema.Struct({
    event: Schema.Literal("log"),
    level: Schema.Literals(["info", "warning", "error"]),
    /** The stage it comes from, such as `train`; empty outside of stages. */
    stage: Schema.String,
    text: Schema.String,
  }),
  /** How far training is. */
  Schema.Struct({
    event: Schema.Literal("progress"),
    iteration: Schema.Int,
    total: Schema.Int,
    batchSize: Schema.Int,
    /** Null if it is not finite. */
    loss: Schema.NullOr(Schema.Finite),
  }),
  /** Why the command fails: the last event. */
  Schema.Struct({
    event: Schema.Literal("error"),
    message: Schema.String,
    /** The class of the error, such as `DatasetOutOfBounds`; null for a bug. */
    tag: Schema.NullOr(Schema.String),
    /** As the process will exit with (sysexits). */
    exitCode: Schema.Int,
  }),
])
export type ProcessEvent = typeof ProcessEvent.Type

const EventLine = Schema.fromJsonString(ProcessEvent)

/** Without the line's end. */
export const encodeEvent = Schema.encodeSync(EventLine)

/** None for a line that is not an event of this version. */
export const decodeEvent = Schema.decodeUnknownOption(EventLine)
