/**
 * Predictions as a table whose rows are printed as they come: (names of the images, class names, columns of the terminal) -> head,
 * and the row of a result. The columns are as wide as the names require, which are known before the first prediction. A narrow
 * terminal gets fewer, and doubts below their row.
 */
import type { ImageResult } from "../../inspect/predictImages.ts"
import { probability } from "../../format/numbers.ts"
import { doubtText } from "../../stages/preprocess/Doubt.ts"

/** What a row has for an image that has no prediction. The reasons are printed after the table. */
const none = "–"

const widest = (texts: ReadonlyArray<string>) => texts.reduce((most, text) => Math.max(most, text.length), 0)

const heads = ["image", "label", "probability", "second", "third"] as const
const rankHeads = 3

/** What a column of doubts needs at least. */
const doubtsWidth = 20

export const predictionTable = (
  images: ReadonlyArray<string>,
  names: ReadonlyArray<string>,
  columns: number,
) => {
  const name = widest(names)
  const ranked = name + " 100.0 %".length
  const widths = [
    Math.max(heads[0].length, widest(images)),
    Math.max(heads[1].length, name),
    heads[2].length,
    ranked,
    ranked,
  ]
  const widthOf = (count: number) => widths.slice(0, count).reduce((sum, width) => sum + width + 2, -2)
  const shown = [heads.length, heads.length - 1].find((count) => widthOf(count) <= columns) ?? rankHeads
  const besides = shown === heads.length && widthOf(shown) + 2 + doubtsWidth <= columns
  const line = (cells: ReadonlyArray<string>) =>
    cells
      // Figures are aligned on the right, words on the left.
      .map((cell, i) => (i === 2 ? cell.padStart(widths[i]) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd()
  const row = (result: ImageResult) => {
    if ("problem" in result) return line([result.problem.image, none])
    const { doubts, image, top } = result.prediction
    const [first, ...others] = top
    const ranks = [1, 2].map((rank) => {
      const other = others[rank - 1]
      return other === undefined
        ? ""
        : `${other.class.padEnd(name)} ${probability(other.probability).padStart("100.0 %".length)}`
    })
    const cells = [image, first.class, probability(first.probability), ...ranks].slice(0, shown)
    const why = doubts.map(doubtText).join(", ")
    if (besides) return line([...cells, why])
    return why === "" ? line(cells) : `${line(cells)}\n  doubts: ${why}`
  }
  return { head: line([...heads.slice(0, shown), ...(besides ? ["doubts"] : [])]), row }
}
