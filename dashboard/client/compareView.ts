/** Runs beside each other, live: overlaid curves, their figures, and the comparison with its significance tests. */
import { measure, percentTick } from "../../format/numbers.ts"
import type { RunRow } from "../messages.ts"
import { makeChart } from "./chart.ts"
import { mostCompared } from "../limits.ts"
import { element } from "./element.ts"
import { follow } from "./live.ts"
import type { View } from "./router.ts"
import { makeRunCurves, type RunCurves } from "./runCurves.ts"
import { scrollTable } from "./scrollTable.ts"
import { staticFrame } from "./staticFrame.ts"
import { durationText, errorText, progressText, runAddress, stateBadge } from "./texts.ts"

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
  const wanted = [...new Set(url.searchParams.getAll("run"))]
  const ids = wanted.slice(0, mostCompared)
  const compared: ReadonlyArray<Compared> = ids.map((id) => ({
    id,
    curves: makeRunCurves(),
    row: undefined,
    isMissing: false,
  }))
  const charts = {
    error: makeChart({ title: "Validation error", format: percentTick }),
    loss: makeChart({ title: "Validation loss", format: measure }),
    training: makeChart({ title: "Training loss", format: measure }),
  }
  const address = `/pages/comparison.html?${ids.map((id) => `run=${encodeURIComponent(id)}`).join("&")}`
  const frame = ids.length < 2 ? undefined : staticFrame("Comparison of the runs", address)
  const table = scrollTable("Compared runs", [
    "run",
    "state",
    ...["iterations", "validation error", "test error", "duration"].map((name) => ({
      name,
      isNumeric: true,
    })),
  ])
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
    table.setRows(
      compared.map((one, i) => {
        const { id, isMissing, row } = one
        return [
          [
            element("span", { class: "swatch", "data-color": i % 8, "data-dashed": i >= 8 }),
            element("a", { href: runAddress(id) }, nameOf(one, compared)),
            i === 0 ? element("span", { class: "mark" }, "baseline") : null,
          ],
          isMissing ? "there is no such run" : row === undefined ? "…" : stateBadge(row.state),
          row === undefined ? "–" : progressText(row),
          errorText(row?.validationError ?? null),
          errorText(row?.testError ?? null),
          row === undefined ? "–" : durationText(row, now),
        ]
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

  const runs = ids.length === 1 ? "1 run" : `${ids.length} runs`
  return {
    title: `Comparison of ${runs}`,
    content: element(
      "div",
      { class: "view" },
      element(
        "div",
        { class: "view-head" },
        element("p", { class: "kind" }, "Comparison"),
        element("h1", {}, runs),
        problem,
        wanted.length > mostCompared
          ? element(
              "p",
              { class: "notice" },
              `Compares the first ${mostCompared} of ${wanted.length} runs. The command compare has no limit.`,
            )
          : null,
        ids.length < 2
          ? null
          : element(
              "p",
              { class: "actions" },
              element("a", { class: "button", href: `${address}&save`, download: "" }, "Save as a page"),
            ),
      ),
      table.element,
      element(
        "section",
        { "aria-labelledby": "curves", hidden: ids.length < 2 },
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
