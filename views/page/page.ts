/**
 * The pages we make: (title, lead, sections) -> one HTML document that is whole in itself.
 *
 * No script and nothing from elsewhere (a content security policy says so): it opens from a disk, in a mail, in ten years.
 * Light and dark, phone, paper, keyboard and screen reader are seen to here (`style.ts`), so that what is put in need not
 * think of them: give sections made of paragraphs, `figures.ts`, `tables.ts` and `charts.ts`.
 */
import { version } from "../../schemas/version.ts"
import { type Content, Html, html } from "./html.ts"
import { style } from "./style.ts"

export interface Section {
  /** Unique in the page: the end of its address. */
  readonly id: string
  readonly title: string
  readonly content: Content
}

export interface Page {
  readonly title: string
  /** What kind of thing it is about, in a word or two above the title. */
  readonly kind: string
  /** Under the title. */
  readonly lead: Content
  readonly sections: ReadonlyArray<Section>
}

const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

const sectionOf = ({ content, id, title }: Section) =>
  html` <section aria-labelledby="${id}">
    <h2 id="${id}" tabindex="-1">${title}</h2>
    ${content}
  </section>`

export const page = ({ kind, lead, sections, title }: Page): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Html(policy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="generator" content="tidemark ${version}" />
        <title>${title} · ${kind}</title>
        <link rel="icon" href="data:," />
        <style>
          ${new Html(style)}
        </style>
      </head>
      <body>
        <a class="skip" href="#content">To the content</a>
        <nav aria-label="Contents">
          <ul>
            ${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
          </ul>
        </nav>
        <div class="page">
          <header>
            <p class="kind">${kind}</p>
            <h1>${title}</h1>
            ${lead}
          </header>
          <main id="content" tabindex="-1">${sections.map(sectionOf)}</main>
          <footer>
            <p>Made by tidemark ${version}. One file, without scripts: it can be kept, mailed and printed.</p>
          </footer>
        </div>
      </body>
    </html> `.markup

/** Figures that matter most, large: name, value, and what to know about it. */
export const highlights = (
  items: ReadonlyArray<{ readonly name: string; readonly value: Content; readonly note?: Content }>,
): Html =>
  html`<dl class="highlights">
    ${items.map(
      ({ name, note, value }) =>
        html`<div>
          <dt>${name}</dt>
          <dd><strong>${value}</strong>${note === undefined ? null : html`<small>${note}</small>`}</dd>
        </div>`,
    )}
  </dl>`

/** Names and values, a line each. */
export const facts = (items: ReadonlyArray<readonly [name: string, value: Content]>): Html =>
  html`<dl class="facts">
    ${items.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`

/** What a reader must know before trusting the rest: something is missing, or not as it should be. */
export const notice = (title: string, sentences: ReadonlyArray<Content>): Html | null =>
  sentences.length === 0
    ? null
    : html`<aside class="notice" aria-label="${title}">
        <p><strong>${title}</strong></p>
        <ul>
          ${sentences.map((sentence) => html`<li>${sentence}</li>`)}
        </ul>
      </aside>`

export const paragraph = (...content: ReadonlyArray<Content>): Html => html`<p>${content}</p>`

/** JSON to be read: as JSON.stringify indents it, but short lists of numbers in one line. */
export const readableJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(
    /\[\s+(-?[\d.e+-]+(?:,\s+-?[\d.e+-]+)*)\s+\]/g,
    (_, numbers: string) => `[${numbers.replace(/\s+/g, " ")}]`,
  )

/** Text as it is written, such as JSON. */
export const code = (label: string, text: string): Html =>
  html`<pre tabindex="0" role="group" aria-label="${label}"><code>${text}</code></pre>`

/** Shown when asked for. */
export const folded = (summary: string, content: Content): Html =>
  html`<details>
    <summary>${summary}</summary>
    ${content}
  </details>`
