/**
 * The log of a run: its lines go as JSON into its directory (pino), besides the loggers there are already (the terminal's).
 *
 * Writes to the file are synchronous: a line that was logged is on its way to the disk when the process is killed. A
 * log that cannot be written (a full disk) never ends a run; what matters reports its own failure.
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

/** Objects among the logged values become fields of the line. */
const fields = (message: unknown): object =>
  Object.assign({}, ...logParts(message).filter((part) => typeof part === "object" && part !== null))

/** Every line, at every level from Debug, into `path`. */
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
 * Adds the logger of a run; `path` is its log.ndjson. The file gets every line from Debug on; what else shows lines (the
 * terminal) keeps to the level that was set before.
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
