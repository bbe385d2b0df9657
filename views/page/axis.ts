/** Axes of charts: (axis, values) -> Plot options, with ticks at round numbers and an optional logarithmic scale. */
import type * as Plot from "@observablehq/plot"

export interface Axis {
  readonly label: string
  readonly format?: (value: number) => string
  /**
   * `magnitude`: logarithmic if positive values span more than a factor of four. `complement`: the same for 1 minus the value,
   * so that accuracies near 100 % can be told apart.
   */
  readonly scale?: "linear" | "magnitude" | "complement" | "time"
  /** The axis spans at least this range. */
  readonly domain?: readonly [number, number]
}

/** Ticks of a logarithmic axis: powers of ten, with round numbers between them if there are few; all in [low, high]. */
export const logarithmicTicks = (low: number, high: number): ReadonlyArray<number> => {
  const decades = Math.log10(high / low)
  const steps = decades > 3.5 ? [1] : decades > 2 ? [1, 3] : decades > 1 ? [1, 2, 5] : [1, 2, 3, 5, 7]
  const every = Math.max(1, Math.ceil(decades / 6))
  const ticks: Array<number> = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    if (power % every !== 0) continue
    for (const step of steps) {
      // Parsed from text, because 10 ** -3 is not exactly 1e-3.
      const tick = Number(`${step}e${power}`)
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick)
    }
  }
  return ticks
}

/** [low, high] enlarged to the round numbers around it, so that the ends of the axis have ticks. */
const roundDomain = (low: number, high: number): readonly [number, number] => {
  const steps = [1, 2, 3, 5, 7, 10]
  const around = (value: number) => {
    const power = Math.floor(Math.log10(value))
    return steps.map((step) => Number(`${step}e${power}`))
  }
  return [
    around(low).findLast((round) => round <= low * 1.001) ?? low,
    around(high).find((round) => round >= high * 0.999) ?? high,
  ]
}

/**
 * How many ticks to ask Plot for, so that there are at most `most` + 1 at multiples of 1, 2 or 5 times a power of ten. Plot takes the
 * wish as a hint: of 5 it makes 8 between 100 and 1,650, whose labels run into each other.
 */
export const tickCount = (low: number, high: number, most: number): number => {
  for (let wish = most; wish > 1; wish--) {
    const raw = (high - low) / wish
    const power = 10 ** Math.floor(Math.log10(raw))
    const error = raw / power
    // The limits of d3-array: geometric means of neighbouring steps.
    const step =
      power * (error >= Math.sqrt(50) ? 10 : error >= Math.sqrt(10) ? 5 : error >= Math.SQRT2 ? 2 : 1)
    if (Math.floor(high / step) - Math.ceil(low / step) <= most) return wish
  }
  return Math.min(most, 2)
}

/** A number short enough for an axis label: 0.0001, 12,000. */
export const numberTick = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.0001
    ? value.toExponential(0).replace("-", "−")
    : value.toLocaleString("en", { maximumSignificantDigits: 3 })

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
const minuteMs = 60_000
const dayMs = 1440 * minuteMs

/** Ticks of a time axis in UTC, on a clock of 24 hours: 02:30:15, 02:30, Nov 4, Nov 4 02:30 or Nov 2026, as the length of the axis needs. */
export const timeTick =
  (from: number, until: number) =>
  (time: Date): string => {
    const month = months[time.getUTCMonth()]
    const day = `${month} ${time.getUTCDate()}`
    if (until - from > 300 * dayMs) return `${month} ${time.getUTCFullYear()}`
    if (until - from > 4 * dayMs) return day
    const clock = time.toISOString().slice(11, until - from < 5 * minuteMs ? 19 : 16)
    return clock === "00:00" || until - from > dayMs ? `${day} ${clock}` : clock
  }

interface VerticalAxis {
  readonly options: Plot.ScaleOptions
  /** Where a value is drawn on the scale. */
  readonly at: (value: number) => number
  /** What the reader should know of the scale. */
  readonly note: string | null
}

const shared = ({ format = numberTick }: Axis) =>
  ({ grid: true, tickFormat: format, tickSize: 0, labelArrow: "none" }) as const

const linearAxis = (axis: Axis, finite: ReadonlyArray<number>): VerticalAxis => {
  const [lowest, highest] = [Math.min(...finite), Math.max(...finite)]
  // A constant value gets an axis that starts at 0, not an axis of zero length.
  const constant = lowest === highest && lowest > 0
  const domain = axis.domain === undefined && !constant ? {} : { domain: [constant ? 0 : lowest, highest] }
  return {
    options: { ...shared(axis), label: axis.label, ...domain, ticks: 5, nice: true },
    at: (value) => value,
    note: null,
  }
}

/** `magnitudes`: the values, or 1 minus them; the largest is then at the bottom. */
const logarithmicAxis = (axis: Axis, magnitudes: ReadonlyArray<number>): VerticalAxis => {
  const positive = magnitudes.filter((value) => value > 0)
  const [low, high] = [Math.min(...positive), Math.max(...positive)]
  const isComplement = axis.scale === "complement"
  const { format = numberTick } = axis
  // 0 has no logarithm: it is drawn at the edge, beyond all other values.
  const floor = magnitudes.some((value) => value === 0) ? low / 2 : null
  const domain = roundDomain(floor ?? low, high)
  const magnitudeOf = (value: number) => (isComplement ? 1 - value : value)
  return {
    options: {
      ...shared(axis),
      label: `${axis.label} (log scale${isComplement ? ` of 1 − ${axis.label}` : ""})`,
      type: "log",
      domain: isComplement ? domain.toReversed() : [...domain],
      ticks: [...logarithmicTicks(...domain)],
      tickFormat: (magnitude: number) => format(magnitudeOf(magnitude)),
    },
    at: (value) => (magnitudeOf(value) > 0 ? magnitudeOf(value) : domain[0]),
    note:
      floor === null
        ? null
        : `${isComplement ? format(1) : "Zero"} has no place on a logarithmic scale; it is drawn at the ${isComplement ? "top" : "bottom"} edge.`,
  }
}

/** Options of the vertical axis, and the value at which a point is drawn. */
export const verticalAxis = (axis: Axis, values: ReadonlyArray<number>): VerticalAxis => {
  const finite = [...values, ...(axis.domain ?? [])].filter(Number.isFinite)
  const magnitudes = axis.scale === "complement" ? finite.map((value) => 1 - value) : finite
  const positive = magnitudes.filter((value) => value > 0)
  const isLogarithmic =
    (axis.scale === "magnitude" || axis.scale === "complement") &&
    positive.length > 0 &&
    Math.max(...positive) > 4 * Math.min(...positive) &&
    Math.min(...magnitudes) >= 0
  return isLogarithmic ? logarithmicAxis(axis, magnitudes) : linearAxis(axis, finite)
}
