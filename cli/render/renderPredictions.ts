/**
 * Predictions as a table whose rows are printed as they come: (names of the images, class names) -> head, and the row
 * of a result. The columns are as wide as the names require, which are known before the first prediction.
 */
import type { ImageResult } from "../../inspect/predictImages.ts"
import { probability } from "../../format/numbers.ts"
import { doubtText } from "../../stages/preprocess/Doubt.ts"

/** What a row has for an image that has no prediction. The reasons are printed after the table. */
const none = "–"

const widest = (texts: ReadonlyArray<string>) => texts.reduce((most, text) => Math.max(most, text.length), 0)

const columns = ["image", "label", "probability", "second", "third", "doubts"] as const

export const predictionTable = (images: ReadonlyArray<string>, names: ReadonlyArray<string>) => {
  const name = widest(names)
  const ranked = name + " 100.0 %".length
  const widths = [
    Math.max(columns[0].length, widest(images)),
    Math.max(columns[1].length, name),
    columns[2].length,
    ranked,
    ranked,
  ]
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
    return line([
      image,
      first.class,
      probability(first.probability),
      ...ranks,
      doubts.map(doubtText).join(", "),
    ])
  }
  return { head: line(columns), row }
}
