/** A sweep or an ensemble: what is known of it, its trials or members, read again when its files change. */
import { measure, percentTick } from "../../format/numbers.ts"
import type { CollectionDetail } from "../messages.ts"
import { makeChart } from "./chart.ts"
import { mostCompared } from "../limits.ts"
import { element, fill } from "./element.ts"
import { follow } from "./live.ts"
import { isProblem, requestJson } from "./request.ts"
import type { View } from "./router.ts"
import { scrollTable } from "./scrollTable.ts"
import { staticFrame } from "./staticFrame.ts"
import { runAddress } from "./texts.ts"

const tableOf = ({ head, rows, title }: CollectionDetail["tables"][number]) =>
  element(
    "section",
    {},
    element("h2", {}, title),
    scrollTable(
      title,
      head,
      rows.map(({ cells: [first, ...cells], run }) => [
        run === null ? first : element("a", { href: runAddress(run) }, first),
        ...cells,
      ]),
    ).element,
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
    const ended = detail.points.flatMap(({ best, trial }) => (best === null ? [] : [{ best, trial }]))
    chart.update([
      { name: `${detail.objective} of the trial`, color: 0, xs, ys, scattered: true },
      {
        name: `${detail.bestIs} of the finished trials so far`,
        color: 1,
        xs: ended.map(({ trial }) => trial),
        ys: ended.map(({ best }) => best),
      },
    ])
  }

  /** Of this sweep or ensemble; other ones change too. */
  let version: string | undefined
  const read = async () => {
    const own = ++wanted
    const answer = await requestJson<CollectionDetail>(`/api/collections/${kind}/${encodeURIComponent(name)}`)
    if (own !== wanted) return
    page.hidden = isProblem(answer)
    if (own > 1) frame.reload()
    if (!isProblem(answer)) return draw(answer)
    // Read again with the next message.
    version = undefined
    fill(head, element("h1", {}, name), element("p", { class: "notice" }, answer.problem))
  }

  follow(["runs"], (message) => {
    if (message.kind !== "runs" || message.collections === null) return
    const found = message.collections[kind].find((one) => one.name === name)?.version ?? "none"
    if (found === version) return
    version = found
    void read()
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
