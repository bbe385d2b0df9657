/** What is around a chart: (title, whether its axis is logarithmic) -> title, buttons, legend, place to draw, readout and table. */
import { element } from "./element.ts"

export const makeChartFrame = (title: string, isLogarithmic: boolean) => {
  const place = element("div", {
    class: "chart-place",
    tabindex: 0,
    role: "group",
    "aria-roledescription": "chart",
    "aria-label": title,
  })
  const readout = element("p", { class: "chart-readout", "aria-hidden": "true" })
  const legend = element("ul", { class: "legend chart-legend" })
  const table = element("details", {}, element("summary", {}, "Data as a table"))
  const logarithmic = element("button", { type: "button", "aria-pressed": String(isLogarithmic) }, "log y")
  const logarithmicX = element("button", { type: "button", "aria-pressed": "false" }, "log x")
  const whole = element("button", { type: "button", hidden: true }, "whole range")
  const figure = element(
    "figure",
    { class: "live-chart" },
    element(
      "figcaption",
      {},
      element("h3", {}, title),
      element("div", { class: "chart-tools" }, whole, logarithmic, logarithmicX),
    ),
    legend,
    place,
    readout,
    table,
  )
  return { figure, legend, logarithmic, logarithmicX, place, readout, table, whole }
}
