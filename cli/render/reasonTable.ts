/**
 * A table whose last column has sentences: (head, rows, columns of the terminal) -> text. If it is wider than the terminal, the
 * sentence of each row is below it.
 */
import { table } from "./table.ts"

export const reasonTable = (
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  columns: number,
): string => {
  const whole = table(head, rows, head.length)
  if (whole.split("\n").every((line) => line.length <= columns)) return whole
  const withoutReasons = table(
    head.slice(0, -1),
    rows.map((row) => row.slice(0, -1)),
    head.length,
  )
  const [top, ...lines] = withoutReasons.split("\n")
  return [
    top,
    ...lines.flatMap((line, i) => [line, `  ${rows[i].at(-1) ?? ""}`].filter((each) => each.trim() !== "")),
  ].join("\n")
}
