import { Console } from "effect"
import type { Report } from "../../schemas/Report.ts"
import { renderReport } from "./renderReport.ts"

/** Prints a report on standard output: as text, or as JSON with the path of the run. */
export const printReport = (report: Report, path: string, json: boolean) =>
  Console.log(
    json ? JSON.stringify({ path, ...report }, null, 2) : `\n${renderReport(report)}\nrun            ${path}`,
  )
