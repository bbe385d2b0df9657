/**
 * How trials are drawn: (status) -> symbol and colour, the same in every chart. They differ in shape too, for readers who
 * cannot tell colours apart, and for print.
 */
import { percentTick } from "../../format/numbers.ts"
import { naturalValue, objectiveName, showObjective, statusWords } from "../../operations/sweep/describe.ts"
import type { TrialProgress, TrialStatus } from "../../operations/sweep/progress.ts"
import type { Place } from "../../operations/sweep/space.ts"
import { showId } from "../../operations/sweep/space.ts"
import type { SweepDefinition } from "../../schemas/Sweep.ts"
import { type Axis, numberTick } from "../page/axis.ts"
import { Plot } from "../page/draw.ts"
import { Html, html } from "../page/html.ts"
import { seriesColor } from "../page/style.ts"

interface Mark {
  readonly symbol: "circle" | "triangle" | "times" | "square"
  readonly color: string
  readonly filled: boolean
  /** In a box of 24 by 10. */
  readonly path: string
}

const marks: Readonly<Record<TrialStatus, Mark>> = {
  finished: {
    symbol: "circle",
    color: seriesColor(0),
    filled: true,
    path: "M8,5a4,4 0 1 0 8,0a4,4 0 1 0 -8,0z",
  },
  pruned: { symbol: "triangle", color: seriesColor(6), filled: false, path: "M12,1L16.5,9H7.5z" },
  failed: {
    symbol: "times",
    color: seriesColor(1),
    filled: false,
    path: "M8.5,1.5L15.5,8.5M15.5,1.5L8.5,8.5",
  },
  open: { symbol: "square", color: seriesColor(4), filled: false, path: "M8.5,1.5H15.5V8.5H8.5z" },
}

export interface DrawnTrial {
  readonly x: number
  readonly y: number
  readonly status: TrialStatus
  readonly tooltip: string
}

const order: ReadonlyArray<TrialStatus> = ["pruned", "open", "failed", "finished"]

/** One mark for each status, the finished trials on top. */
export const trialDots = (trials: ReadonlyArray<DrawnTrial>) =>
  order.flatMap((status) => {
    const { color, filled, symbol } = marks[status]
    const drawn = trials.filter((trial) => trial.status === status)
    return drawn.length === 0
      ? []
      : [
          Plot.dot(drawn, {
            x: "x",
            y: "y",
            symbol,
            r: symbol === "times" ? 3.6 : 3.2,
            stroke: color,
            strokeWidth: symbol === "times" ? 2 : 1.4,
            fill: filled ? color : symbol === "times" ? "none" : "var(--paper)",
            title: "tooltip",
          }),
        ]
  })

/** Names of the statuses that occur, with their symbols, and of lines. */
export const trialLegend = (
  trials: ReadonlyArray<Pick<TrialProgress, "status">>,
  lines: ReadonlyArray<{ readonly name: string; readonly color: string; readonly dashes: string }> = [],
): Html => {
  const shown = order.toReversed().filter((status) => trials.some((trial) => trial.status === status))
  const swatch = (content: string) => new Html(`<svg viewBox="0 0 24 10" aria-hidden="true">${content}</svg>`)
  return html`<ul class="legend">
    ${shown.map((status) => {
      const { color, filled, path } = marks[status]
      const drawn = `<path d="${path}" fill="${filled ? color : "none"}" stroke="${color}" stroke-width="1.6"/>`
      return html`<li>${swatch(drawn)}${statusWords[status]}</li>`
    })}
    ${lines.map(({ color, dashes, name }) => {
      const drawn = `<path d="M0,5H24" fill="none" stroke="${color}" stroke-width="2" stroke-dasharray="${dashes}"/>`
      return html`<li>${swatch(drawn)}${name}</li>`
    })}
  </ul>`
}

/** The axis of the objective: losses and errors may span magnitudes. Of a metric with mode max, the best is at the bottom too. */
export const objectiveAxis = (definition: Pick<SweepDefinition, "objective">): Axis => {
  const label = objectiveName(definition)
  if (typeof definition.objective !== "string") {
    return { label, scale: "linear", format: (value) => numberTick(naturalValue(definition, value)) }
  }
  const format = definition.objective === "validationError" ? { format: percentTick } : {}
  return { label, scale: "magnitude", ...format }
}

/** "the end" or "iteration 185". */
export const barrierName = (iteration: number | null): string =>
  iteration === null ? "the end" : `iteration ${iteration.toLocaleString("en")}`

export const describeTrial = (
  definition: SweepDefinition,
  barriers: ReadonlyArray<number | null>,
  { reason, rung, status, trial, values }: TrialProgress,
): string => {
  const value = rung === null ? null : values[rung]
  const measured =
    rung === null || value === null
      ? []
      : [`${objectiveName(definition)} ${showObjective(definition, value)} at ${barrierName(barriers[rung])}`]
  return [`trial ${trial}: ${statusWords[status]}`, ...measured, ...(reason === null ? [] : [reason])].join(
    ", ",
  )
}

/** Characters that a narrow chart has for a name. */
const room = 17

/** The end of each path that fits a narrow chart and is unique: "optimizer.learningRate.peak" -> "learningRate.peak". */
export const shortNames = (places: ReadonlyArray<Place>): ReadonlyArray<string> => {
  const whole = places.map(({ id }) => showId(id))
  const cut = whole.map((name) => (name.length > room ? `…${name.slice(1 - room)}` : name))
  const ends = whole.map((name, i) => {
    const words = name.split(".")
    return words.map((_, from) => words.slice(from).join(".")).find((end) => end.length <= room) ?? cut[i]
  })
  const isUnique = (names: ReadonlyArray<string>, i: number) =>
    names.indexOf(names[i]) === names.lastIndexOf(names[i])
  return whole.map((name, i) => (isUnique(ends, i) ? ends[i] : isUnique(cut, i) ? cut[i] : name))
}
