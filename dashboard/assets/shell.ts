/**
 * The document that the views are drawn into, the same for every address: () -> HTML.
 *
 * Without scripts it says what is missing. Nothing in it comes from a run.
 */
import { program } from "../../format/program.ts"
import { html, Html } from "../../views/page/html.ts"
import { version } from "../../schemas/version.ts"
import type { BrowserModules } from "./modules.ts"

/** As the address bar of a browser shows it: the tide at its mark. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#17599c"/><path d="M2 10c2-3 4-3 6 0s4 3 6 0" fill="none" stroke="#fff" stroke-width="2"/></svg>`

const head = (title: string): Html => html`
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <meta name="color-scheme" content="light dark" />
  <meta name="generator" content="tidemark ${version}" />
  <title>${title}</title>
  <link rel="icon" href="/icon.svg" type="image/svg+xml" />
  <link rel="stylesheet" href="/style.css" />
`

export const shellPage = (modules: BrowserModules): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        ${head("tidemark")}
        ${[...modules.scripts.keys()].map((address) => html`<link rel="modulepreload" href="${address}" />`)}
        <script type="module" src="${modules.addressOf("main")}"></script>
      </head>
      <body class="dashboard" data-live-worker="${modules.addressOf("liveWorker")}" data-program="${program}">
        <a class="skip" href="#content">Skip to content</a>
        <header class="bar">
          <a class="brand" href="/">tidemark</a>
          <nav aria-label="Views">
            <ul>
              <li><a href="/">Runs</a></li>
              <li><a href="/champions">Champions</a></li>
              <li><a href="/draw">Draw</a></li>
            </ul>
          </nav>
          <p class="connection" role="status" aria-live="polite" data-connection="connecting">connecting…</p>
        </header>
        <main id="content" tabindex="-1">
          <noscript
            ><p class="notice">
              The dashboard needs JavaScript. The command <code>${program} show RUN</code> prints a run
              without it.
            </p></noscript
          >
        </main>
      </body>
    </html> `.markup

/**
 * Leads to an address of the dashboard: the request for it comes from the dashboard itself. A browser that followed a link from
 * another site does not send a `SameSite=Strict` cookie with the redirections of that request, but with the next one.
 */
export const forwardPage = (address: string): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        ${head("tidemark")}
        <meta http-equiv="refresh" content="0; url=${address}" />
      </head>
      <body class="dashboard">
        <main id="content" class="signed-out">
          <p class="kind">tidemark dashboard</p>
          <h1>Signing in</h1>
          <p><a href="${address}">Open the dashboard</a></p>
        </main>
      </body>
    </html> `.markup

/** For a browser without the cookie: `command` prints an address with a token. */
export const signedOutPage = (command: string): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        ${head("tidemark: not signed in")}
      </head>
      <body class="dashboard">
        <main id="content" class="signed-out">
          <p class="kind">tidemark dashboard</p>
          <h1>This browser is not signed in</h1>
          <p>
            Open the address that <code>${command}</code> printed. It works once, in one browser. To sign in
            another browser, start the dashboard again: it prints a new address, and browsers that are signed
            in stay so.
          </p>
        </main>
      </body>
    </html> `.markup
