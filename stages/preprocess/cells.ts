/** A coarse version of an image: (gray image) -> at most a few thousand square cells. */
import type { GrayImage } from "./GrayImage.ts"

/** Cells along the longer side of the coarse image. */
const cellsAlong = 48

/**
 * Median and skew of square cells. The median hides small marks and noise. The skew shows thin strokes: how much
 * further from the median the lightest pixels are than the darkest. A negative has exactly the negative skews.
 */
export const coarse = (image: GrayImage) => {
  const { height, pixels, width } = image
  const size = Math.max(1, Math.ceil(Math.max(width, height) / cellsAlong))
  const columns = Math.ceil(width / size)
  const rows = Math.ceil(height / size)
  const medians = new Float32Array(columns * rows)
  const skews = new Float32Array(columns * rows)
  const buffer = new Float32Array(size * size)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const until = Math.min(width, (column + 1) * size)
      let count = 0
      for (let y = row * size; y < Math.min(height, (row + 1) * size); y++) {
        for (let x = column * size; x < until; x++) buffer[count++] = pixels[y * width + x]
      }
      const cell = buffer.subarray(0, count).sort()
      const median = (cell[(count - 1) >> 1] + cell[count >> 1]) / 2
      const extreme = Math.floor(count / 50)
      medians[row * columns + column] = median
      skews[row * columns + column] = cell[extreme] + cell[count - 1 - extreme] - 2 * median
    }
  }
  return { size, cells: { width: columns, height: rows, pixels: medians } satisfies GrayImage, skews }
}
