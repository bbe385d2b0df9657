/**
 * Ink apart from paper: (gray image) -> how much lighter than the paper each pixel is, with dark ink made light.
 *
 * The paper's brightness is a smooth surface, because a photograph has shadows and falls off to its corners: a quadratic
 * fitted to the border, where a mark rarely is, then to everything that is not ink, then corrected locally. Which of the
 * two is ink is decided by the side of that surface on which the pixels that differ from it lie; from there on an image
 * and its negative are the same numbers.
 */
import { boxBlur, type GrayImage, negative, quantile } from "./GrayImage.ts"
import { fitQuadratic } from "./quadratic.ts"

export interface Contrast {
  readonly width: number
  readonly height: number
  /** Above the paper, in gray levels: about 0 on paper, the pen's contrast in the mark. */
  readonly values: Float32Array
  /** Standard deviation on the paper, in gray levels. */
  readonly noise: number
  /** Whether the ink was darker than the paper. */
  readonly darkInk: boolean
}

/** Cells along the longer side of the coarse image that the paper is estimated on. */
const cellsAlong = 48
/** The standard deviation of a normal distribution over its median absolute deviation. */
const sigmaOverMad = 1.4826

/** Medians of square cells: small marks and noise are gone, and an image's negative has the negative medians. */
const coarse = (image: GrayImage) => {
  const { height, pixels, width } = image
  const size = Math.max(1, Math.ceil(Math.max(width, height) / cellsAlong))
  const columns = Math.ceil(width / size)
  const rows = Math.ceil(height / size)
  const medians = new Float32Array(columns * rows)
  const cell: Array<number> = []
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      cell.length = 0
      for (let y = row * size; y < Math.min(height, (row + 1) * size); y++) {
        for (let x = column * size; x < Math.min(width, (column + 1) * size); x++)
          cell.push(pixels[y * width + x])
      }
      cell.sort((a, b) => a - b)
      medians[row * columns + column] = (cell[(cell.length - 1) >> 1] + cell[cell.length >> 1]) / 2
    }
  }
  return { size, cells: { width: columns, height: rows, pixels: medians } satisfies GrayImage }
}

const spread = (residuals: ArrayLike<number>) =>
  sigmaOverMad *
  quantile(
    Array.from(residuals, (r) => Math.abs(r)),
    0.5,
  )

/** Weights 1 on a frame of a sixteenth of the shorter side, else 0. */
const frame = ({ height, width }: GrayImage) => {
  const depth = Math.max(1, Math.round(Math.min(width, height) / 16))
  return Float32Array.from({ length: width * height }, (_, i) => {
    const x = i % width
    const y = Math.floor(i / width)
    return x < depth || y < depth || x >= width - depth || y >= height - depth ? 1 : 0
  })
}

/** A quadratic through the weighted cells that lie near it: those more than 2.5 deviations off lose their weight. */
const robustSurface = (cells: GrayImage, weights: Float32Array) => {
  let surface = fitQuadratic(cells, weights)
  for (let round = 0; round < 3; round++) {
    const residuals = cells.pixels.map((value, i) => value - surface[i])
    const limit =
      2.5 *
      Math.max(
        1,
        spread(residuals.filter((_, i) => weights[i] > 0)),
      )
    const near = weights.map((weight, i) => (Math.abs(residuals[i]) <= limit ? weight : 0))
    surface = fitQuadratic(cells, near)
  }
  return surface
}

/** Positive where more of what differs from the paper is lighter than it. */
const balance = (cells: GrayImage) => {
  const weights = frame(cells)
  const surface = robustSurface(cells, weights)
  const residuals = cells.pixels.map((value, i) => value - surface[i])
  const limit =
    3 *
    Math.max(
      1,
      spread(residuals.filter((_, i) => weights[i] > 0)),
    )
  return residuals.reduce(
    (sum, r) => sum + Math.sign(r) * Math.max(0, Math.abs(r) - limit) ** 2,
    0,
  )
}

/** The paper under light ink, cell by cell. */
const paperOf = (cells: GrayImage): Float32Array => {
  const { height, width } = cells
  let surface = robustSurface(cells, frame(cells))
  let ink = new Float32Array(width * height)
  for (let round = 0; round < 3; round++) {
    const residuals = cells.pixels.map((value, i) => value - surface[i])
    const strongest = quantile(residuals, 0.995)
    const limit = Math.max(6, 3 * spread(residuals), strongest / 5)
    // A cell beside ink holds some.
    const marked = residuals.map((r) => (r > limit ? 1 : 0))
    ink = boxBlur({ width, height, pixels: marked }, 1).pixels.map((share) => (share > 0 ? 1 : 0))
    const paper = ink.map((inked, i) => (inked > 0 || residuals[i] < -4 * limit ? 0 : 1))
    if (paper.reduce((sum, weight) => sum + weight, 0) < 12) break
    surface = fitQuadratic(cells, paper)
  }
  // What a quadratic cannot follow, as the edge of a shadow: the mean of what is left on the paper nearby.
  const radius = Math.max(2, Math.round(Math.max(width, height) / 10))
  const blurred = (pixels: Float32Array) =>
    boxBlur(boxBlur({ width, height, pixels }, radius), radius).pixels
  const rest = blurred(cells.pixels.map((value, i) => (ink[i] > 0 ? 0 : value - surface[i])))
  const share = blurred(ink.map((inked) => 1 - inked))
  return surface.map((value, i) => (share[i] > 0.02 ? value + rest[i] / share[i] : value))
}

/** The value of the cells' surface at a pixel, between the cells' centres. */
const interpolate = (cells: GrayImage, x: number, y: number) => {
  const cx = Math.min(cells.width - 1, Math.max(0, x))
  const cy = Math.min(cells.height - 1, Math.max(0, y))
  const x0 = Math.floor(cx)
  const y0 = Math.floor(cy)
  const x1 = Math.min(cells.width - 1, x0 + 1)
  const y1 = Math.min(cells.height - 1, y0 + 1)
  const at = (column: number, row: number) => cells.pixels[row * cells.width + column]
  const top = at(x0, y0) + (at(x1, y0) - at(x0, y0)) * (cx - x0)
  const bottom = at(x0, y1) + (at(x1, y1) - at(x0, y1)) * (cx - x0)
  return top + (bottom - top) * (cy - y0)
}

export const separateInk = (image: GrayImage): Contrast => {
  const darkInk = balance(coarse(image).cells) < 0
  const light = darkInk ? negative(image) : image
  const { cells, size } = coarse(light)
  const paper = { ...cells, pixels: paperOf(cells) }
  const { height, width } = image
  const values = new Float32Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      values[y * width + x] =
        light.pixels[y * width + x] -
        interpolate(paper, (x + 0.5) / size - 0.5, (y + 0.5) / size - 0.5)
    }
  }
  // Grain is smoothed away where there are pixels to spare: a mark is looked at in 20 pixels.
  const smoothing = Math.round(Math.max(width, height) / 300)
  const smooth = boxBlur(boxBlur({ width, height, pixels: values }, smoothing), smoothing).pixels
  return { width, height, values: smooth, noise: spread(smooth), darkInk }
}
