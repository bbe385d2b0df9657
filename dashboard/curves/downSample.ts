/**
 * Down-sampling for drawing: (points, view) -> the points that give the same picture.
 *
 * Of every pixel column it keeps the first, the last, the lowest and the highest point, and every value that is no finite number
 * (after Jugel et al., "M4", VLDB 2014). The choice depends on the points and the view alone: nothing is drawn at random, so a
 * curve looks the same after every reload. Columns are equal in pixels, also on a logarithmic axis.
 */

export interface View {
  /** The range that is shown; points beyond it are left out, except the nearest on each side. */
  readonly from: number
  readonly to: number
  /** Width in pixels. */
  readonly columns: number
  /** The horizontal axis is logarithmic. */
  readonly isLogarithmic?: boolean
}

/** The first position whose x is at least `x`; `xs` ascends. */
export const lowerBound = (xs: ArrayLike<number>, x: number): number => {
  let [low, high] = [0, xs.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (xs[middle] < x) low = middle + 1
    else high = middle
  }
  return low
}

/** x -> pixel column, from 0. */
const columnOf = ({ columns, from, isLogarithmic = false, to }: View) => {
  const place = isLogarithmic ? (x: number) => Math.log(Math.max(x, Number.MIN_VALUE)) : (x: number) => x
  const [low, high] = [place(from), place(to)]
  const scale = high > low ? columns / (high - low) : 0
  // Points beyond the view have a column of their own, so that they take the place of none in it.
  return (x: number) =>
    x < from ? -1 : x > to ? columns : Math.min(columns - 1, Math.floor((place(x) - low) * scale))
}

/** Positions of the points to draw, ascending. `xs` ascends; `ys` may hold NaN and infinities. */
export const downSample = (xs: ArrayLike<number>, ys: ArrayLike<number>, view: View): Array<number> => {
  const begin = Math.max(0, lowerBound(xs, view.from) - 1)
  let end = lowerBound(xs, view.to)
  // Points at the edge are in the view, and one more leads the line out of it.
  while (end < xs.length && xs[end] <= view.to) end++
  end = Math.min(xs.length, end + 1)
  const column = columnOf(view)
  const kept: Array<number> = []
  let odd: Array<number> = []
  let [first, last, lowest, highest] = [-1, -1, -1, -1]
  const flush = () => {
    if (first >= 0) odd.push(first, lowest, highest, last)
    odd.sort((a, b) => a - b)
    for (const position of odd) if (kept[kept.length - 1] !== position) kept.push(position)
    odd = []
    first = last = lowest = highest = -1
  }
  let current = -2
  for (let i = begin; i < end; i++) {
    const at = column(xs[i])
    if (at !== current) {
      flush()
      current = at
    }
    const y = ys[i]
    if (!Number.isFinite(y)) {
      odd.push(i)
      continue
    }
    if (first < 0) first = lowest = highest = i
    else if (y < ys[lowest]) lowest = i
    else if (y > ys[highest]) highest = i
    last = i
  }
  flush()
  return kept
}
