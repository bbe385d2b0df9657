/**
 * The log of a run: pino writes each line as JSON into the run directory, in addition to the existing loggers (the terminal).
 *
 * Writes to the file are synchronous, so a logged line survives a kill of the process. A log that cannot be written (a full
 * disk) never ends a run: files that matter report their own failure.
 */
import { Cause, Effect, Layer, Logger, References } from "effect"
import { destination, pino } from "pino"
import { logParts, logText } from "../format/logText.ts"
import { ShownLogLevel } from "./Display.ts"

const levels: Record<string, "trace" | "debug" | "info" | "warn" | "error" | "fatal"> = {
  Trace: "trace",
  Debug: "debug",
  Info: "info",
  Warn: "warn",
  Error: "error",
  Fatal: "fatal",
}

/** The objects among the logged values become fields of the line. */
const fields = (message: unknown): object =>
  Object.assign({}, ...logParts(message).filter((part) => typeof part === "object" && part !== null))

/** Writes every line from level Debug on into `path`. */
const fileLogger = (path: string, attempt: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const file = destination({ dest: path, sync: true, append: true, mkdir: true })
      file.on("error", () => {})
      return {
        file,
        log: pino({ level: "trace", base: { attempt }, timestamp: pino.stdTimeFunctions.isoTime }, file),
      }
    }),
    ({ file }) => Effect.sync(() => file.end()),
  ).pipe(
    Effect.map(({ log }) =>
      Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
        const level = levels[logLevel]
        if (level === undefined) return
        const failure = cause.reasons.length === 0 ? {} : { cause: Cause.pretty(cause) }
        const annotations = fiber.getRef(References.CurrentLogAnnotations)
        log[level]({ ...annotations, ...fields(message), ...failure }, logText(message))
      }),
    ),
  )

/**
 * Adds the logger of a run; `path` is the attempt's file, which has every line from level Debug on; the terminal keeps its own
 * level.
 */
export const layerLog = (path: string, attempt: number) =>
  Layer.unwrap(
    Effect.map(References.MinimumLogLevel, (level) =>
      Layer.mergeAll(
        Logger.layer([fileLogger(path, attempt)], { mergeWithExisting: true }),
        Layer.succeed(References.MinimumLogLevel, "Debug"),
        Layer.succeed(ShownLogLevel, level),
      ),
    ),
  )
