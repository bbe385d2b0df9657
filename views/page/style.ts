/**
 * The style sheet of every page: light and dark mode, screens from 320 pixels wide, and print.
 *
 * Colours are variables, so that charts follow the reader's theme too. Text has a contrast ratio of at least 4.5 to 1 with
 * its background, chart lines at least 3 to 1 (WCAG 2.2).
 */

export const seriesColorCount = 8

/** The colour of a series by its position in the chart. */
export const seriesColor = (series: number): string => `var(--series-${(series % seriesColorCount) + 1})`

export const style = `
:root {
  color-scheme: light dark;
  --paper: #fcfcfa; --raised: #f3f3ef; --ink: #1d2226; --muted: #59636c; --line: #dedfda; --grid: #e8e8e3;
  --accent: #17599c; --warn: #8a4b00; --warn-paper: #fff5e0; --heat: #c2410c; --bar: #b9cde2; --shade: rgb(0 0 0 / .16);
  --series-1: #1f66b1; --series-2: #c4501b; --series-3: #147d66; --series-4: #8746a8;
  --series-5: #8f6c00; --series-6: #bd2f74; --series-7: #5b6670; --series-8: #3c7f22;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181b; --raised: #1e2226; --ink: #e4e6e8; --muted: #a3acb4; --line: #343a40; --grid: #2a2f34;
    --accent: #8ec1f7; --warn: #f2c879; --warn-paper: #2c2414; --heat: #c85f33; --bar: #37506b; --shade: rgb(0 0 0 / .55);
    --series-1: #6eb1f7; --series-2: #f4935d; --series-3: #4fcaa9; --series-4: #c698e6;
    --series-5: #dfbb48; --series-6: #f28bba; --series-7: #a9b4be; --series-8: #93d27c;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
.page { max-width: 66rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
nav { max-width: 66rem; margin: 0 auto; padding: 1rem 1rem 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .15rem 1rem; margin: 0; padding: 0; list-style: none; font-size: .87rem; }
nav a { display: inline-block; padding: .15rem 0; color: var(--muted); text-decoration: none; }
nav a:hover { color: var(--accent); text-decoration: underline; }
@media (min-width: 82rem) {
  body { display: grid; grid-template-columns: 12rem minmax(0, 78rem); justify-content: center; gap: 1rem; }
  nav { position: sticky; top: 0; align-self: start; margin: 0; padding: 2.4rem 0 0 1rem; }
  nav ul { display: block; }
  .page { width: 100%; max-width: none; margin: 0; }
}
.skip { position: absolute; left: -99rem; z-index: 1; padding: .5rem 1rem; background: var(--paper); }
.skip:focus { left: .5rem; top: .5rem; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
h1:focus, h2:focus, main:focus { outline: none; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; letter-spacing: -.015em; overflow-wrap: anywhere; }
h2 {
  margin: 2.6rem 0 .8rem; padding-top: .7rem; border-top: 1px solid var(--line);
  font-size: 1.15rem; line-height: 1.3; letter-spacing: -.005em;
}
h3 { margin: 0; font-size: .93rem; line-height: 1.35; }
p { margin: .5rem 0; max-width: 44rem; text-wrap: pretty; }
.kind { margin: 0 0 .2rem; color: var(--muted); font-size: .82rem; }
header p, figcaption p, footer p, small { color: var(--muted); }
header p.verdict { color: var(--ink); font-size: 1.05rem; }
header p.verdict + p.verdict { margin-top: -.2rem; }
header p { overflow-wrap: anywhere; }
small { font-size: .82rem; }
code, pre { font: .82rem/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { margin: .5rem 0; padding: .8rem 1rem; background: var(--raised); border-radius: .4rem; overflow: auto; max-height: 32rem; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); font-size: .82rem; }
.lead { font-size: .93rem; }
.lead code { font-size: .8rem; }
.highlights {
  display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.1rem 1.5rem; align-items: start; margin: 1.4rem 0 0;
}
@media (min-width: 48rem) { .highlights { grid-template-columns: repeat(4, minmax(0, 1fr)); } }
.highlights dt { color: var(--muted); font-size: .82rem; }
.highlights dd { margin: 0; }
.highlights strong { display: block; font-size: 1.55rem; font-weight: 600; line-height: 1.25; letter-spacing: -.01em; }
.highlights small { display: block; line-height: 1.4; }
.highlights div:first-child strong { font-size: 2rem; line-height: 1.15; color: var(--accent); }
.facts { margin: .5rem 0; }
.facts div { display: grid; grid-template-columns: 11rem minmax(0, 1fr); gap: 0 1rem; padding: .22rem 0; }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 34rem) { .facts div { display: block; } }
.notice { margin: 1.2rem 0; padding: .7rem 1rem; background: var(--warn-paper); border-left: 3px solid var(--warn); border-radius: .2rem; }
.notice p, .notice ul { margin: 0; }
.notice strong { color: var(--warn); }
.notice ul { padding-left: 1.1rem; overflow-wrap: anywhere; }
.notice li { white-space: pre-line; }
.sentences { margin: .6rem 0; padding: 0; list-style: none; max-width: 52rem; overflow-wrap: anywhere; }
.sentences li { margin: .5rem 0 0; }
.sentences li.more { margin: .1rem 0 0 1.2rem; color: var(--muted); font-size: .9rem; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.8rem 3rem; align-items: start; }
@media (min-width: 60rem) { .pair { grid-template-columns: auto auto; justify-content: start; } .pair figcaption { width: 0; min-width: 100%; } }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18.5rem), 1fr)); gap: 0 2.2rem; margin-bottom: -1.2rem; }
.scroll + .gallery, .sentences + .gallery { margin-top: 1.6rem; }
.legend + .gallery { margin-top: .8rem; }
@media (min-width: 60rem) { .gallery:has(> :nth-child(4):last-child) { grid-template-columns: repeat(2, minmax(0, 24rem)); } }
.gallery > figure {
  display: grid; grid-template-rows: subgrid; grid-row: span 5; grid-template-columns: minmax(0, 1fr); row-gap: 0;
  align-items: start; margin-bottom: 1.8rem;
}
.gallery figcaption { grid-row: 1; }
.gallery .legend { grid-row: 2; }
.gallery .plot { grid-row: 3; }
.gallery .plot-note { grid-row: 4; }
.gallery details { grid-row: 5; }
figure { margin: 0; min-width: 0; }
section > figure, section > h3 { margin-top: 1.3rem; }
figure.wide { margin: 1.2rem 0; }
figcaption p { margin: .1rem 0 .4rem; font-size: .82rem; line-height: 1.45; }
details { margin: .4rem 0; font-size: .87rem; }
summary { display: inline-block; padding: .1rem 0; color: var(--muted); font-size: .82rem; cursor: pointer; }
summary::before { content: "▸ "; }
details[open] > summary::before { content: "▾ "; }
summary:hover { color: var(--accent); }
summary::-webkit-details-marker { display: none; }
.plot { display: block; width: 100%; max-width: 34rem; height: auto; overflow: visible; font-family: inherit; }
figure.wide .plot { max-width: 56rem; }
.scroll > .plot { min-width: 40rem; }
.whole { white-space: nowrap; }
td .reason { max-width: 30rem; }
td .reason.text { min-width: 12rem; }
.reason details[open] { min-width: 16rem; }
.reason details { margin: 0; font-size: inherit; }
.reason p { margin: .2rem 0; font-size: .82rem; color: var(--muted); }
.plain { margin: .2rem 0; padding: 0; list-style: none; }
.unit { display: inline-block; padding-left: .45rem; border-left: .3rem solid var(--unit); font-weight: 600; }
.plot { color: var(--muted); }
.plot text { white-space: pre; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: .2rem 0; padding: 0; list-style: none; font-size: .82rem; color: var(--muted); }
.legend svg { display: inline-block; width: 1.5rem; height: .6rem; margin-right: .35rem; }
.scroll {
  overflow-x: auto; max-width: 100%;
  background:
    linear-gradient(to right, var(--paper) 30%, transparent) left / 2.4rem 100% local,
    linear-gradient(to left, var(--paper) 30%, transparent) right / 2.4rem 100% local,
    linear-gradient(to right, var(--shade), transparent) left / .7rem 100% scroll,
    linear-gradient(to left, var(--shade), transparent) right / .7rem 100% scroll;
  background-repeat: no-repeat;
}
.hint { margin: .2rem 0; color: var(--muted); font-size: .82rem; }
@media (min-width: 40rem) { .hint { display: none; } }
td code { white-space: nowrap; }
details .scroll { max-height: 24rem; overflow-y: auto; }
table { border-collapse: collapse; font-size: .87rem; font-variant-numeric: tabular-nums; }
p.caption { margin: 1.1rem 0 .2rem; color: var(--muted); font-size: .82rem; }
details p.caption, figure > p.caption { margin-top: .2rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { padding: .26rem 1.1rem .26rem 0; border-bottom: 1px solid var(--grid); text-align: left; vertical-align: baseline; }
th:last-child, td:last-child { padding-right: .2rem; }
thead th { border-bottom-color: var(--line); color: var(--muted); font-weight: 500; vertical-align: bottom; white-space: nowrap; }
tbody th { font-weight: 500; }
.numeric { text-align: right; white-space: nowrap; }
tbody tr:hover { background: var(--raised); }
img { image-rendering: pixelated; max-width: 100%; height: auto; vertical-align: middle; }
.confusion { font-size: .82rem; }
.confusion th, .confusion td { padding: .2rem .3rem; min-width: 2.65rem; text-align: right; border: 1px solid var(--paper); }
.confusion thead th[colspan] { text-align: left; border-bottom: 0; }
.confusion th[scope="row"], .confusion th[scope="col"]:first-child { text-align: left; padding-right: .8rem; white-space: nowrap; }
.confusion thead td, .confusion th[scope="row"], .confusion th[scope="col"]:first-child { position: sticky; left: 0; background: var(--paper); }
@media (max-width: 40rem) { .confusion th, .confusion td { padding: .2rem .25rem; min-width: 2.3rem; } }
.confusion .none { color: var(--muted); }
.confusion .right { background: var(--bar); }
.confusion .wrong { background: color-mix(in srgb, var(--heat) var(--strength), transparent); }
.confusion tbody tr:hover { background: none; }
.cards {
  display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1.1rem .9rem; margin: 1rem 0; padding: 0;
  list-style: none;
}
@media (min-width: 36rem) { .cards { grid-template-columns: repeat(4, minmax(0, 1fr)); } }
@media (min-width: 52rem) { .cards { grid-template-columns: repeat(6, minmax(0, 1fr)); } }
.cards figcaption { margin-top: .35rem; font-size: .87rem; line-height: 1.4; overflow-wrap: anywhere; }
.cards small { display: inline-block; line-height: 1.35; }
.cards img, .examples img { border-radius: .2rem; }
.sheet { display: flex; gap: .25rem; }
tr:has(.sheet) > * { vertical-align: middle; }
.sheet img { width: 2.6rem; height: 2.6rem; object-fit: contain; border-radius: .15rem; image-rendering: pixelated; }
.examples td img { width: 2.1rem; height: 2.1rem; margin: -.1rem 0; }
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --raised: #f6f6f4; --ink: #000; --muted: #444; --line: #bbb; --grid: #ddd; --accent: #17497c;
    --warn: #6b3a00; --warn-paper: #fff; --heat: #c2410c; --bar: #c6d5e5;
    --series-1: #1f66b1; --series-2: #c4501b; --series-3: #147d66; --series-4: #8746a8;
    --series-5: #8f6c00; --series-6: #bd2f74; --series-7: #5b6670; --series-8: #3c7f22;
  }
  @page { margin: 14mm; }
  body { display: block; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav, .skip, summary { display: none; }
  details:not([open]):not(.printed) { display: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
  .page { max-width: none; padding: 0; }
  .scroll, details .scroll, pre { overflow: visible; max-height: none; background: none; }
  .hint { display: none; }
  pre { white-space: pre-wrap; columns: 2; }
  .cards { grid-template-columns: repeat(7, 1fr); gap: .7rem .5rem; }
  .cards img { width: 50px; }
  .cards figcaption, .cards small { font-size: 7.5pt; }
  figure, tr, .highlights, .notice { break-inside: avoid; }
  h2, h3, thead { break-after: avoid; }
  .gallery { grid-template-columns: 1fr 1fr; gap: 1.2rem; }
}
`
