/**
 * Fits a quadratic surface to an image: (image, a weight for each pixel) -> the surface at every pixel.
 *
 * Weighted least squares over 1, x, y, x², xy, y². Coordinates are from -1 to 1, so that the normal equations are well
 * conditioned. A small ridge term keeps them solvable when few pixels have a weight.
 */
import type { GrayImage } from "./GrayImage.ts"

const terms = (x: number, y: number) => [1, x, y, x * x, x * y, y * y]
const ridge = 1e-6

/** Gaussian elimination with pivots. The last column of `rows` is the right-hand side. */
const solve = (rows: ReadonlyArray<Float64Array>): Float64Array => {
  const system = rows.map((row) => Float64Array.from(row))
  const size = system.length
  for (let column = 0; column < size; column++) {
    let pivot = column
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(system[row][column]) > Math.abs(system[pivot][column])) pivot = row
    }
    ;[system[column], system[pivot]] = [system[pivot], system[column]]
    for (let row = 0; row < size; row++) {
      if (row === column) continue
      const factor = system[row][column] / system[column][column]
      for (let k = column; k <= size; k++) system[row][k] -= factor * system[column][k]
    }
  }
  return Float64Array.from(system, (row, i) => row[size] / row[i])
}

export const fitQuadratic = ({ height, pixels, width }: GrayImage, weights: Float32Array): Float32Array => {
  const along = (index: number, length: number) => (length < 2 ? 0 : (2 * index) / (length - 1) - 1)
  const rows = Array.from({ length: 6 }, () => new Float64Array(7))
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const weight = weights[y * width + x]
      if (weight === 0) continue
      const values = terms(along(x, width), along(y, height))
      for (let i = 0; i < 6; i++) {
        for (let j = 0; j < 6; j++) rows[i][j] += weight * values[i] * values[j]
        rows[i][6] += weight * values[i] * pixels[y * width + x]
      }
    }
  }
  for (let i = 0; i < 6; i++) rows[i][i] += ridge
  const coefficients = solve(rows)
  const surface = new Float32Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const values = terms(along(x, width), along(y, height))
      surface[y * width + x] = values.reduce((sum, value, i) => sum + coefficients[i] * value, 0)
    }
  }
  return surface
}
