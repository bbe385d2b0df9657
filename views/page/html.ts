/**
 * Safe markup: html`<p>${text}</p>` -> Html. Every value is escaped unless it is Html itself.
 *
 * Values belong in text or in a quoted attribute, never in a script, a style or an unquoted attribute: names and paths are
 * untrusted input.
 */

export class Html {
  readonly markup: string
  constructor(markup: string) {
    this.markup = markup
  }
}

export type Content = Html | string | number | null | undefined | ReadonlyArray<Content>

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
}

// Characters that HTML does not allow, such as terminal escape sequences, become U+FFFD.
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\uFFFE\uFFFF]/g

export const legible = (text: string): string => text.toWellFormed().replace(forbidden, "\uFFFD")

export const escape = (text: string): string =>
  legible(text).replace(/[&<>"']/g, (character) => entities[character])

const markupOf = (content: Content): string => {
  if (content instanceof Html) return content.markup
  if (content === null || content === undefined) return ""
  if (typeof content === "string") return escape(content)
  if (typeof content === "number") return String(content)
  return content.map(markupOf).join("")
}

export const html = (strings: TemplateStringsArray, ...values: ReadonlyArray<Content>): Html =>
  new Html(strings.reduce((text, part, i) => `${text}${markupOf(values[i - 1])}${part}`))
