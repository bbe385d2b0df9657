/** Log lines for a person: information and warnings, one line each on the terminal. */
import { Effect, Logger, LogLevel, References } from "effect"
import { logText } from "../../format/logText.ts"
import { Display, ShownLogLevel } from "../../pipeline/Display.ts"

/** Shows lines from `--log-level` on. An error is printed once, where the command ends. */
export const layerTerminalLog = Logger.layer([
  Effect.map(Display, (display) =>
    Logger.make<unknown, void>(({ fiber, logLevel, message }) => {
      if (logLevel !== "Info" && logLevel !== "Warn") return
      // A run lowers the level for the sake of its file; outside of one, lines below the level never come here.
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
