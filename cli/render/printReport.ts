import { Console } from "effect"
import type { Report } from "../../schemas/Report.ts"
import { printText } from "./printText.ts"
import { renderReport } from "./renderReport.ts"

/** The width of the labels of a report. */
const labelWidth = 15

/** Prints a report on standard output as text; `path` names its run. */
export const printReportText = (report: Report, path?: string) =>
  printText(`\n${renderReport(report)}${path === undefined ? "" : `\nrun            ${path}`}`, labelWidth)

/** Prints a report on standard output: as text, or as JSON with the path of the run. */
export const printReport = (report: Report, path: string, json: boolean) =>
  json ? Console.log(JSON.stringify({ path, ...report }, null, 2)) : printReportText(report, path)
