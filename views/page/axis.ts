/** Axes of charts: (axis, values) -> Plot options, with ticks at round numbers and an optional logarithmic scale. */

export interface Axis {
  readonly label: string
  readonly format?: (value: number) => string
  /** `magnitude`: logarithmic if positive values span more than a factor of four. */
  readonly scale?: "linear" | "magnitude" | "time"
  /** The axis spans at least this range. */
  readonly domain?: readonly [number, number]
}

/** Ticks of a logarithmic axis: powers of ten, with round numbers between them if there are few. */
const logarithmicTicks = (low: number, high: number): ReadonlyArray<number> => {
  const decades = Math.log10(high / low)
  const steps = decades > 3.5 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 5]
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

/** A number short enough for an axis label: 0.0001, 12,000. */
export const numberTick = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.0001
    ? value.toExponential(0).replace("-", "−")
    : value.toLocaleString("en", { maximumSignificantDigits: 3 })

/** A share as a short percentage: 0.25 %, 12 %. */
export const percentTick = (share: number): string =>
  `${(100 * share).toLocaleString("en", { maximumSignificantDigits: 3 })} %`

/** Options of the vertical axis, and the value at which a point is drawn. */
export const verticalAxis = (axis: Axis, values: ReadonlyArray<number>) => {
  const finite = [...values, ...(axis.domain ?? [])].filter(Number.isFinite)
  const positive = finite.filter((value) => value > 0)
  const [low, high] = [Math.min(...positive), Math.max(...positive)]
  const tickFormat = axis.format ?? numberTick
  const shared = { label: axis.label, grid: true, tickFormat, tickSize: 0, labelArrow: "none" } as const
  const logarithmic =
    axis.scale === "magnitude" && positive.length > 0 && high > 4 * low && Math.min(...finite) >= 0
  if (!logarithmic) {
    const [lowest, highest] = [Math.min(...finite), Math.max(...finite)]
    // A constant value gets an axis that starts at 0, not an axis of zero length.
    const constant = lowest === highest && lowest > 0
    const domain = axis.domain === undefined && !constant ? {} : { domain: [constant ? 0 : lowest, highest] }
    return {
      options: { ...shared, ...domain, ticks: 5, nice: true },
      at: (value: number) => value,
      floor: null,
    }
  }
  // 0 has no logarithm: it is drawn at the bottom edge, below all other values.
  const floor = finite.some((value) => value === 0) ? low / 2 : null
  const domain = [floor ?? low, high]
  return {
    options: { ...shared, type: "log", domain, ticks: [...logarithmicTicks(domain[0], high)] } as const,
    at: (value: number) => (value > 0 ? value : (floor ?? low)),
    floor,
  }
}
