/**
 * What `doctor` found, as text: (findings, columns, mark) -> a table, and below it the remedies.
 *
 * Lines break between words. A narrow terminal gets what was found below its name.
 */
import { printable } from "../../format/printable.ts"
import type { Finding } from "../doctor/Finding.ts"
import { table } from "./table.ts"
import { wrap } from "./wrap.ts"

/** The least columns for what was found; with fewer, it stands on a line of its own. */
const leastRoom = 30

/** Further lines are indented, so that the next remedy is seen. */
const remedyIndent = 2

const heads = ["area", "name", "status"] as const

/** `mark`: the status as a word, with a colour if the terminal has them. */
export const renderFindings = (
  findings: ReadonlyArray<Finding>,
  columns: number,
  mark: (isAvailable: boolean) => string,
): string => {
  const rows = findings.map(({ area, available, name }) => [area, name, mark(available)])
  const lines = table(heads, rows, heads.length).split("\n")
  const widest = Math.max(
    ...table(
      heads,
      findings.map(({ area, name }) => [area, name, "not available"]),
      heads.length,
    )
      .split("\n")
      .map((line) => line.length),
  )
  const room = columns - widest - 2
  const found = ["found", ...findings.map((finding) => printable(finding.found))]
  const described =
    room < leastRoom
      ? lines.flatMap((line, i) => (i === 0 ? [line] : [line, wrap(`  ${found[i]}`, columns)]))
      : table(
          [...heads, found[0]],
          rows.map((row, i) => [
            ...row,
            wrap(found[i + 1], room).replaceAll("\n", `\n${" ".repeat(widest + 2)}`),
          ]),
          heads.length + 1,
        ).split("\n")
  const remedies = findings.flatMap(({ area, available, name, remedy }) =>
    available || remedy === null
      ? []
      : [wrap(printable(`${area} ${name}: ${remedy}`), columns, remedyIndent)],
  )
  return [...described, ...(remedies.length > 0 ? ["", ...remedies] : [])].join("\n")
}
