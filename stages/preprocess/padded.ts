/**
 * Adds paper around an image whose mark is cropped to its edges: (gray image) -> view of the image inside a margin.
 *
 * Two classes of brightness are separated (Otsu, 1979). Paper is the one that has more of the corners and of the border.
 * The margin continues the brightness of the paper, a quadratic surface, outwards from the border.
 */
import { coarse } from "./cells.ts"
import { sampled, spread } from "./background.ts"
import { type GrayImage, quantile } from "./GrayImage.ts"
import { fitQuadratic } from "./quadratic.ts"
import type { View } from "./View.ts"

/** As a share of the longer side. */
const margin = 0.2

/**
 * The least share of the variance that lies between ink and paper. It is 0.75 if all levels are equally frequent, as in
 * a gradient, and 0.64 for a normal distribution.
 */
const minSeparation = 0.8

/** The level between two classes with the least variance within them; undefined if they are not distinct. */
const otsu = (values: Float32Array): number | undefined => {
  const counts = new Float64Array(256)
  for (const value of values) counts[Math.min(255, Math.max(0, Math.round(value)))]++
  const total = counts.reduce((sum, count, level) => sum + count * level, 0)
  let [best, threshold, below, sum] = [-1, 127, 0, 0]
  for (let level = 0; level < 255; level++) {
    below += counts[level]
    sum += counts[level] * level
    const above = values.length - below
    if (below === 0 || above === 0) continue
    const between = below * above * (sum / below - (total - sum) / above) ** 2
    if (between > best) [best, threshold] = [between, level + 0.5]
  }
  const mean = total / values.length
  const variance = counts.reduce((all, count, level) => all + count * (level - mean) ** 2, 0) / values.length
  return best / values.length ** 2 >= minSeparation * variance ? threshold : undefined
}

/** The share of paper among pixels at the border, in which a corner counts as much as a sixteenth of the border. */
const lightShareAtBorder = ({ height, pixels, width }: GrayImage, threshold: number) => {
  const corner = Math.max(1, (width + height) / 8)
  let [light, all] = [0, 0]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [isSide, isEnd] = [x === 0 || x === width - 1, y === 0 || y === height - 1]
      if (!isSide && !isEnd) continue
      const weight = isSide && isEnd ? corner : 1
      all += weight
      if (pixels[y * width + x] > threshold) light += weight
    }
  }
  return light / all
}

/** The brightness of the paper at each cell: a quadratic surface over the cells of the paper's class. */
const paperSurface = (cells: GrayImage, isPaper: (value: number) => boolean, own: Float32Array) => {
  const weights = cells.pixels.map((value) => (isPaper(value) ? 1 : 0))
  // Far from the paper it was fitted to, a quadratic may go anywhere.
  const [least, most] = [quantile(own, 0.02), quantile(own, 0.98)]
  return fitQuadratic(cells, weights).map((value) => Math.min(most, Math.max(least, value)))
}

/** Undefined if ink and paper are not distinct. */
export const withMargin = (image: GrayImage): View | undefined => {
  const threshold = otsu(image.pixels)
  if (threshold === undefined) return undefined
  const isLight = lightShareAtBorder(image, threshold) > 0.5
  const isPaper = (value: number) => value > threshold === isLight
  const { cells, size } = coarse(image)
  const own = image.pixels.filter(isPaper)
  const surface = paperSurface(cells, isPaper, own)
  const added = Math.max(4, Math.round(margin * Math.max(image.width, image.height)))
  const [width, height] = [image.width + 2 * added, image.height + 2 * added]
  const pixels = new Float32Array(width * height)
  const inside = new Uint8Array(width * height)
  const values = new Float32Array(width * height)
  const paperNoise = new Float32Array(own.length)
  let paperCount = 0
  for (let y = 0; y < height; y++) {
    const fromY = Math.min(image.height - 1, Math.max(0, y - added))
    for (let x = 0; x < width; x++) {
      const fromX = Math.min(image.width - 1, Math.max(0, x - added))
      const paper = surface[Math.floor(fromY / size) * cells.width + Math.floor(fromX / size)]
      const at = y * width + x
      if (fromX !== x - added || fromY !== y - added) {
        pixels[at] = paper
        continue
      }
      inside[at] = 1
      const value = image.pixels[fromY * image.width + fromX]
      pixels[at] = value
      values[at] = isLight ? paper - value : value - paper
      if (isPaper(value)) paperNoise[paperCount++] = values[at]
    }
  }
  const contrast = { width, height, values, noise: spread(sampled(paperNoise)), darkInk: isLight }
  return { image: { width, height, pixels }, inside, kind: "padded", contrast }
}
