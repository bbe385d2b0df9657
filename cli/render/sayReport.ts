import { Console } from "effect"
import type { Report } from "../../schemas/Report.ts"
import { renderReport } from "./renderReport.ts"

/** A report on standard output: as text, or for a script with the run's folder. */
export const sayReport = (report: Report, path: string, json: boolean) =>
  Console.log(
    json ? JSON.stringify({ path, ...report }, null, 2) : `\n${renderReport(report)}\nrun            ${path}`,
  )
