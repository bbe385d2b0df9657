/** Prints information and warnings on the terminal, one line each. */
import { Effect, Logger, LogLevel, References } from "effect"
import { logText } from "../../format/logText.ts"
import { Display, ShownLogLevel } from "../../pipeline/Display.ts"

/** Prints lines at or above `--log-level`. Errors are printed once, where the command ends. */
export const layerTerminalLog = Logger.layer([
  Effect.map(Display, (display) =>
    Logger.make<unknown, void>(({ fiber, logLevel, message }) => {
      if (logLevel !== "Info" && logLevel !== "Warn") return
      // A run lowers the level for its log file; outside a run, lines below the level never reach this logger.
      const least = fiber.getRef(ShownLogLevel)
      if (least !== undefined && LogLevel.isLessThan(logLevel, least)) return
      const stage = fiber.getRef(References.CurrentLogAnnotations).stage
      display.line(
        typeof stage === "string" ? stage : "",
        logText(message),
        logLevel === "Warn" ? "warning" : "info",
      )
    }),
  ),
])
