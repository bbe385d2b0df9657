/**
 * A live chart of curves by iteration: (series) -> element. Drawing is uPlot's; what is drawn is chosen by `downSample`, so a
 * spike or a value that is no number is never left out, and zooming in shows every point.
 *
 * Drag to zoom in, double-click to zoom out. With the keyboard: + and −, arrow keys, and 0 for the whole. Points are also in a
 * table below the chart.
 */
import uPlot from "uplot"
import { count } from "../../format/numbers.ts"
import { downSample } from "../curves/downSample.ts"
import { chartColors, seriesInk } from "./chartColors.ts"
import { makeChartFrame } from "./chartFrame.ts"
import {
  axisOf,
  firstPlace,
  linearRange,
  logarithmicPart,
  logarithmicRange,
  type Range,
  rangeOf,
  zoomOfKey,
} from "./chartRange.ts"
import { type ChartSeries, floorOf, legendItem, placed } from "./chartSeries.ts"
import { valuesTable } from "./chartTable.ts"
import { element, fill, setText } from "./element.ts"

export interface ChartOptions {
  readonly title: string
  readonly xLabel?: string
  /** A value as text. */
  readonly format: (value: number) => string
  readonly isLogarithmic?: boolean
  /** Asked for all points of a range, where only some were received; undefined for the whole. */
  readonly onRange?: (range: Range | undefined) => void
}

export interface Chart {
  readonly element: HTMLElement
  readonly update: (series: ReadonlyArray<ChartSeries>) => void
  readonly close: () => void
}

const height = 230
/** Distances of ticks: 1, 2, 5, 10, … */
const wholeSteps = Array.from({ length: 12 }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
).flat()
/** All charts of a page show the same place. */
const sync = uPlot.sync("tidemark")

export const makeChart = (options: ChartOptions): Chart => {
  const { format, title, xLabel = "iteration" } = options
  let series: ReadonlyArray<ChartSeries> = []
  let view: Range | undefined
  let isLogarithmic = options.isLogarithmic ?? false
  let isLogarithmicX = false
  let plot: uPlot | undefined
  let odd: ReadonlyArray<{ readonly x: number; readonly color: number }> = []
  let scheduled = 0

  const { figure, legend, logarithmic, logarithmicX, place, readout, table, whole } = makeChartFrame(
    title,
    isLogarithmic,
  )

  const width = () => Math.max(240, Math.floor(place.clientWidth))

  /** Where the horizontal axis begins, if it is logarithmic. */
  let first = 0
  /** The part that is shown. */
  const shownRange = (): Range => {
    const range = view ?? rangeOf(series)
    return isLogarithmicX ? logarithmicPart(range, first) : range
  }

  /** What is drawn in the present view: aligned columns of uPlot. */
  const drawn = (): uPlot.AlignedData => {
    const floor = isLogarithmic ? floorOf(series) : undefined
    first = firstPlace(series)
    const range = shownRange()
    const marks: Array<{ x: number; color: number }> = []
    const tables = series.map(({ color, xs, ys }): uPlot.AlignedData => {
      const shown = placed(ys, floor)
      const places = isLogarithmicX && xs[0] <= 0 ? xs.map((x) => Math.max(x, first)) : xs
      const kept = downSample(places, shown, {
        ...range,
        columns: width(),
        isLogarithmic: isLogarithmicX,
      })
      for (const i of kept) if (!Number.isFinite(shown[i])) marks.push({ x: places[i], color })
      return [kept.map((i) => places[i]), kept.map((i) => (Number.isFinite(shown[i]) ? shown[i] : null))]
    })
    odd = marks
    return tables.length === 0 ? [[], []] : uPlot.join(tables)
  }

  /** Values that are no number, as marks at the upper edge. */
  const drawOdd = (u: uPlot) => {
    if (odd.length === 0) return
    const { ctx } = u
    const ratio = uPlot.pxRatio
    const colors = chartColors().series
    for (const { color, x } of odd) {
      const left = u.valToPos(x, "x", true)
      ctx.fillStyle = colors[color % colors.length]
      ctx.beginPath()
      ctx.moveTo(left - 4 * ratio, u.bbox.top)
      ctx.lineTo(left + 4 * ratio, u.bbox.top)
      ctx.lineTo(left, u.bbox.top + 7 * ratio)
      ctx.fill()
    }
  }

  const showReadout = (u: uPlot) => {
    const { idx } = u.cursor
    if (idx === null || idx === undefined) return setText(readout, "")
    // 0 is drawn at the first place of a logarithmic axis.
    const x =
      isLogarithmicX && u.data[0][idx] <= first ? Math.min(first, rangeOf(series).from) : u.data[0][idx]
    const values = series.flatMap(({ name }, i) => {
      const column = u.data[i + 1]
      // The nearest point to the left: series have rows at different iterations.
      let at = idx
      while (at > 0 && (column[at] === undefined || column[at] === null)) at--
      const value = column[at]
      return typeof value === "number" ? [`${name} ${format(value)}`] : []
    })
    setText(readout, `${xLabel} ${count(x)} · ${values.join(" · ")}`)
  }

  const zoomTo = (next: Range | undefined) => {
    view = next
    whole.hidden = next === undefined
    options.onRange?.(next)
    redraw()
  }

  const axisStyle = (): uPlot.Axis => {
    const { grid, line, muted } = chartColors()
    return {
      stroke: muted,
      font: '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
      grid: { stroke: grid, width: 1 },
      ticks: { stroke: line, width: 1, size: 4 },
    }
  }

  const build = () => {
    plot?.destroy()
    const data = drawn()
    const { paper } = chartColors()
    const made = new uPlot(
      {
        width: width(),
        height,
        padding: [10, 12, 0, 0],
        legend: { show: false },
        cursor: {
          sync: { key: sync.key, setSeries: false },
          drag: { x: true, y: false, setScale: false },
          points: { size: 7 },
        },
        scales: {
          x: {
            time: false,
            distr: isLogarithmicX ? 3 : 1,
            range: () => axisOf(shownRange(), isLogarithmicX),
          },
          y: {
            distr: isLogarithmic ? 3 : 1,
            range: (_, low, high) => (isLogarithmic ? logarithmicRange(low, high) : linearRange(low, high)),
          },
        },
        axes: [
          {
            ...axisStyle(),
            size: 34,
            space: 60,
            // Iterations and trials are whole numbers.
            ...(isLogarithmicX ? {} : { incrs: wholeSteps }),
            values: (_, values) => values.map((x) => (x === null ? "" : count(x))),
          },
          {
            ...axisStyle(),
            size: 58,
            values: (_, values) => values.map((y) => (y === null ? "" : format(y))),
          },
        ],
        series: [
          {},
          ...series.map(({ color, dashed, name, scattered }): uPlot.Series => ({
            label: name,
            stroke: seriesInk(color),
            width: 1.8,
            ...(dashed === true ? { dash: [6, 4] } : {}),
            points: { fill: paper },
            ...(scattered === true
              ? { paths: () => null, points: { show: true, size: 7, fill: seriesInk(color) } }
              : {}),
          })),
        ],
        hooks: {
          draw: [drawOdd],
          setCursor: [showReadout],
          setSelect: [
            (u) => {
              if (u.select.width < 4) return
              const from = u.posToVal(u.select.left, "x")
              const to = u.posToVal(u.select.left + u.select.width, "x")
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
              zoomTo({ from, to })
            },
          ],
        },
      },
      data,
      place,
    )
    made.over.addEventListener("dblclick", () => zoomTo(undefined))
    plot = made
  }

  const describe = () => {
    const newest = series.flatMap(({ name, xs, ys }) =>
      xs.length === 0
        ? []
        : [`${name} ${format(ys[ys.length - 1])} at ${xLabel} ${count(xs[xs.length - 1])}`],
    )
    const text = newest.length === 0 ? `${title}: no values yet` : `${title}: ${newest.join(", ")}`
    place.setAttribute("aria-label", text)
  }

  const redraw = () => {
    if (scheduled !== 0) return
    scheduled = requestAnimationFrame(() => {
      scheduled = 0
      describe()
      if (place.clientWidth === 0) return
      if (plot === undefined || plot.series.length !== series.length + 1) return build()
      plot.setData(drawn())
    })
  }

  const rebuild = () => {
    plot?.destroy()
    plot = undefined
    redraw()
  }

  const toggle = (button: HTMLElement, change: () => boolean) =>
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(change()))
      rebuild()
    })
  toggle(logarithmic, () => (isLogarithmic = !isLogarithmic))
  toggle(logarithmicX, () => (isLogarithmicX = !isLogarithmicX))
  whole.addEventListener("click", () => zoomTo(undefined))
  table.addEventListener("toggle", () => {
    if (table.open)
      fill(table, element("summary", {}, "Data as a table"), valuesTable(title, xLabel, series, format))
  })

  place.addEventListener("keydown", (event) => {
    const key = zoomOfKey(event.key, view, rangeOf(series))
    if (key === undefined) return
    event.preventDefault()
    zoomTo(key.range)
  })

  const resized = new ResizeObserver(() => {
    if (plot === undefined) return redraw()
    plot.setSize({ width: width(), height })
    redraw()
  })
  resized.observe(place)
  const dark = matchMedia("(prefers-color-scheme: dark)")
  dark.addEventListener("change", rebuild)

  return {
    element: figure,
    update: (next) => {
      const names = series.map(({ name }) => name).join("\n")
      series = next
      if (names !== next.map(({ name }) => name).join("\n")) {
        fill(legend, next.map(legendItem))
        legend.hidden = next.length === 0
        rebuild()
      } else redraw()
    },
    close: () => {
      resized.disconnect()
      dark.removeEventListener("change", rebuild)
      cancelAnimationFrame(scheduled)
      plot?.destroy()
    },
  }
}
