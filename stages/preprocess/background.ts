/**
 * Ink apart from paper: (gray image) -> how much lighter than the paper each pixel is, with dark ink made light.
 *
 * The paper's brightness is a smooth surface, because a photograph has shadows and falls off to its corners: a quadratic
 * fitted to the border, where a mark rarely is, then to everything that is not ink, then corrected locally. Which of the
 * two is ink is decided by the side of that surface on which the pixels that differ from it lie; from there on an image
 * and its negative are the same numbers.
 */
import { coarse } from "./cells.ts"
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

/** The standard deviation of a normal distribution over its median absolute deviation. */
const sigmaOverMad = 1.4826

const spread = (residuals: Float32Array) => sigmaOverMad * quantile(residuals.map(Math.abs), 0.5)

/** Weights 1 on a frame of a ninth of the shorter side, else 0. */
const frame = ({ height, width }: GrayImage) => {
  const depth = Math.max(1, Math.round(Math.min(width, height) / 9))
  return Float32Array.from({ length: width * height }, (_, i) => {
    const x = i % width
    const y = Math.floor(i / width)
    return x < depth || y < depth || x >= width - depth || y >= height - depth ? 1 : 0
  })
}

/**
 * A quadratic with the least sum of absolute differences from the weighted cells, which a minority that is something else
 * (a mark, the table beside the sheet) cannot bend: least squares, each cell over its last difference, some rounds of it.
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

/** Positive where more of what differs from the paper is lighter than it. */
const balance = (cells: GrayImage, skews: Float32Array) => {
  const weights = frame(cells)
  const surface = robustSurface(cells, weights)
  const residuals = cells.pixels.map((value, i) => value - surface[i])
  const limit = 3 * Math.max(1, spread(residuals.filter((_, i) => weights[i] > 0)), spread(skews))
  return residuals
    .map((residual, i) => residual + skews[i])
    .reduce((sum, r) => sum + Math.sign(r) * Math.max(0, Math.abs(r) - limit) ** 2, 0)
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
  const blurred = (pixels: Float32Array) => boxBlur(boxBlur({ width, height, pixels }, radius), radius).pixels
  const rest = blurred(cells.pixels.map((value, i) => (ink[i] > 0 ? 0 : value - surface[i])))
  const share = blurred(ink.map((inked) => 1 - inked))
  return surface.map((value, i) => (share[i] > 0.02 ? value + rest[i] / share[i] : value))
}

/** A line's position among the cells' centres: the cell before it and how far on to the next. */
const between = (length: number, size: number, cells: number) =>
  Array.from({ length }, (_, i) => {
    const at = Math.min(cells - 1, Math.max(0, (i + 0.5) / size - 0.5))
    const before = Math.min(Math.floor(at), Math.max(0, cells - 2))
    return { before, after: Math.min(cells - 1, before + 1), share: at - before }
  })

/** `image` less the cells' surface, interpolated between their centres. */
const above = (image: GrayImage, { height: rows, pixels, width: columns }: GrayImage, size: number) => {
  const { height, width } = image
  const horizontal = between(width, size, columns)
  const values = new Float32Array(width * height)
  between(height, size, rows).forEach((row, y) => {
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

/** So many values tell the spread of all of them. */
const sampled = (values: Float32Array) => {
  const step = Math.max(1, Math.floor(values.length / 20_000))
  return Float32Array.from({ length: Math.floor(values.length / step) }, (_, i) => values[i * step])
}

export const separateInk = (image: GrayImage): Contrast => {
  const { height, width } = image
  const { cells, size, skews } = coarse(image)
  const darkInk = balance(cells, skews) < 0
  const [light, lightCells] = darkInk ? [negative(image), negative(cells)] : [image, cells]
  const values = above(light, { ...cells, pixels: paperOf(lightCells) }, size)
  // Grain is smoothed away where there are pixels to spare: a mark is looked at in 20 pixels.
  const smoothing = Math.round(Math.max(width, height) / 300)
  const smooth = boxBlur(boxBlur({ width, height, pixels: values }, smoothing), smoothing).pixels
  return { width, height, values: smooth, noise: spread(sampled(smooth)), darkInk }
}
