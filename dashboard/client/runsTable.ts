/** The table of runs: (rows) -> element that keeps its rows, so that what has not changed is not drawn again. */
import type { RunRow } from "../messages.ts"
import { element, fill, setText } from "./element.ts"
import { scrollBox } from "./scrollTable.ts"
import type { SortKey } from "./runStore.ts"
import {
  durationText,
  errorText,
  leftText,
  none,
  progressShare,
  progressText,
  runAddress,
  startedText,
  stateBadge,
} from "./texts.ts"

interface Column {
  readonly name: string
  readonly sort?: SortKey
  readonly isNumeric?: boolean
  /** Columns of a high rank are left out where there is little room. */
  readonly rank: 0 | 1 | 2 | 3
  readonly draw: (row: RunRow, now: number) => Node | string
  /** Its text changes as time passes. */
  readonly ticks?: (row: RunRow, now: number) => string
}

const progress = (row: RunRow) => {
  const share = progressShare(row)
  const isRunning = row.state === "running" || row.state === "starting"
  return element(
    "span",
    { class: "progress" },
    progressText(row),
    isRunning
      ? element(
          "span",
          {
            class: "progress-bar",
            role: "progressbar",
            "aria-valuenow": share,
            "aria-valuemin": 0,
            "aria-valuemax": 100,
            "aria-label": `progress of ${row.id}`,
          },
          element("span", { class: "progress-done", "data-share": share }),
        )
      : null,
  )
}

/** Widths are set through the style object: the policy allows no style attributes. */
const setWidths = (parent: Element) => {
  for (const done of parent.querySelectorAll<HTMLElement>(".progress-done")) {
    done.style.width = `${done.dataset.share ?? 0}%`
  }
}

/** On a phone there is no column for the progress. */
const stateOf = (row: RunRow) =>
  element(
    "span",
    {},
    stateBadge(row.state),
    row.state === "running" ? element("small", { class: "phone-only" }, `${progressShare(row)} %`) : null,
  )

const nameOf = (row: RunRow) =>
  element(
    "span",
    { class: "run-name" },
    element("a", { href: runAddress(row.id) }, row.experiment === "?" ? row.id : row.experiment),
    row.championOf === null ? null : element("span", { class: "mark" }, "champion"),
    row.parent === null ? null : element("span", { class: "mark", title: `from ${row.parent}` }, "fork"),
    element("small", { title: row.id }, row.experiment === "?" ? (row.reason ?? "") : row.id),
    // Where there is no room for the id, its end tells runs apart.
    row.experiment === "?"
      ? null
      : element("span", { class: "phone-only", "aria-hidden": "true" }, row.id.split("-").at(-1)),
  )

const columns: ReadonlyArray<Column> = [
  { name: "run", sort: "run", rank: 0, draw: nameOf },
  { name: "state", sort: "state", rank: 0, draw: stateOf },
  { name: "progress", sort: "progress", rank: 1, draw: progress },
  {
    name: "time left",
    sort: "left",
    isNumeric: true,
    rank: 1,
    draw: leftText,
    ticks: leftText,
  },
  {
    name: "validation error",
    sort: "validation",
    isNumeric: true,
    rank: 0,
    draw: ({ validationError }) => errorText(validationError),
  },
  {
    name: "test error",
    sort: "test",
    isNumeric: true,
    rank: 0,
    draw: ({ testError }) => errorText(testError),
  },
  { name: "duration", sort: "duration", isNumeric: true, rank: 1, draw: durationText, ticks: durationText },
  { name: "started", sort: "started", rank: 1, draw: startedText },
  { name: "dataset", sort: "dataset", rank: 2, draw: ({ dataset }) => dataset ?? none },
  { name: "seed", sort: "seed", isNumeric: true, rank: 2, draw: ({ seed }) => String(seed ?? none) },
  { name: "engine", rank: 3, draw: ({ engine }) => engine },
]

interface Drawn {
  readonly tr: HTMLTableRowElement
  row: RunRow
  readonly box: HTMLInputElement
}

export interface RunsTableView {
  readonly element: HTMLElement
  readonly update: (
    rows: ReadonlyArray<RunRow>,
    sort: { readonly key: SortKey; readonly isDescending: boolean },
  ) => void
  /** Draws what changes as time passes. */
  readonly tick: () => void
}

export const makeRunsTable = (options: {
  readonly onSort: (key: SortKey) => void
  readonly selected: Set<string>
  readonly onSelect: () => void
}): RunsTableView => {
  const { onSelect, onSort, selected } = options
  const drawn = new Map<string, Drawn>()
  const classOf = ({ isNumeric, name, rank, sort }: Column) =>
    `rank-${rank} column-${sort ?? name}${isNumeric === true ? " numeric" : ""}`
  const heads = columns.map((column) => {
    const { name, sort } = column
    const content =
      sort === undefined
        ? name
        : element("button", { type: "button", class: "sort", onclick: () => onSort(sort) }, name)
    return element("th", { scope: "col", class: classOf(column) }, content)
  })
  const body = element("tbody")
  const table = element(
    "table",
    { class: "runs" },
    element("caption", { class: "hidden" }, "Runs"),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("th", { scope: "col" }, element("span", { class: "hidden" }, "select")),
        heads,
      ),
    ),
    body,
  )

  const drawCells = (one: Drawn) => {
    const now = Date.now()
    const { box, row, tr } = one
    tr.dataset.state = row.state
    fill(
      tr,
      element("td", { class: "select" }, box),
      columns.map((column, i) =>
        element(
          i === 0 ? "th" : "td",
          i === 0 ? { scope: "row", class: classOf(column) } : { class: classOf(column) },
          column.draw(row, now),
        ),
      ),
    )
    if (row.reason !== null && row.experiment !== "?") tr.title = row.reason
    else tr.removeAttribute("title")
    setWidths(tr)
  }

  const makeRow = (row: RunRow): Drawn => {
    const box = element("input", { type: "checkbox", "aria-label": `select ${row.id}` })
    box.checked = selected.has(row.id)
    box.addEventListener("change", () => {
      if (box.checked) selected.add(row.id)
      else selected.delete(row.id)
      onSelect()
    })
    const one = { tr: element("tr"), row, box }
    drawCells(one)
    return one
  }

  return {
    element: scrollBox("Runs", table),
    update: (rows, { isDescending, key }) => {
      heads.forEach((head, i) => {
        if (columns[i].sort === key) head.setAttribute("aria-sort", isDescending ? "descending" : "ascending")
        else head.removeAttribute("aria-sort")
      })
      // Without a run in training nothing has time left.
      table.classList.toggle("ended", !rows.some(({ endsAtMs }) => endsAtMs !== null))
      const wanted = new Set(rows.map(({ id }) => id))
      for (const [id, { tr }] of drawn) {
        if (wanted.has(id)) continue
        tr.remove()
        drawn.delete(id)
      }
      let previous: Element | null = null
      for (const row of rows) {
        const known = drawn.get(row.id)
        const one = known ?? makeRow(row)
        if (known === undefined) drawn.set(row.id, one)
        else if (known.row !== row) {
          known.row = row
          drawCells(known)
        }
        one.box.checked = selected.has(row.id)
        const next: Element | null = previous === null ? body.firstElementChild : previous.nextElementSibling
        // A row that is at its place is not moved, so that the focus stays in it.
        if (next !== one.tr) body.insertBefore(one.tr, next)
        previous = one.tr
      }
    },
    tick: () => {
      const now = Date.now()
      for (const { row, tr } of drawn.values()) {
        if (row.runningSinceMs === null) continue
        columns.forEach(({ ticks }, i) => {
          const cell = tr.children[i + 1]
          if (ticks !== undefined && cell !== undefined) setText(cell, ticks(row, now))
        })
      }
    },
  }
}
