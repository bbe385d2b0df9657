/** The first view: all runs with filters and sort orders, above the tables of what was made of them. */
import { count } from "../../format/numbers.ts"
import type { RunRow, RunState } from "../messages.ts"
import { mostCompared } from "../limits.ts"
import { makeCollectionTables } from "./collectionTables.ts"
import { element, fill, setText } from "./element.ts"
import { follow } from "./live.ts"
import { go, setQuery, type View } from "./router.ts"
import { isSortKey, makeRunStore, matches, type SortKey, sortRows } from "./runStore.ts"
import { makeRunsTable } from "./runsTable.ts"
import { stateBadge, states } from "./texts.ts"

/** Rows that are drawn at once; more on request. */
const rowsDrawn = 100

/** Of the program as this reader types it. */
const startCommand = `${document.body.dataset.program ?? ""} run EXPERIMENT.ts`

/** Columns whose first click sorts from high to low. */
const descendingFirst: ReadonlySet<SortKey> = new Set(["started", "progress", "duration"])

/** Selected runs stay selected while the reader looks at one of them. */
const selected = new Set<string>()

export const runsView = (url: URL): View => {
  const store = makeRunStore()
  const query = url.searchParams
  let words = query.get("q") ?? ""
  let shownStates = new Set((query.get("state") ?? "").split(",").filter((state) => state !== ""))
  const wantedSort = query.get("sort")
  let key: SortKey = isSortKey(wantedSort) ? wantedSort : "started"
  let isDescending = query.has("order") ? query.get("order") === "down" : descendingFirst.has(key)
  let most = rowsDrawn

  const saveState = () => {
    const next = new URLSearchParams()
    if (words !== "") next.set("q", words)
    if (shownStates.size > 0) next.set("state", [...shownStates].join(","))
    if (key !== "started" || !isDescending) {
      next.set("sort", key)
      next.set("order", isDescending ? "down" : "up")
    }
    setQuery(next)
  }

  const summary = element("p", { class: "lead", role: "status" }, "reading the runs…")
  const chips = element("div", {
    class: "chips",
    role: "group",
    "aria-label": "Show only runs in these states",
  })
  const search = element("input", {
    type: "search",
    id: "filter",
    placeholder: "name, dataset, seed:1 …",
    autocomplete: "off",
    spellcheck: "false",
  })
  search.value = words
  const more = element("button", { type: "button", hidden: true })
  const compare = element("button", { type: "button", class: "primary", disabled: true }, "Compare")
  const clear = element("button", { type: "button", hidden: true }, "Clear selection")
  const collections = makeCollectionTables()
  const tools = element(
    "div",
    { class: "tools" },
    element("label", { for: "filter", class: "hidden" }, "Filter runs"),
    search,
    chips,
    element("span", { class: "grow" }),
    clear,
    compare,
  )
  const start = element(
    "div",
    { class: "start", hidden: true },
    element("p", {}, "Start one in a terminal. It appears here by itself:"),
    element("pre", {}, element("code", {}, startCommand)),
  )

  const table = makeRunsTable({
    selected,
    onSort: (next) => {
      if (next === key) isDescending = !isDescending
      else [key, isDescending] = [next, descendingFirst.has(next)]
      saveState()
      draw()
    },
    onSelect: () => drawSelection(),
  })

  const drawSelection = () => {
    compare.dataset.selected = String(selected.size)
    compare.disabled = selected.size < 2
    setText(
      compare,
      selected.size === 0
        ? "Compare: select two or more"
        : selected.size === 1
          ? "Compare: select one more"
          : selected.size > mostCompared
            ? `Compare the first ${mostCompared} of ${selected.size} runs`
            : `Compare ${selected.size} runs`,
    )
    clear.hidden = selected.size === 0
  }

  const drawChips = (rows: ReadonlyArray<RunRow>) => {
    const counts = new Map<RunState, number>()
    for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1)
    const text = states.map((state) => `${state} ${counts.get(state) ?? 0} ${shownStates.has(state)}`).join()
    if (chips.dataset.drawn === text) return
    chips.dataset.drawn = text
    const focused =
      document.activeElement instanceof HTMLElement ? document.activeElement.dataset.chip : undefined
    fill(
      chips,
      states
        .filter((state) => (counts.get(state) ?? 0) > 0 || shownStates.has(state))
        .map((state) => {
          const chip = element(
            "button",
            {
              type: "button",
              class: "chip",
              "data-chip": state,
              "aria-pressed": String(shownStates.has(state)),
            },
            stateBadge(state),
            element("span", { class: "chip-count" }, count(counts.get(state) ?? 0)),
          )
          chip.addEventListener("click", () => {
            shownStates = new Set(shownStates.has(state) ? [] : [state])
            saveState()
            draw()
          })
          return chip
        }),
    )
    if (focused !== undefined) chips.querySelector<HTMLElement>(`[data-chip="${focused}"]`)?.focus()
  }

  const draw = () => {
    const rows = store.rows()
    const shown = rows.filter(
      (row) => (shownStates.size === 0 || shownStates.has(row.state)) && matches(row, words),
    )
    const sorted = sortRows(shown, key, isDescending, Date.now())
    table.update(sorted.slice(0, most), { key, isDescending })
    table.element.hidden = sorted.length === 0
    // They stay while rows are still to come, so that nothing moves when they do.
    tools.hidden = rows.length === 0 && store.isComplete()
    start.hidden = rows.length > 0 || !store.isComplete()
    more.hidden = sorted.length <= most
    setText(more, `Show ${count(Math.min(sorted.length - most, 500))} more of ${count(sorted.length)}`)
    drawChips(rows)
    const reading = store.isComplete() ? "" : ", reading more…"
    setText(
      summary,
      rows.length === 0
        ? store.isComplete()
          ? "There are no runs in this folder yet."
          : "reading the runs…"
        : sorted.length === rows.length
          ? `${count(rows.length)} ${rows.length === 1 ? "run" : "runs"}${reading}`
          : `${count(sorted.length)} of ${count(rows.length)} runs${reading}`,
    )
    drawSelection()
  }

  search.addEventListener("input", () => {
    words = search.value.trim()
    most = rowsDrawn
    saveState()
    draw()
  })
  more.addEventListener("click", () => {
    most += 500
    draw()
  })
  clear.addEventListener("click", () => {
    selected.clear()
    draw()
  })
  compare.addEventListener("click", () => {
    go(`/compare?${[...selected].map((id) => `run=${encodeURIComponent(id)}`).join("&")}`)
  })

  drawSelection()
  follow(["runs"], (message) => {
    if (message.kind !== "runs") return
    store.receive(message)
    for (const id of selected)
      if (store.isComplete() && !store.rows().some((row) => row.id === id)) selected.delete(id)
    draw()
    collections.update(store.collections())
  })
  const ticking = setInterval(() => table.tick(), 1000)

  return {
    title: "Runs",
    content: element(
      "div",
      { class: "view" },
      element("div", { class: "view-head" }, element("h1", {}, "Runs"), summary),
      tools,
      start,
      table.element,
      element("p", {}, more),
      collections.element,
    ),
    close: () => clearInterval(ticking),
  }
}
