/**
 * What the dashboard adds to the style sheet of the pages (`views/page/style.ts`): the same colours, type and tables, with a bar
 * of views, controls and live charts.
 */

const layout = `
[hidden] { display: none !important; }
body.dashboard { display: block; }
.dashboard main { max-width: 96rem; margin: 0 auto; padding: 1.2rem 1.25rem 4rem; }
.bar {
  position: sticky; top: 0; z-index: 5; display: flex; align-items: center; gap: .2rem 1.5rem; flex-wrap: wrap;
  padding: .55rem 1.25rem; background: var(--paper); border-bottom: 1px solid var(--line);
}
.bar .brand { color: var(--ink); font-weight: 650; letter-spacing: -.01em; text-decoration: none; }
.bar nav { position: static; max-width: none; margin: 0; padding: 0; }
.bar nav ul { display: flex; gap: .2rem; font-size: .93rem; }
.bar nav a { padding: .2rem .6rem; border-radius: .35rem; color: var(--muted); }
.bar nav a:hover { background: var(--raised); text-decoration: none; }
.bar nav a[aria-current] { background: var(--raised); color: var(--ink); font-weight: 550; }
.connection { margin: 0 0 0 auto; color: var(--muted); font-size: .82rem; }
.connection::before {
  content: ""; display: inline-block; width: .5rem; height: .5rem; margin-right: .4rem; border-radius: 50%; background: var(--muted);
}
.connection[data-connection="live"]::before, .connection[data-connection="polling"]::before { background: var(--series-3); }
.connection[data-connection="lost"]::before, .connection[data-connection="signedOut"]::before { background: var(--heat); }
.connection[data-connection="lost"], .connection[data-connection="signedOut"] { color: var(--warn); }
.view-head { margin-bottom: 1rem; }
.view-head .lead { margin: .15rem 0 0; color: var(--muted); }
.title-line { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .8rem; }
.title-line h1 { font-size: 1.45rem; }
.title-line .state { font-size: .95rem; }
.reason-line { color: var(--muted); overflow-wrap: anywhere; }
.empty, .hint-line { color: var(--muted); font-size: .9rem; }
p.notice { max-width: none; }
.signed-out { max-width: 44rem; }
.dashboard h2 { margin-top: 2.2rem; }
.dashboard .highlights { margin-top: 1rem; }
.run-id { margin: .1rem 0 0; color: var(--muted); user-select: all; }
.start { margin-top: 1.2rem; }
.start pre { max-width: 34rem; user-select: all; }
@media (min-width: 70rem) { .dashboard .view-head .facts { display: grid; grid-template-columns: repeat(2, minmax(0, auto)); justify-content: start; gap: 0 3rem; } }
@media (min-width: 60rem) { .dashboard .highlights.six { display: flex; flex-wrap: wrap; gap: 1rem 2.8rem; } }
.columns { display: grid; gap: 0 2.5rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 64rem) { .columns { grid-template-columns: minmax(0, 1fr) 22rem; } }
.static-page { display: block; width: 100%; min-height: 20rem; border: 0; background: var(--paper); }
`

const controls = `
.tools { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .7rem; margin: 0 0 .8rem; max-width: none; }
.grow { flex: 1; }
.dashboard button, .button, .dashboard select, .dashboard input[type="search"] {
  font: inherit; font-size: .87rem; line-height: 1.3; color: var(--ink); background: var(--paper);
  border: 1px solid var(--line); border-radius: .35rem; padding: .32rem .7rem;
}
.dashboard button, .button { cursor: pointer; text-decoration: none; display: inline-block; }
.dashboard button:hover, .button:hover { background: var(--raised); }
.dashboard button:disabled { color: var(--muted); cursor: default; background: var(--raised); }
.dashboard button.primary:not(:disabled) { background: var(--accent); border-color: var(--accent); color: var(--paper); font-weight: 550; }
.dashboard input[type="search"] { width: 17rem; max-width: 100%; }
.dashboard ::placeholder { color: var(--muted); opacity: 1; }
.dashboard select { max-width: min(100%, 38rem); }
.dashboard input[type="checkbox"] { accent-color: var(--accent); width: 1rem; height: 1rem; margin: 0; vertical-align: middle; }
.actions { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; max-width: none; font-size: .87rem; }
.chips { display: flex; flex-wrap: wrap; gap: .35rem; }
.dashboard button.chip { display: inline-flex; gap: .45rem; align-items: center; padding: .22rem .6rem; border-radius: 1rem; }
.dashboard button[aria-pressed="true"] { background: var(--raised); border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.chip-count { color: var(--muted); font-variant-numeric: tabular-nums; }
.state { white-space: nowrap; }
.state::before {
  content: ""; display: inline-block; width: .55rem; height: .55rem; margin-right: .4rem; border-radius: 50%;
  background: var(--muted); vertical-align: .02em;
}
.state[data-state="running"]::before, .state[data-state="starting"]::before { background: var(--series-1); }
.state[data-state="finished"]::before { background: var(--series-3); }
.state[data-state="failed"]::before, .state[data-state="damaged"]::before { background: var(--heat); border-radius: .1rem; }
.state[data-state="killed"]::before { background: none; box-shadow: inset 0 0 0 2px var(--heat); }
.state[data-state="stopped"]::before { background: none; box-shadow: inset 0 0 0 2px var(--muted); }
.state[data-state="waiting"]::before, .state[data-state="queued"]::before { background: none; box-shadow: inset 0 0 0 2px var(--series-5); }
@media (prefers-reduced-motion: no-preference) {
  .state[data-state="running"]::before { animation: pulse 2s ease-in-out infinite; }
  @keyframes pulse { 50% { opacity: .35; } }
}
.mark { margin-left: .45rem; padding: .02rem .4rem; border: 1px solid var(--line); border-radius: .6rem; color: var(--muted); font-size: .75rem; font-weight: 400; }
`

const tables = `
.dashboard .runs { width: 100%; }
.runs th, .runs td { padding: .38rem 1rem .38rem 0; vertical-align: middle; }
.runs .column-seed { padding-right: .2rem; }
@media (min-width: 86rem) { .runs .column-seed { padding-right: 1rem; } }
.runs .select { width: 1.8rem; padding-right: .6rem; }
.runs thead th { vertical-align: bottom; }
.dashboard button.sort { border: 0; padding: 0; background: none; color: inherit; font-weight: inherit; border-radius: .1rem; }
.numeric button.sort { text-align: right; }
.dashboard button.sort:hover { color: var(--accent); text-decoration: underline; }
th[aria-sort] button.sort { color: var(--ink); font-weight: 600; }
th[aria-sort="ascending"] button.sort::after { content: " ↑"; }
th[aria-sort="descending"] button.sort::after { content: " ↓"; }
.run-name a { font-weight: 550; text-decoration: none; }
.run-name a:hover { text-decoration: underline; }
.run-name { display: block; max-width: 18rem; overflow-wrap: anywhere; }
.run-name small { display: block; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; font-size: .76rem; font-weight: 400; line-height: 1.3; font-variant-numeric: tabular-nums; }
.progress { display: inline-flex; flex-direction: column; gap: .2rem; min-width: 7.5rem; white-space: nowrap; }
.sentence { display: block; min-width: 16rem; max-width: 44rem; }
.ended .column-left { display: none; }
.column-started { white-space: nowrap; }
.progress-bar { display: block; height: .3rem; border-radius: .2rem; background: var(--grid); overflow: hidden; }
.progress-bar.wide { height: .4rem; margin: .7rem 0 0; max-width: 44rem; }
.progress-done { display: block; height: 100%; background: var(--series-1); transition: width .3s; }
.phone-only { display: none; }
@media (max-width: 86rem) { .rank-3 { display: none; } }
@media (max-width: 64rem) { .rank-2 { display: none; } }
@media (max-width: 44rem) {
  .rank-1 { display: none; }
  .phone-only { display: block; color: var(--muted); }
  /* Whole pixels: else the shadow of a table shows as a line at its left. */
  .dashboard main { padding: 14px 14px 3rem; }
  .bar { padding: .5rem 14px; }
  .dashboard input[type="search"], .dashboard select { width: 100%; }
  .dashboard .runs { font-size: .8rem; }
  .runs th, .runs td { padding-right: .5rem; }
  .runs .select { width: 1.6rem; padding-right: .5rem; }
  .runs thead th { white-space: normal; }
  .run-name { min-width: 5rem; }
  .run-name a + .phone-only, .run-name small { font-size: .76rem; font-weight: 400; }
  /* Still read by screen readers. */
  .run-name:has(.phone-only) small { position: absolute; width: 1px; height: 1px; clip-path: inset(50%); }
  .bar { gap: .2rem .5rem; }
  .bar nav a { padding: .2rem .5rem; }
  /* The dot alone; the word is for screen readers. */
  .connection[data-connection="live"] { font-size: 0; }
  .connection[data-connection="live"]::before { font-size: .82rem; margin: 0 .2rem 0 0; }
  .dashboard button.primary[data-selected="0"] { display: none; }
  .draw .paper { max-width: none; }
  .dashboard .facts div { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: 0 .8rem; }
  td .swatch, th .swatch { width: .8rem; }
  .progress { min-width: 5.5rem; white-space: normal; }
  .tools .grow { display: none; }
}
.log {
  margin: 0; padding: .5rem .8rem; list-style: none; height: 18rem; overflow: auto; background: var(--raised); border-radius: .4rem;
  font: .8rem/1.55 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
}
.log li { display: flex; gap: .8rem; }
.log time, .log-stage { color: var(--muted); flex: none; }
.log-stage { width: 4.6rem; }
.log-text { min-width: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
.log li[data-level="debug"] .log-text { color: var(--muted); }
.log li[data-level="warning"] .log-text { color: var(--warn); }
.log li[data-level="error"] .log-text { color: var(--warn); font-weight: 650; }
@media (max-width: 44rem) { .log-stage { display: none; } }
details.experiment { margin-top: 2rem; }
`

/** What uPlot needs (its own sheet has as much), and the frame of a chart. */
const charts = `
.charts { display: grid; gap: 1.6rem 2.2rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); }
.charts.one { grid-template-columns: minmax(0, 56rem); margin-top: 1.4rem; }
.live-chart { min-width: 0; }
.live-chart figcaption { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem .8rem; }
.chart-tools { margin-left: auto; display: flex; gap: .3rem; }
.dashboard .chart-tools button { padding: .08rem .5rem; font-size: .76rem; color: var(--muted); }
.dashboard .chart-tools button[aria-pressed="true"] { color: var(--ink); }
.chart-place { min-height: 230px; touch-action: pan-y; }
.live-chart details { margin: 0; }
.chart-readout { min-height: 1.4em; margin: -.3rem 0 0; padding-left: 58px; color: var(--muted); font-size: .78rem; font-variant-numeric: tabular-nums; max-width: none; }
.swatch { display: inline-block; width: 1.4rem; height: 0; margin-right: .4rem; border-top: 2px solid var(--swatch); vertical-align: .25em; }
.swatch[data-dashed] { border-top-style: dashed; }
.swatch[data-scattered] { width: .5rem; height: .5rem; border: 0; border-radius: 50%; background: var(--swatch); vertical-align: 0; }
th:has(> .swatch) { white-space: nowrap; }
${Array.from({ length: 8 }, (_, i) => `.swatch[data-color="${i}"] { --swatch: var(--series-${i + 1}); }`).join("\n")}
.uplot, .uplot *, .uplot *::before, .uplot *::after { box-sizing: border-box; }
.uplot { width: min-content; line-height: 1.5; }
.u-wrap { position: relative; user-select: none; }
.u-over, .u-under { position: absolute; }
.u-under { overflow: hidden; }
.uplot canvas { display: block; position: relative; width: 100%; height: 100%; }
.u-axis { position: absolute; }
.u-select { position: absolute; pointer-events: none; background: var(--shade); }
.u-cursor-x, .u-cursor-y { position: absolute; left: 0; top: 0; pointer-events: none; will-change: transform; }
.u-hz .u-cursor-x { height: 100%; border-right: 1px dashed var(--muted); }
.u-hz .u-cursor-y { display: none; }
.u-cursor-pt { position: absolute; top: 0; left: 0; border-radius: 50%; border: 0 solid; pointer-events: none; will-change: transform; background-clip: padding-box !important; }
.u-axis.u-off, .u-select.u-off, .u-cursor-x.u-off, .u-cursor-y.u-off, .u-cursor-pt.u-off { display: none; }
`

const draw = `
.draw { display: grid; gap: 1.2rem 3rem; grid-template-columns: minmax(0, 1fr); align-items: start; }
@media (min-width: 52rem) { .draw { grid-template-columns: 22rem minmax(0, 34rem); } }
.paper {
  display: block; width: 100%; max-width: 22rem; aspect-ratio: 1; background: #fff; border: 1px solid var(--line); border-radius: .4rem;
  touch-action: none; cursor: crosshair; image-rendering: auto; margin-bottom: .8rem;
}
#upload { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.button:has(+ #upload:focus-visible) { outline: 2px solid var(--accent); outline-offset: 2px; }
.prediction { margin: 0 0 .8rem; font-size: 1.5rem; font-weight: 600; line-height: 1.25; letter-spacing: -.01em; max-width: none; }
.bars { margin: 0; padding: 0; list-style: none; font-size: .87rem; font-variant-numeric: tabular-nums; }
.bars li { display: grid; grid-template-columns: minmax(1.2rem, auto) 1fr 4rem; gap: .7rem; align-items: center; padding: .16rem 0; }
.bar-name { min-width: 1.2rem; max-width: 12rem; overflow-wrap: anywhere; }
.bar-track { height: .7rem; border-radius: .15rem; background: var(--grid); overflow: hidden; }
.bar-fill { display: block; height: 100%; background: var(--bar); transition: width .12s; }
.bars li[data-first] { font-weight: 650; }
.bars li[data-first] .bar-fill { background: var(--series-1); }
.bar-value { text-align: right; }
.doubts { color: var(--warn); }
.doubts:empty { display: none; }
.seen { display: flex; gap: 1rem; align-items: start; margin-top: 1.2rem; font-size: .87rem; }
.seen p { margin: .1rem 0 0; }
.seen img { flex: none; border: 1px solid var(--line); border-radius: .2rem; width: 112px; }
`

export const dashboardStyle = [layout, controls, tables, charts, draw].join("\n")
