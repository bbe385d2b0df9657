/**
 * Tables of a page: (caption, columns, rows) -> Html, with scoped header cells. A wide table scrolls by itself. A column
 * without any content is left out.
 */
import { type Content, Html, html } from "./html.ts"

export interface Column {
  readonly name: Content
  /** Right-aligned, with tabular digits. */
  readonly numeric?: boolean
}

export interface Table {
  readonly caption: string
  readonly columns: ReadonlyArray<Column | string>
  /** The first cell of a row is its header. */
  readonly rows: ReadonlyArray<ReadonlyArray<Content>>
  /** Shows the caption to screen readers only, where the surrounding text states it already. */
  readonly captionHidden?: boolean
}

const isEmpty = (content: Content) =>
  content === null || content === undefined || content === "" || content === "–"

const columnOf = (column: Column | string): Column => (typeof column === "string" ? { name: column } : column)

export const table = (options: Table): Html => {
  const kept = options.columns.map(
    (_, i) => i === 0 || options.rows.length === 0 || options.rows.some((row) => !isEmpty(row[i])),
  )
  const columns = options.columns.map(columnOf).filter((_, i) => kept[i])
  const kind = (i: number) => (columns[i]?.numeric === true ? new Html(' class="numeric"') : null)
  const cell = (content: Content, i: number) =>
    i === 0 ? html`<th scope="row" ${kind(i)}>${content}</th>` : html`<td${kind(i)}>${content}</td>`
  // Two captions, of which a screen reader reads one: the visible caption must not scroll away with a wide table.
  return html`${
      options.captionHidden === true
        ? null
        : html`<p class="caption" aria-hidden="true">${options.caption}</p>`
    }
    <div class="scroll" role="group" tabindex="0" aria-label="${options.caption}">
      <table>
        <caption class="hidden">
          ${options.caption}
        </caption>
        <thead>
          <tr>
            ${columns.map(({ name }, i) => html`<th scope="col" ${kind(i)}>${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${options.rows.map(
            (row) =>
              html`<tr>
                ${row.filter((_, i) => kept[i]).map(cell)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`
}
