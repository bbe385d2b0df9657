/** A table that scrolls by itself where it is too wide: (title, columns, rows) -> element. The first cell of a row is its head. */
import { type Child, element, fill } from "./element.ts"

export interface TableColumn {
  /** "" if the title of the table says it; screen readers hear "name". */
  readonly name: string
  readonly isNumeric?: boolean
}

type Rows = ReadonlyArray<ReadonlyArray<Child>>

export interface ScrollTable {
  readonly element: HTMLElement
  readonly setRows: (rows: Rows) => void
}

/** What a table is in, so that the keyboard can scroll it. */
export const scrollBox = (title: string, table: HTMLTableElement) =>
  element("div", { class: "scroll", role: "group", tabindex: 0, "aria-label": title }, table)

export const scrollTable = (
  title: string,
  columns: ReadonlyArray<TableColumn | string>,
  rows: Rows = [],
): ScrollTable => {
  const all = columns.map((column): TableColumn => (typeof column === "string" ? { name: column } : column))
  const classOf = (i: number) => (all[i]?.isNumeric === true ? "numeric" : null)
  const body = element("tbody")
  const head = all.map(({ name }, i) =>
    element(
      "th",
      { scope: "col", class: classOf(i) },
      name === "" ? element("span", { class: "hidden" }, "name") : name,
    ),
  )
  const setRows = (next: Rows) =>
    fill(
      body,
      next.map((cells) =>
        element(
          "tr",
          {},
          cells.map((cell, i) =>
            i === 0
              ? element("th", { scope: "row", class: classOf(i) }, cell)
              : element("td", { class: classOf(i) }, cell),
          ),
        ),
      ),
    )
  setRows(rows)
  const table = element("table", {}, element("thead", {}, element("tr", {}, head)), body)
  return { element: scrollBox(title, table), setRows }
}
