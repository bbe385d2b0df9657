/** The ranges of a chart's axes: (series, view, key) -> from and to. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** Ascending. */
interface Places {
  readonly xs: ReadonlyArray<number>
}

export const rangeOf = (series: ReadonlyArray<Places>): Range => {
  const ends = series.flatMap(({ xs }) => (xs.length === 0 ? [] : [xs[0], xs[xs.length - 1]]))
  return ends.length === 0 ? { from: 0, to: 1 } : { from: Math.min(...ends), to: Math.max(...ends) }
}

/** Where a logarithmic axis begins: at the smallest x above 0, or at half of it if there are others, which have no place of their own. */
export const firstPlace = (series: ReadonlyArray<Places>): number => {
  const positive = series.flatMap(({ xs }) => xs.find((x) => x > 0) ?? [])
  const smallest = positive.length === 0 ? 1 : Math.min(...positive)
  return series.some(({ xs }) => xs.length > 0 && xs[0] <= 0) ? smallest / 2 : smallest
}

/** The part of a range that a logarithmic axis has, from its first place on. */
export const logarithmicPart = ({ from, to }: Range, first: number): Range => {
  const begin = Math.max(from, first)
  return { from: begin, to: to > begin ? to : 2 * begin }
}

/** The ends of the horizontal axis; a single point is in the middle. */
export const axisOf = ({ from, to }: Range, isLogarithmic: boolean): [number, number] =>
  from < to ? [from, to] : isLogarithmic ? [0.5 * from, 2 * from] : [from - 1, from + 1]

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
