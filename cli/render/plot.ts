/**
 * Curves as text: (series, size) -> lines. Each series has its own letter, so no colour is needed.
 *
 * The vertical axis is logarithmic where values span more than a factor of four, as errors do while a model learns.
 */

export interface Series {
  /** One character. */
  readonly mark: string
  /** By increasing x. */
  readonly points: ReadonlyArray<{ readonly x: number; readonly y: number }>
}

const levels = "▁▂▃▄▅▆▇█"

/** A curve in one line of at most `width` characters, each the mean of an equal share of the values. */
export const sparkline = (values: ReadonlyArray<number>, width: number): string => {
  const finite = values.filter(Number.isFinite)
  if (finite.length === 0) return ""
  const columns = Math.min(width, finite.length)
  const means = Array.from({ length: columns }, (_, i) => {
    const from = Math.floor((i * finite.length) / columns)
    const part = finite.slice(from, Math.max(from + 1, Math.floor(((i + 1) * finite.length) / columns)))
    return part.reduce((a, b) => a + b, 0) / part.length
  })
  const logarithmic = Math.min(...means) > 0 && Math.max(...means) > 4 * Math.min(...means)
  const scaled = logarithmic ? means.map(Math.log) : means
  const [low, high] = [Math.min(...scaled), Math.max(...scaled)]
  return scaled
    .map(
      (value) => levels[high === low ? 0 : Math.round(((value - low) / (high - low)) * (levels.length - 1))],
    )
    .join("")
}

/** y of a series at `x`, interpolated; undefined outside its range. */
const valueAt = ({ points }: Series, x: number): number | undefined => {
  const after = points.findIndex((point) => point.x >= x)
  if (after === -1) return undefined
  const [a, b] = [points[after - 1], points[after]]
  if (b.x === x) return b.y
  return a === undefined ? undefined : a.y + ((b.y - a.y) * (x - a.x)) / (b.x - a.x)
}

export const plot = (
  series: ReadonlyArray<Series>,
  options: {
    readonly width: number
    readonly height: number
    /** Labels of the vertical axis. */
    readonly label: (y: number) => string
  },
): string => {
  const points = series.flatMap(({ points }) => points)
  if (points.length === 0) return ""
  const ys = points.map(({ y }) => y).filter(Number.isFinite)
  const [low, high] = [Math.min(...ys), Math.max(...ys)]
  const [first, last] = [Math.min(...points.map(({ x }) => x)), Math.max(...points.map(({ x }) => x))]
  const logarithmic = low > 0 && high > 4 * low
  const scale = logarithmic ? Math.log : (y: number) => y
  const unscale = logarithmic ? Math.exp : (y: number) => y
  const rows = options.height
  const at = (row: number) => unscale(scale(high) - ((scale(high) - scale(low)) * row) / (rows - 1))
  const labels = Array.from({ length: rows }, (_, row) => (row % 3 === 0 ? options.label(at(row)) : ""))
  const margin = Math.max(...labels.map((label) => label.length)) + 1
  const columns = Math.max(10, options.width - margin - 1)

  const cells = Array.from({ length: rows }, () => Array.from({ length: columns }, () => " "))
  for (const one of series) {
    for (let column = 0; column < columns; column++) {
      const y = valueAt(one, first + ((last - first) * column) / Math.max(1, columns - 1))
      if (y === undefined || !Number.isFinite(y)) continue
      const height = high === low ? 0 : (scale(high) - scale(y)) / (scale(high) - scale(low))
      const row = Math.round(height * (rows - 1))
      cells[row][column] = cells[row][column] === " " ? one.mark : "*"
    }
  }
  const axis = `${" ".repeat(margin)}└${"─".repeat(columns)}`
  const end = String(last)
  const ticks = `${String(first)}${end.padStart(columns - String(first).length)}`
  return [
    ...cells.map((row, i) => `${labels[i].padStart(margin - 1)} │${row.join("")}`.trimEnd()),
    axis,
    `${" ".repeat(margin + 1)}${ticks}`,
  ].join("\n")
}
