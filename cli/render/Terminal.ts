/**
 * The display of a run on standard error: lines, and the progress of training below them.
 *
 * A terminal gets a progress bar that is redrawn in place; a pipe or CI gets a plain line every ten seconds. Colours
 * follow NO_COLOR, FORCE_COLOR and the terminal. A closed terminal (EPIPE) is ignored: the run and its log continue.
 */
import { styleText } from "node:util"
import { Effect, Layer, LogLevel } from "effect"
import { Display, ShownLogLevel } from "../../pipeline/Display.ts"
import type { TrainTick } from "../../stages/train/train.ts"
import { duration } from "../../format/duration.ts"
import { count, threeDigits } from "../../format/numbers.ts"
import { printable } from "../../format/printable.ts"
import { shortened } from "../../schemas/shortened.ts"
import { elapsedMs } from "../../format/elapsed.ts"
import { makeRecentSpeed } from "./recentSpeed.ts"
import { wrap } from "./wrap.ts"

const plainIntervalMs = 10_000
const barIntervalMs = 100
const barWidth = 24
const stageWidth = 10
const eraseLine = "\r\u001B[2K"
/** Columns kept free after a bar: a terminal echoes ^C there, which would otherwise begin a line that nothing erases. */
const echoWidth = 3

/** Handles errors of a stream whose reader is gone. */
const ignoreClosed = () => {}

/** One training whose progress is shown. */
interface Training {
  readonly recentSpeed: ReturnType<typeof makeRecentSpeed>
  startedAt: number
  shownAt: number
  tick: TrainTick
  speed: number | undefined
}

export const layerTerminal = Layer.effect(
  Display,
  Effect.sync(() => {
    const stream = process.stderr
    const animated = stream.isTTY && process.env.CI === undefined
    const style = (format: "yellow" | "red" | "cyan", text: string) => styleText(format, text, { stream })
    stream.on("error", ignoreClosed)
    process.stdout.on("error", ignoreClosed)

    let bar = ""
    /** By source; the empty one is the training of this process. */
    const trainings = new Map<string, Training>()

    const columns = () => stream.columns ?? 80
    /** Erases the bar, and the ^C that a terminal echoes. */
    const erase = () => {
      if (animated) stream.write(eraseLine)
    }
    const line = (stage: string, logged: string, kind: "info" | "warning" | "error" = "info") => {
      erase()
      const text = printable(shortened(logged))
      const mark = style("cyan", printable(stage).padEnd(stageWidth))
      const content =
        kind === "warning"
          ? style("yellow", `warning: ${text}`)
          : kind === "error"
            ? style("red", text)
            : text
      const shown = animated
        ? wrap(content, columns() - 1 - stageWidth).replaceAll("\n", `\n${" ".repeat(stageWidth)}`)
        : content
      stream.write(`${mark}${shown}\n${bar}`)
    }

    const draw = () => {
      const mark = trainings.has("") ? "train".padEnd(stageWidth) : ""
      const text = progressLine(trainings, columns() - mark.length - echoWidth)
      bar = trainings.size === 0 ? "" : style("cyan", mark) + text
      stream.write(`${eraseLine}${bar}`)
    }
    const clear = (source?: string) => {
      if (source === undefined) trainings.clear()
      else trainings.delete(source)
      if (bar !== "") draw()
    }

    const intervalMs = animated ? barIntervalMs : plainIntervalMs
    const progress = (tick: TrainTick, source = "") =>
      Effect.gen(function* () {
        const least = yield* ShownLogLevel
        if (least !== undefined && LogLevel.isGreaterThan(least, "Info")) return
        const now = yield* elapsedMs
        const training = trainings.get(source) ?? newTraining(tick)
        trainings.set(source, training)
        training.tick = tick
        training.speed = training.recentSpeed(now, tick.iteration)
        if (training.speed === undefined) training.startedAt = now
        // The first line is printed at once, and so is the second, which is the first one with a speed.
        const isDue = training.shownAt <= training.startedAt || now - training.shownAt >= intervalMs
        if (!isDue) return
        training.shownAt = now
        if (!animated) return line(source === "" ? "train" : source, describe(training))
        draw()
        if (tick.iteration === tick.total) clear(source)
      })

    return Display.of({ line, progress, clear })
  }),
)

const newTraining = (tick: TrainTick): Training => ({
  recentSpeed: makeRecentSpeed(),
  startedAt: Number.NEGATIVE_INFINITY,
  shownAt: Number.NEGATIVE_INFINITY,
  tick,
  speed: undefined,
})

const timeLeft = ({ speed, tick }: Training): ReadonlyArray<string> =>
  speed === undefined ? [] : [`${duration((tick.total - tick.iteration) / speed)} left`]

/** Until the speed (in iterations per second) is known, speed and remaining time are omitted. */
const partsOf = (training: Training) => {
  const { speed, tick } = training
  return {
    iteration: `iteration ${count(tick.iteration)}/${count(tick.total)}`,
    speed: speed === undefined ? [] : [`${count(Math.round(speed * tick.batchSize))} images/s`],
    loss: `loss ${threeDigits(tick.loss)}`,
    left: timeLeft(training),
  }
}

const describe = (training: Training) => {
  const { iteration, left, loss, speed } = partsOf(training)
  return [iteration, ...speed, loss, ...left].join(" · ")
}

/** From all there is to the least: the bar goes first, then the speed. Iteration, loss and time left stay longest. */
const versionsOf = (training: Training): ReadonlyArray<string> => {
  const { iteration, total } = training.tick
  const filled = Math.round((barWidth * iteration) / total)
  const bar = `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`
  const parts = partsOf(training)
  const short = `${count(iteration)}/${count(total)}`
  return [
    `${bar} ${describe(training)}`,
    describe(training),
    [parts.iteration, parts.loss, ...parts.left].join(" · "),
    [short, parts.loss, ...parts.left].join(" · "),
    short,
  ]
}

/** The training of this process in the longest version that fits, or a few words for each of several. */
const progressLine = (trainings: ReadonlyMap<string, Training>, room: number): string => {
  const own = trainings.get("")
  if (own !== undefined) {
    const versions = versionsOf(own)
    return versions.find((version) => version.length <= room) ?? versions[versions.length - 1]
  }
  const sources = [...trainings].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
  const each = sources.map(([source, training]) =>
    [
      `${source} at ${count(training.tick.iteration)}/${count(training.tick.total)}`,
      ...timeLeft(training),
    ].join(", "),
  )
  return each.join(" · ").slice(0, Math.max(0, room))
}
