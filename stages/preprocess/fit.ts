/**
 * Scales a mark to a network's image as MNIST was made: (image of ink, size, scale, position) -> [size, size].
 *
 * Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document recognition" (1998):
 * digits were scaled with antialiasing to fit a box of 20×20, with the same aspect ratio, and moved so that their
 * centre of mass is the middle of 28×28. In MNIST that middle is pixel 14 of both axes, counted from 0 (measured: the
 * mean centre of all images is 14.00, and none is more than half a pixel from it).
 */
import type { GrayImage } from "./GrayImage.ts"

export interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** The weights of the source pixels of a line in each target pixel. A target pixel is `scale` source pixels wide. */
const coverage = (length: number, targets: number, scale: number, origin: number) => {
  // When enlarging, a target pixel is computed as if it were as wide as a source pixel: a mixture of two.
  const wide = Math.max(1, scale)
  return Array.from({ length: targets }, (_, target) => {
    const centre = origin + (target + 0.5) * scale
    const from = centre - wide / 2
    const until = centre + wide / 2
    const weights: Array<readonly [source: number, weight: number]> = []
    for (let source = Math.max(0, Math.floor(from)); source < Math.min(length, Math.ceil(until)); source++) {
      const overlap = Math.min(until, source + 1) - Math.max(from, source)
      if (overlap > 1e-9) weights.push([source, overlap / wide])
    }
    return weights
  })
}

/**
 * `size` × `size` pixels, each `scale` source pixels wide, whose corner is at (`x`, `y`) in the source; 0 outside the
 * source.
 */
export const sample = (image: GrayImage, size: number, scale: number, x: number, y: number): Float32Array => {
  const { height, pixels, width } = image
  const columns = coverage(width, size, scale, x)
  const rows = coverage(height, size, scale, y)
  const out = new Float32Array(size * size)
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let sum = 0
      for (const [sy, wy] of rows[row]) {
        let line = 0
        for (const [sx, wx] of columns[column]) line += wx * pixels[sy * width + sx]
        sum += wy * line
      }
      out[row * size + column] = sum
    }
  }
  return out
}

/** In pixels from the corner. Pixel i is the interval from i to i + 1. */
export const centreOfMass = (image: GrayImage) => {
  let mass = 0
  let x = 0
  let y = 0
  image.pixels.forEach((value, i) => {
    mass += value
    x += value * ((i % image.width) + 0.5)
    y += value * (Math.floor(i / image.width) + 0.5)
  })
  return { x: x / mass, y: y / mass }
}
