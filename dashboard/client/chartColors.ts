/** Colours of the page's style sheet for drawing on a canvas: they follow light and dark mode. */
import { seriesColorCount } from "../../views/page/style.ts"

const read = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

export const chartColors = () => ({
  muted: read("--muted"),
  paper: read("--paper"),
  grid: read("--grid"),
  line: read("--line"),
  series: Array.from({ length: seriesColorCount }, (_, i) => read(`--series-${i + 1}`)),
})

/** The colour of a series, read when it is drawn. */
export const seriesInk = (color: number) => () => read(`--series-${(color % seriesColorCount) + 1}`)
