/** Runs beside each other, live: overlaid curves, their figures, and the comparison with its significance tests. */
import { measure } from "../../format/numbers.ts"
import type { RunRow } from "../messages.ts"
import { makeChart } from "./chart.ts"
import { element, fill } from "./element.ts"
import { follow } from "./live.ts"
import type { View } from "./router.ts"
import { makeRunCurves, type RunCurves } from "./runCurves.ts"
import { staticFrame } from "./staticFrame.ts"
import { durationText, errorText, progressText, runAddress, stateBadge } from "./texts.ts"
import { percentTick } from "./ticks.ts"

/** Curves that can be told apart; the static comparison has all runs. */
const mostCurves = 16

interface Compared {
  readonly id: string
  readonly curves: RunCurves
  row: RunRow | undefined
  isMissing: boolean
}

/** Short names: the experiment, and what tells runs of one experiment apart. */
const nameOf = (one: Compared, all: ReadonlyArray<Compared>): string => {
  const { row } = one
  if (row === undefined) return one.id
  const same = all.filter((other) => other.row?.experiment === row.experiment)
  if (same.length === 1) return row.experiment
  const seeds = new Set(same.map((other) => other.row?.seed))
  return seeds.size === same.length ? `${row.experiment}, seed ${row.seed}` : one.id
}

export const compareView = (url: URL): View => {
  const ids = [...new Set(url.searchParams.getAll("run"))]
  const compared: ReadonlyArray<Compared> = ids
    .slice(0, mostCurves)
    .map((id) => ({ id, curves: makeRunCurves(), row: undefined, isMissing: false }))
  const charts = {
    error: makeChart({ title: "Validation error", format: percentTick }),
    loss: makeChart({ title: "Validation loss", format: measure }),
    training: makeChart({ title: "Training loss", format: measure }),
  }
  const address = `/pages/comparison.html?${ids.map((id) => `run=${encodeURIComponent(id)}`).join("&")}`
  const frame = ids.length < 2 ? undefined : staticFrame("Comparison of the runs", address)
  const body = element("tbody")
  const problem = element("p", { class: "notice", hidden: true })

  const drawCurves = () => {
    const series = (split: 0 | 1, field: 2 | 3) =>
      compared.map((one, color) => ({
        name: nameOf(one, compared),
        color,
        dashed: color >= 8,
        ...one.curves.curve(split, field),
      }))
    charts.error.update(series(1, 3))
    charts.loss.update(series(1, 2))
    charts.training.update(series(0, 2))
  }

  const drawRows = () => {
    const now = Date.now()
    fill(
      body,
      compared.map((one, i) => {
        const { id, isMissing, row } = one
        return element(
          "tr",
          {},
          element(
            "th",
            { scope: "row" },
            element("span", { class: "swatch", "data-color": i % 8, "data-dashed": i >= 8 }),
            element("a", { href: runAddress(id) }, nameOf(one, compared)),
            i === 0 ? element("span", { class: "mark" }, "baseline") : null,
          ),
          element(
            "td",
            {},
            isMissing ? "there is no such run" : row === undefined ? "…" : stateBadge(row.state),
          ),
          element("td", { class: "numeric" }, row === undefined ? "–" : progressText(row)),
          element("td", { class: "numeric" }, errorText(row?.validationError ?? null)),
          element("td", { class: "numeric" }, errorText(row?.testError ?? null)),
          element("td", { class: "numeric" }, row === undefined ? "–" : durationText(row, now)),
        )
      }),
    )
    problem.hidden = ids.length >= 2
    problem.textContent = "Two runs or more are needed: select them in the table of runs."
  }

  /** The tests change when a run ends. */
  let ended = ""
  const reloadWhenEnded = () => {
    const now = compared
      .map(({ row }) => (row?.state === "running" ? "" : `${row?.state} ${row?.testError}`))
      .join()
    if (ended !== "" && ended !== now) frame?.reload()
    ended = now
  }

  follow(
    compared.map(({ id }) => `run:${id}`),
    (message) => {
      if (message.kind === "runs") return
      const one = compared.find(({ id }) => id === message.id)
      if (one === undefined) return
      one.isMissing = message.kind === "missing"
      if (message.kind === "run") {
        one.row = message.detail?.row ?? one.row
        if (message.curves !== null) one.curves.receive(message.curves)
        if (message.curves !== null || message.detail !== null) drawCurves()
      }
      drawRows()
      if (compared.every(({ isMissing, row }) => isMissing || row !== undefined)) reloadWhenEnded()
    },
  )
  drawRows()
  drawCurves()

  return {
    title: `Comparison of ${ids.length} runs`,
    content: element(
      "div",
      { class: "view" },
      element(
        "div",
        { class: "view-head" },
        element("p", { class: "kind" }, "Comparison"),
        element("h1", {}, `${ids.length} runs`),
        problem,
        ids.length < 2
          ? null
          : element(
              "p",
              { class: "actions" },
              element("a", { class: "button", href: `${address}&save`, download: "" }, "Save as a page"),
            ),
      ),
      element(
        "div",
        { class: "scroll", role: "group", tabindex: 0, "aria-label": "Compared runs" },
        element(
          "table",
          {},
          element(
            "thead",
            {},
            element(
              "tr",
              {},
              ["run", "state", "iterations", "validation error", "test error", "duration"].map((name, i) =>
                element("th", { scope: "col", class: i > 1 ? "numeric" : null }, name),
              ),
            ),
          ),
          body,
        ),
      ),
      ids.length > mostCurves
        ? element(
            "p",
            { class: "hint-line" },
            `Curves are drawn of the first ${mostCurves} runs; the comparison below has all.`,
          )
        : null,
      element(
        "section",
        { "aria-labelledby": "curves" },
        element("h2", { id: "curves" }, "Learning curves"),
        element(
          "div",
          { class: "charts" },
          Object.values(charts).map((chart) => chart.element),
        ),
      ),
      frame === undefined
        ? null
        : element(
            "section",
            { "aria-labelledby": "tests" },
            element("h2", { id: "tests" }, "Comparison with tests"),
            frame.element,
          ),
    ),
    close: () => {
      frame?.close()
      for (const chart of Object.values(charts)) chart.close()
    },
  }
}
