import Table from "cli-table3"

/** A borderless table: it survives copying into a mail. */
export const table = (
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string | number>>,
  left = 1,
) => {
  const cells = new Table({
    head: [...head],
    colAligns: head.map((_, i) => (i < left ? "left" : "right")),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    chars: {
      top: "",
      "top-mid": "",
      "top-left": "",
      "top-right": "",
      bottom: "",
      "bottom-mid": "",
      "bottom-left": "",
      "bottom-right": "",
      left: "",
      "left-mid": "",
      mid: "",
      "mid-mid": "",
      right: "",
      "right-mid": "",
      middle: "",
    },
  })
  cells.push(...rows.map((row) => [...row]))
  return cells
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
}
