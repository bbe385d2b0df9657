/** The ranges of a chart's axes: (series, view, key) -> from and to. */
import type { ChartSeries } from "./chartSeries.ts"

export interface Range {
  readonly from: number
  readonly to: number
}

export const rangeOf = (series: ReadonlyArray<ChartSeries>): Range => {
  const ends = series.flatMap(({ xs }) => (xs.length === 0 ? [] : [xs[0], xs[xs.length - 1]]))
  return ends.length === 0 ? { from: 0, to: 1 } : { from: Math.min(...ends), to: Math.max(...ends) }
}

export const linearRange = (low: number | null, high: number | null): [number, number] => {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1]
  if (low === high) return low === 0 ? [0, 1] : [Math.min(0, 2 * low), Math.max(0, 2 * low)]
  const room = 0.06 * (high - low)
  // Losses and error rates are not negative: an axis that nearly reaches 0 begins there.
  return [low >= 0 && low < 0.35 * high ? 0 : low - room, high + room]
}

export const logarithmicRange = (low: number | null, high: number | null): [number, number] =>
  low === null || high === null || low <= 0 ? [0.1, 1] : [low / 1.15, high * 1.15]

/** The range that a key leads to, undefined for the whole; nothing for a key that means nothing. */
export const zoomOfKey = (
  key: string,
  view: Range | undefined,
  all: Range,
): { readonly range: Range | undefined } | undefined => {
  const { from, to } = view ?? all
  const width = to - from
  const shown = (next: Range) => ({
    range: next.from <= all.from && next.to >= all.to ? undefined : next,
  })
  switch (key) {
    case "+":
    case "=":
      return shown({ from: from + width / 4, to: to - width / 4 })
    case "-":
      return shown({ from: Math.max(all.from, from - width / 2), to: Math.min(all.to, to + width / 2) })
    case "ArrowLeft":
      return view && shown({ from: from - width / 4, to: to - width / 4 })
    case "ArrowRight":
      return view && shown({ from: from + width / 4, to: to + width / 4 })
    case "0":
    case "Escape":
      return { range: undefined }
    default:
      return undefined
  }
}
