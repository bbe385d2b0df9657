/** Shows information and warnings of the log on the display, one line each: on the terminal, or as events. */
import { Effect, Logger, LogLevel, References } from "effect"
import { logText } from "../format/logText.ts"
import { Display, ShownLogLevel } from "./Display.ts"

/** Lines at or above the level of whoever started the run. Errors are shown once, where the command or the call ends. */
export const layerDisplayLog = Logger.layer([
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
