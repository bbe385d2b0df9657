/**
 * The display of a run on standard error: lines, and the progress of training below them.
 *
 * A terminal gets a progress bar that is redrawn in place; a pipe or CI gets a plain line every ten seconds. Colours follow
 * NO_COLOR, FORCE_COLOR and the terminal. A closed terminal (EPIPE) is ignored: the run and its log continue.
 */
import { styleText } from "node:util"
import { Effect, Layer } from "effect"
import { Display } from "../../pipeline/Display.ts"
import type { TrainTick } from "../../stages/train/train.ts"
import { duration } from "../../format/duration.ts"
import { elapsedMs } from "../../format/elapsed.ts"
import { makeRecentSpeed } from "./recentSpeed.ts"

const plainIntervalMs = 10_000
const barIntervalMs = 100
const barWidth = 24
const stageWidth = 10

/** Handles errors of a stream whose reader is gone. */
const ignoreClosed = () => {}

export const layerTerminal = Layer.effect(
  Display,
  Effect.sync(() => {
    const stream = process.stderr
    const animated = stream.isTTY && process.env.CI === undefined
    const style = (format: "yellow" | "red" | "cyan", text: string) => styleText(format, text, { stream })
    stream.on("error", ignoreClosed)
    process.stdout.on("error", ignoreClosed)

    let bar = ""
    let shownAt = Number.NEGATIVE_INFINITY
    let startedAt = Number.NEGATIVE_INFINITY
    const recentSpeed = makeRecentSpeed()

    const erase = () => {
      if (bar !== "") stream.write("\r\u001B[2K")
    }
    const line = (stage: string, text: string, kind: "info" | "warning" | "error" = "info") => {
      erase()
      const mark = style("cyan", stage.padEnd(stageWidth))
      const content =
        kind === "warning"
          ? style("yellow", `warning: ${text}`)
          : kind === "error"
            ? style("red", text)
            : text
      stream.write(`${mark}${content}\n${bar}`)
    }

    const intervalMs = animated ? barIntervalMs : plainIntervalMs
    const draw = (mark: string, text: string) => {
      if (!animated) return
      const room = Math.max(0, (stream.columns ?? 80) - mark.length - 1)
      bar = style("cyan", mark) + text.slice(0, room)
      stream.write(`\r\u001B[2K${bar}`)
    }
    const progress = (tick: TrainTick) =>
      Effect.map(elapsedMs, (now) => {
        const speed = recentSpeed(now, tick.iteration)
        if (speed === undefined) startedAt = now
        // The first line is printed at once, and so is the second, which is the first one with a speed.
        const isDue = shownAt <= startedAt || now - shownAt >= intervalMs
        if (!isDue) return
        shownAt = now
        const text = describe(tick, speed)
        if (!animated) return line("train", text)
        const filled = Math.round((barWidth * tick.iteration) / tick.total)
        draw("train".padEnd(stageWidth), `${"█".repeat(filled)}${"░".repeat(barWidth - filled)} ${text}`)
        if (tick.iteration === tick.total) clear()
      })

    const clear = () => {
      erase()
      bar = ""
    }
    return Display.of({ line, progress, isAnimated: animated, bar: (text) => draw("", text), clear })
  }),
)

/** `speed` is in iterations per second; until it is known, speed and remaining time are omitted. */
const describe = (tick: TrainTick, speed: number | undefined) =>
  [
    `iteration ${tick.iteration}/${tick.total}`,
    ...(speed === undefined ? [] : [`${Math.round(speed * tick.batchSize)} images/s`]),
    `loss ${tick.loss.toPrecision(3)}`,
    ...(speed === undefined ? [] : [`${duration((tick.total - tick.iteration) / speed)} left`]),
  ].join(" · ")
