import { Console } from "effect"
import { wrap } from "./wrap.ts"

/** Columns that a line on standard output may have: those of the terminal, or any number in a file or a pipe. */
export const outputColumns = (): number =>
  process.stdout.isTTY ? (process.stdout.columns ?? 80) - 1 : Infinity

/** Prints on standard output. A terminal gets lines that break between words; further lines have this indent. */
export const printText = (text: string, indent = 0) => {
  const columns = outputColumns()
  return Console.log(columns === Infinity ? text : wrap(text, columns, indent))
}
