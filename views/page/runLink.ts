/** The name of a run, as a link to its report page if it has one: (run, pages, way) -> Html. */
import { type Html, html } from "./html.ts"

/** Whether a run has a report page. */
export type HasReport = (run: string) => boolean

/** `way` leads from the page to the runs folder; pages of sweeps and ensembles are two folders below it. */
export const runLink = (run: string, hasReport: HasReport, way: "" | "../../" = ""): Html =>
  html`<code
    >${hasReport(run) ? html`<a href="${way}${encodeURIComponent(run)}/report.html">${run}</a>` : run}</code
  >`
