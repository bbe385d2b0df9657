/**
 * A mark in a network's image, as MNIST's were made: (ink from 0 to 1, its box) -> [size, size] from 0 to 255.
 *
 * Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document recognition" (1998): scaled
 * with antialiasing to fit a box of 20×20, keeping its aspect, and moved so that its centre of mass is the middle of
 * 28×28. In MNIST itself that middle is pixel 14, counted from 0, of both axes (measured: the mean centre of all images
 * is 14.00, and none is further from it than half a pixel).
 */
import type { GrayImage } from "./GrayImage.ts"

export interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** The share of every source pixel of a line in each target pixel, which is `scale` source pixels wide. */
const coverage = (length: number, targets: number, scale: number, origin: number) => {
  // Below the source's own resolution a pixel is as wide as the source's: between two of them, their mixture.
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

/** `size` × `size` pixels, each `scale` source pixels wide, whose corner is at (`x`, `y`) of the source; 0 outside of it. */
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

/** In pixels from the corner; pixel i lies from i to i + 1. */
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
