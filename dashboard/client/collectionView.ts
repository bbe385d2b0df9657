/** A sweep or an ensemble: what is known of it, its trials or members, read again when its files change. */
import { measure } from "../../format/numbers.ts"
import type { CollectionDetail } from "../messages.ts"
import { makeChart } from "./chart.ts"
import { element, fill } from "./element.ts"
import { follow } from "./live.ts"
import type { View } from "./router.ts"
import { staticFrame } from "./staticFrame.ts"
import { runAddress } from "./texts.ts"
import { percentTick } from "./ticks.ts"

/** Runs in one comparison. */
const mostCompared = 16

const tableOf = ({ head, rows, title }: CollectionDetail["tables"][number]) =>
  element(
    "section",
    {},
    element("h2", {}, title),
    element(
      "div",
      { class: "scroll", role: "group", tabindex: 0, "aria-label": title },
      element(
        "table",
        {},
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            head.map((name) =>
              element(
                "th",
                { scope: "col" },
                name === "" ? element("span", { class: "hidden" }, "name") : name,
              ),
            ),
          ),
        ),
        element(
          "tbody",
          {},
          rows.map(({ cells: [first, ...cells], run }) =>
            element(
              "tr",
              {},
              element(
                "th",
                { scope: "row" },
                run === null ? first : element("a", { href: runAddress(run) }, first),
              ),
              cells.map((cell) => element("td", {}, cell)),
            ),
          ),
        ),
      ),
    ),
  )

const compareLink = (runs: ReadonlyArray<string>) => {
  if (runs.length < 2) return null
  const compared = runs.slice(0, mostCompared).map((id) => `run=${encodeURIComponent(id)}`)
  const text = runs.length > mostCompared ? `Compare its first ${mostCompared} runs` : "Compare its runs"
  return element("a", { class: "button", href: `/compare?${compared.join("&")}` }, text)
}

export const collectionView = (kind: "sweeps" | "ensembles", name: string): View => {
  const head = element("div")
  const tables = element("div")
  const chart = makeChart({
    title: "Objective by trial",
    xLabel: "trial",
    format: (value) => (isShare ? percentTick(value) : measure(value)),
  })
  let isShare = true
  const chartPlace = element(
    "section",
    { "aria-labelledby": "search", hidden: true },
    element("h2", { id: "search" }, "Search"),
    element("div", { class: "charts one" }, chart.element),
  )
  const address = `/pages/${kind}/${encodeURIComponent(name)}/report.html`
  const frame = staticFrame(`Page of ${name}`, address)
  const page = element(
    "section",
    { "aria-labelledby": "page", hidden: true },
    element("h2", { id: "page" }, "Report"),
    frame.element,
  )
  let wanted = 0

  const draw = (detail: CollectionDetail) => {
    ;({ isShare } = detail)
    fill(
      head,
      element("p", { class: "kind" }, detail.kind),
      element("h1", {}, detail.title),
      element(
        "dl",
        { class: "facts" },
        detail.facts.map(([fact, value]) =>
          element("div", {}, element("dt", {}, fact), element("dd", {}, value)),
        ),
      ),
      element(
        "p",
        { class: "actions" },
        element("a", { class: "button", href: `${address}?save`, download: "" }, "Save as a page"),
        compareLink(detail.runs),
        kind === "ensembles"
          ? element("a", { class: "button", href: `/draw?model=ensemble:${name}` }, "Try the model")
          : null,
      ),
    )
    fill(tables, detail.tables.map(tableOf))
    chartPlace.hidden = detail.points.length < 2
    const xs = detail.points.map(({ trial }) => trial)
    const ys = detail.points.map(({ value }) => value)
    const ended = detail.points.flatMap(({ lowest, trial }) => (lowest === null ? [] : [{ lowest, trial }]))
    chart.update([
      { name: `${detail.objective} of the trial`, color: 0, xs, ys, scattered: true },
      {
        name: "lowest at the end of the budget so far",
        color: 1,
        xs: ended.map(({ trial }) => trial),
        ys: ended.map(({ lowest }) => lowest),
      },
    ])
  }

  const read = async () => {
    const own = ++wanted
    const response = await fetch(`/api/collections/${kind}/${encodeURIComponent(name)}`)
    const answer: CollectionDetail | { readonly problem: string } = await response.json()
    if (own !== wanted) return
    page.hidden = "problem" in answer
    if (own > 1) frame.reload()
    if ("problem" in answer)
      fill(head, element("h1", {}, name), element("p", { class: "notice" }, answer.problem))
    else draw(answer)
  }

  follow(["runs"], (message) => {
    if (message.kind === "runs" && message.collections !== null) void read()
  })
  return {
    title: name,
    content: element(
      "div",
      { class: "view" },
      element("div", { class: "view-head" }, head),
      chartPlace,
      tables,
      page,
    ),
    close: () => {
      frame.close()
      chart.close()
    },
  }
}
