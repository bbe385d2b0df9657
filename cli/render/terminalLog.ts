/** Log lines as a person sees them on the terminal: all there is outside a run, and a part of it inside (`log.ts`). */
import { Effect, Logger, LogLevel, References } from "effect"
import { Terminal } from "./Terminal.ts"

export const parts = (message: unknown): ReadonlyArray<unknown> =>
  Array.isArray(message) ? message : [message]

export const text = (message: unknown) =>
  parts(message)
    .filter((part) => typeof part !== "object" || part === null)
    .map(String)
    .join(" ")

/**
 * What a person should see, one line each: information and warnings, from `--log-level` on. (Read here: a run lowers the
 * level for its file.) An error is said once, where the command ends.
 */
export const terminalLogger = Effect.gen(function* () {
  const terminal = yield* Terminal
  const least = yield* References.MinimumLogLevel
  return Logger.make<unknown, void>(({ fiber, logLevel, message }) => {
    if ((logLevel !== "Info" && logLevel !== "Warn") || LogLevel.isLessThan(logLevel, least)) return
    const stage = fiber.getRef(References.CurrentLogAnnotations).stage
    terminal.line(
      typeof stage === "string" ? stage : "",
      text(message),
      logLevel === "Warn" ? "warning" : "info",
    )
  })
})

/** The terminal alone, for what happens outside a run. */
export const layerTerminalLog = Logger.layer([terminalLogger])
