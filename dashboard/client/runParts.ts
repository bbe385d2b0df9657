/** The parts of the view of a run, which are drawn once and then only changed: (id) -> elements; a line of the log, the checkpoints. */
import { count } from "../../format/numbers.ts"
import { pastTime } from "../../format/pastTime.ts"
import { size } from "../../format/size.ts"
import type { LogLine, RunDetail } from "../messages.ts"
import { element, setText } from "./element.ts"
import { scrollTable } from "./scrollTable.ts"

const highlight = (name: string) => {
  const value = element("strong", {}, "–")
  const remark = element("small", {})
  return {
    element: element("div", {}, element("dt", {}, name), element("dd", {}, value, remark)),
    set: (text: string, more = "") => {
      setText(value, text)
      setText(remark, more)
    },
  }
}

export const logLine = ({ level, stage, text, time }: LogLine) =>
  element(
    "li",
    { "data-level": level },
    element("time", { datetime: time }, new Date(time).toLocaleTimeString("en-GB")),
    element("span", { class: "log-stage" }, stage ?? ""),
    element(
      "span",
      { class: "log-text" },
      level === "warning" || level === "error" ? `${level}: ${text}` : text,
    ),
  )

export const checkpointTable = ({ checkpoints, row }: RunDetail) =>
  checkpoints.length === 0
    ? element("p", { class: "empty" }, row.state === "running" ? "no checkpoint yet" : "no checkpoints")
    : scrollTable(
        "Checkpoints",
        [{ name: "iteration", isNumeric: true }, { name: "size", isNumeric: true }, "saved"],
        checkpoints
          .toReversed()
          .map(({ iteration, savedAtMs, sizeBytes }) => [
            count(iteration),
            size(sizeBytes),
            pastTime(new Date(savedAtMs), new Date()),
          ]),
      ).element

/** Everything that is drawn once and then only changed. */
export const makeParts = (id: string) => {
  const address = encodeURIComponent(id)
  const figures = {
    validation: highlight("validation error"),
    test: highlight("test error"),
    progress: highlight("iteration"),
    left: highlight("time left"),
    speed: highlight("images per second"),
    duration: highlight("duration"),
  }
  const bar = element("span", { class: "progress-done" })
  const progress = element(
    "span",
    {
      class: "progress-bar wide",
      hidden: true,
      role: "progressbar",
      "aria-label": "progress",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    },
    bar,
  )
  return {
    figures,
    figureList: element(
      "dl",
      { class: "highlights six" },
      Object.values(figures).map((one) => one.element),
    ),
    /** The name of the experiment, once it is known. */
    title: element("h1", {}, id),
    id: element("p", { class: "run-id", hidden: true }, element("code", {}, id)),
    bar,
    progress,
    kind: element("p", { class: "kind" }, "Training run"),
    state: element("span"),
    reason: element("p", { class: "reason-line", hidden: true }),
    remarks: element("aside", { class: "notice", hidden: true, "aria-label": "Missing data" }),
    charts: element("div", { class: "charts" }),
    /** Below the head. */
    content: element("div"),
    noCurves: element("p", { class: "empty" }, "…"),
    log: element("ol", { class: "log", tabindex: 0, "aria-label": "Log lines", hidden: true }),
    noLog: element("p", { class: "empty" }, "…"),
    checkpoints: element("div"),
    experiment: element("pre", { tabindex: 0, role: "group", "aria-label": "Experiment" }),
    report: element(
      "section",
      { "aria-labelledby": "report", hidden: true },
      element("h2", { id: "report" }, "Report"),
    ),
    actions: element(
      "p",
      { class: "actions" },
      element(
        "a",
        { class: "button", href: `/pages/${address}/report.html?save`, download: "" },
        "Save as a page",
      ),
      element(
        "a",
        { class: "button", href: `/draw?model=${address}`, hidden: true, "data-action": "draw" },
        "Try the model",
      ),
      element("a", { href: `/files/${address}/run.json`, download: "" }, "run.json"),
      element("a", { href: `/files/${address}/metrics.ndjson`, download: "" }, "metrics.ndjson"),
      element(
        "a",
        { href: `/files/${address}/report.json`, download: "", hidden: true, "data-action": "report" },
        "report.json",
      ),
    ),
  }
}
