/**
 * Separates ink from paper: (gray image) -> how much lighter than the paper each pixel is; dark ink is inverted first.
 *
 * The brightness of the paper is a smooth surface, because a photograph has shadows and is darker in its corners. A
 * quadratic surface is fitted to the border, where a mark rarely is, then to everything that is not ink, and is then
 * corrected locally. Ink is dark if most pixels that differ from the surface are darker than it. After that step an
 * image and its negative give the same numbers.
 */
import { coarse } from "./cells.ts"
import { boxBlur, type GrayImage, negative, quantile } from "./GrayImage.ts"
import { fitQuadratic } from "./quadratic.ts"

export interface Contrast {
  readonly width: number
  readonly height: number
  /** Difference to the paper in gray levels: about 0 on paper, and the contrast of the pen in the mark. */
  readonly values: Float32Array
  /** Standard deviation of the paper in gray levels. */
  readonly noise: number
  /** Whether the ink was darker than the paper. */
  readonly darkInk: boolean
}

/** The standard deviation of a normal distribution divided by its median absolute deviation. */
const sigmaOverMad = 1.4826

export const spread = (residuals: Float32Array) => sigmaOverMad * quantile(residuals.map(Math.abs), 0.5)

/** Weights: 1 in a frame whose width is a ninth of the shorter side, else 0. */
const frame = ({ height, width }: GrayImage) => {
  const depth = Math.max(1, Math.round(Math.min(width, height) / 9))
  return Float32Array.from({ length: width * height }, (_, i) => {
    const x = i % width
    const y = Math.floor(i / width)
    return x < depth || y < depth || x >= width - depth || y >= height - depth ? 1 : 0
  })
}

/**
 * The quadratic surface with the least sum of absolute differences from the weighted cells. A minority of other cells
 * (a mark, the table next to the sheet) cannot distort it. Computed by iteratively reweighted least squares.
 */
const robustSurface = (cells: GrayImage, weights: Float32Array) => {
  let surface = fitQuadratic(cells, weights)
  for (let round = 0; round < 12; round++) {
    surface = fitQuadratic(
      cells,
      weights.map((weight, i) =>
        weight === 0 ? 0 : weight / Math.max(1, Math.abs(cells.pixels[i] - surface[i])),
      ),
    )
  }
  return surface
}

/** Positive if more of what differs from the paper is lighter than the paper, negative if more is darker. */
const balance = (cells: GrayImage, skews: Float32Array) => {
  const weights = frame(cells)
  const surface = robustSurface(cells, weights)
  const residuals = cells.pixels.map((value, i) => value - surface[i])
  const limit = 3 * Math.max(1, spread(residuals.filter((_, i) => weights[i] > 0)), spread(skews))
  return residuals
    .map((residual, i) => residual + skews[i])
    .reduce((sum, r) => sum + Math.sign(r) * Math.max(0, Math.abs(r) - limit) ** 2, 0)
}

/** The brightness of the paper under light ink in each cell. */
const paperOf = (cells: GrayImage): Float32Array => {
  const { height, width } = cells
  let surface = robustSurface(cells, frame(cells))
  let ink = new Float32Array(width * height)
  for (let round = 0; round < 3; round++) {
    const residuals = cells.pixels.map((value, i) => value - surface[i])
    const strongest = quantile(residuals, 0.995)
    const limit = Math.max(6, 3 * spread(residuals), strongest / 5)
    // A cell next to ink holds some ink.
    const marked = residuals.map((r) => (r > limit ? 1 : 0))
    ink = boxBlur({ width, height, pixels: marked }, 1).pixels.map((share) => (share > 0 ? 1 : 0))
    const paper = ink.map((inked, i) => (inked > 0 || residuals[i] < -4 * limit ? 0 : 1))
    if (paper.reduce((sum, weight) => sum + weight, 0) < 12) break
    surface = fitQuadratic(cells, paper)
  }
  // A quadratic cannot follow the edge of a shadow: adds the mean of the residuals on the paper nearby.
  const radius = Math.max(2, Math.round(Math.max(width, height) / 10))
  const blurred = (pixels: Float32Array) => boxBlur(boxBlur({ width, height, pixels }, radius), radius).pixels
  const correction = blurred(cells.pixels.map((value, i) => (ink[i] > 0 ? 0 : value - surface[i])))
  const share = blurred(ink.map((inked) => 1 - inked))
  return surface.map((value, i) => (share[i] > 0.02 ? value + correction[i] / share[i] : value))
}

/**
 * The position of each pixel line between the centres of cells: the cells before and after it, and the share of the
 * second.
 */
const positionsAmongCells = (length: number, size: number, cells: number) =>
  Array.from({ length }, (_, i) => {
    const at = Math.min(cells - 1, Math.max(0, (i + 0.5) / size - 0.5))
    const before = Math.min(Math.floor(at), Math.max(0, cells - 2))
    return { before, after: Math.min(cells - 1, before + 1), share: at - before }
  })

/** `image` minus the surface of the cells, which is interpolated between their centres. */
const subtractSurface = (
  image: GrayImage,
  { height: rows, pixels, width: columns }: GrayImage,
  size: number,
) => {
  const { height, width } = image
  const horizontal = positionsAmongCells(width, size, columns)
  const values = new Float32Array(width * height)
  positionsAmongCells(height, size, rows).forEach((row, y) => {
    const line = Float32Array.from(
      { length: columns },
      (_, c) =>
        pixels[row.before * columns + c] * (1 - row.share) + pixels[row.after * columns + c] * row.share,
    )
    for (let x = 0; x < width; x++) {
      const { after, before, share } = horizontal[x]
      values[y * width + x] = image.pixels[y * width + x] - (line[before] * (1 - share) + line[after] * share)
    }
  })
  return values
}

/** About 20,000 of the values, which are enough to estimate the spread of all of them. */
export const sampled = (values: Float32Array) => {
  const step = Math.max(1, Math.floor(values.length / 20_000))
  return Float32Array.from({ length: Math.floor(values.length / step) }, (_, i) => values[i * step])
}

/**
 * `inside`: 0 where the image was filled in, which has neither ink nor noise. `inkIsDark`: whether the ink is darker than the
 * paper; found out if it is not given.
 */
export const separateInk = (image: GrayImage, inside?: Uint8Array, inkIsDark?: boolean): Contrast => {
  const { height, width } = image
  const { cells, size, skews } = coarse(image)
  const darkInk = inkIsDark ?? balance(cells, skews) < 0
  const [light, lightCells] = darkInk ? [negative(image), negative(cells)] : [image, cells]
  const values = subtractSurface(light, { ...cells, pixels: paperOf(lightCells) }, size)
  // Smooths grain in large images. A mark is reduced to 20 pixels in any case.
  const smoothing = Math.round(Math.max(width, height) / 300)
  const smooth = boxBlur(boxBlur({ width, height, pixels: values }, smoothing), smoothing).pixels
  if (inside === undefined) {
    return { width, height, values: smooth, noise: spread(sampled(smooth)), darkInk }
  }
  const own = smooth.filter((_, i) => inside[i] === 1)
  const shown = smooth.map((value, i) => (inside[i] === 1 ? value : 0))
  return { width, height, values: shown, noise: spread(sampled(own)), darkInk }
}
