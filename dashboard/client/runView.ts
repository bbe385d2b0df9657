/** A run, live: how far it is, its curves as they come, its log, its checkpoints, and its report when it is finished. */
import { count, measure, percentTick } from "../../format/numbers.ts"
import type { LogLine, RunDetail, SentRow } from "../messages.ts"
import { makeChart } from "./chart.ts"
import type { Range } from "./chartRange.ts"
import { element, fill, setText } from "./element.ts"
import { follow } from "./live.ts"
import { isProblem, requestJson } from "./request.ts"
import type { View } from "./router.ts"
import { logLinesShown } from "../limits.ts"
import { checkpointTable, logLine, makeParts } from "./runParts.ts"
import { makeRunCurves } from "./runCurves.ts"
import { staticFrame } from "./staticFrame.ts"
import {
  durationText,
  errorText,
  leftText,
  progressShare,
  progressText,
  speedText,
  stateBadge,
} from "./texts.ts"

export const runView = (id: string): View => {
  const parts = makeParts(id)
  const curves = makeRunCurves()
  /** The range that was zoomed into last. */
  let zoomed: Range | undefined
  /** Zooming shows every point, also of a run whose rows were not all sent. */
  const fetchRange = async (range: Range) => {
    if (!curves.isThinned()) return
    const { from, to } = range
    const answer = await requestJson<{ readonly rows: ReadonlyArray<SentRow> }>(
      `/api/runs/${encodeURIComponent(id)}/rows?from=${from}&to=${to}`,
    )
    // The points that are there stay; the connection says what is wrong.
    if (isProblem(answer)) return
    curves.insert(answer.rows, from, to)
    drawCurves()
  }
  const onRange = (range: Range | undefined) => {
    zoomed = range
    if (range !== undefined) void fetchRange(range)
  }
  const loss = makeChart({ title: "Loss", format: measure, onRange })
  const error = makeChart({ title: "Error rate", format: percentTick, onRange })
  const rate = makeChart({ title: "Learning rate", format: measure, onRange })
  const charts = [loss, error, rate]
  let detail: RunDetail | undefined
  let frame: ReturnType<typeof staticFrame> | undefined

  const drawFigures = () => {
    if (detail === undefined) return
    const { figures } = parts
    const { row } = detail
    const now = Date.now()
    figures.validation.set(errorText(row.validationError))
    figures.test.set(errorText(row.testError), row.testError === null ? "known when the run is finished" : "")
    const isWhole = row.iterations === null || row.iteration >= row.iterations
    figures.progress.set(count(row.iteration), isWhole ? "" : `of ${count(row.iterations ?? 0)}`)
    figures.left.set(leftText(row, now))
    figures.speed.set(speedText(row))
    figures.duration.set(
      durationText(row, now),
      row.attempts > 1 ? `in ${row.attempts} attempts` : row.attempts === 1 ? "in one attempt" : "",
    )
    const isLive = row.state === "running" || row.state === "starting"
    // The first figure is the largest: what counts most of what is known.
    const first = row.testError === null ? figures.validation : figures.test
    if (parts.figureList.firstChild !== first.element) parts.figureList.prepend(first.element)
    figures.test.element.hidden = row.testError === null && !isLive
    figures.left.element.hidden = !isLive
    figures.speed.element.hidden = !isLive
    parts.progress.hidden = !isLive
    parts.progress.setAttribute("aria-valuenow", String(progressShare(row)))
    parts.progress.setAttribute("aria-valuetext", progressText(row))
    parts.bar.style.width = `${progressShare(row)}%`
  }

  const drawDetail = (next: RunDetail) => {
    const before = detail
    detail = next
    const { row } = next
    setText(
      parts.kind,
      [
        "Training run",
        row.dataset,
        row.seed === null ? null : `seed ${row.seed}`,
        row.engine === "?" ? null : `engine ${row.engine}`,
        row.championOf === null ? null : `champion of ${row.championOf}`,
      ]
        .filter((part) => part !== null)
        .join(" · "),
    )
    setText(parts.title, row.experiment === "?" ? id : row.experiment)
    parts.id.hidden = row.experiment === "?"
    if (before?.row.state !== row.state) fill(parts.state, stateBadge(row.state))
    setText(parts.reason, row.state === "damaged" ? "" : (row.reason ?? ""))
    parts.reason.hidden = parts.reason.textContent === ""
    parts.remarks.hidden = next.remarks.length === 0
    fill(
      parts.remarks,
      element("p", {}, element("strong", {}, "Missing data")),
      element(
        "ul",
        {},
        next.remarks.map((text) => element("li", {}, text)),
      ),
    )
    const isLive = row.state === "running" || row.state === "starting"
    setText(
      parts.noCurves,
      isLive ? "no metrics yet: the first rows appear here" : "no metrics were recorded",
    )
    setText(parts.noLog, isLive ? "no lines yet" : "no lines were recorded")
    const isOther = JSON.stringify(before?.checkpoints) !== JSON.stringify(next.checkpoints)
    if (isOther || before?.row.state !== row.state) fill(parts.checkpoints, checkpointTable(next))
    if (before?.experiment !== next.experiment) fill(parts.experiment, element("code", {}, next.experiment))
    const isTested = row.state === "finished" && next.hasReport
    for (const action of parts.actions.querySelectorAll<HTMLElement>("[data-action=draw]"))
      action.hidden = !isTested
    for (const link of parts.actions.querySelectorAll<HTMLElement>("[data-action=report]"))
      link.hidden = !next.hasReport
    parts.report.hidden = !isTested
    if (isTested && frame === undefined) {
      frame = staticFrame(`Report of ${id}`, `/pages/${encodeURIComponent(id)}/report.html`)
      parts.report.append(frame.element)
    } else if (isTested && before?.row.state !== "finished") frame?.reload()
    drawFigures()
  }

  const drawCurves = () => {
    // A curve without points yet is not in the legend.
    const series = (field: 2 | 3) =>
      [
        { name: "training", color: 0, dashed: true, ...curves.curve(0, field) },
        { name: "validation", color: 1, ...curves.curve(1, field) },
      ].filter(({ xs }) => xs.length > 0)
    const hasRows = curves.rows().length > 0
    parts.noCurves.hidden = hasRows
    parts.charts.hidden = !hasRows
    loss.update(series(2))
    error.update(series(3))
    rate.update([{ name: "learning rate", color: 2, ...curves.curve(0, 4) }])
  }

  const drawLog = (lines: ReadonlyArray<LogLine>, replaces: boolean) => {
    const { log } = parts
    // Who reads an older line is not moved.
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40
    if (replaces) log.replaceChildren()
    log.append(...lines.map(logLine))
    while (log.childElementCount > logLinesShown) log.firstElementChild?.remove()
    log.hidden = log.childElementCount === 0
    parts.noLog.hidden = !log.hidden
    if (isAtEnd || replaces) log.scrollTop = log.scrollHeight
  }

  const missing = element("p", { class: "notice", hidden: true }, "There is no such run in this folder.")
  follow([`run:${id}`], (message) => {
    if (message.kind === "runs" || message.id !== id) return
    if (message.kind === "run" && message.detail !== null) drawDetail(message.detail)
    const isMissing = message.kind === "missing"
    missing.hidden = !isMissing
    parts.content.hidden = isMissing
    for (const part of [parts.figureList, parts.actions])
      part.hidden = isMissing || detail?.row.state === "damaged"
    if (isMissing) return
    if (message.curves !== null) {
      curves.receive(message.curves)
      drawCurves()
      // All rows again, as when another tab opens the run: without those of the range.
      if (message.curves.from === 0 && zoomed !== undefined) void fetchRange(zoomed)
    }
    if (message.log !== null) drawLog(message.log.lines, message.log.replaces)
  })
  const ticking = setInterval(drawFigures, 1000)
  fill(
    parts.charts,
    charts.map((chart) => chart.element),
  )
  drawCurves()

  parts.content.append(
    element(
      "section",
      { "aria-labelledby": "curves" },
      element("h2", { id: "curves" }, "Learning curves"),
      parts.noCurves,
      parts.charts,
    ),
    element(
      "div",
      { class: "columns" },
      element(
        "section",
        { "aria-labelledby": "log-title" },
        element("h2", { id: "log-title" }, "Log"),
        parts.log,
        parts.noLog,
      ),
      element(
        "section",
        { "aria-labelledby": "checkpoints" },
        element("h2", { id: "checkpoints" }, "Checkpoints"),
        parts.checkpoints,
      ),
    ),
    element("details", { class: "experiment" }, element("summary", {}, "Experiment"), parts.experiment),
    parts.report,
  )
  return {
    title: id,
    content: element(
      "div",
      { class: "view" },
      element(
        "div",
        { class: "view-head" },
        parts.kind,
        element("div", { class: "title-line" }, parts.title, parts.state),
        parts.id,
        parts.reason,
        parts.progress,
        missing,
        parts.remarks,
        parts.figureList,
        parts.actions,
      ),
      parts.content,
    ),
    close: () => {
      clearInterval(ticking)
      frame?.close()
      for (const chart of charts) chart.close()
    },
  }
}
