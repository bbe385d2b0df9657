/** The strokes of a mark: measures their width, thickens them, and finds the largest disc in them. Ink is 0 to 1. */
import type { GrayImage } from "./GrayImage.ts"

/** The pixel edges along a slanted line are longer than the line, by a tenth on average (measured on MNIST). */
const edgeFactor = 0.9

/** The mean width of long thin strokes in pixels: twice the area divided by the outline. */
export const strokeWidth = ({ height, pixels, width }: GrayImage): number => {
  const at = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && pixels[y * width + x] >= 0.5
  let area = 0
  let outline = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      area += pixels[y * width + x]
      if (!at(x, y)) continue
      outline += Number(!at(x - 1, y)) + Number(!at(x + 1, y)) + Number(!at(x, y - 1)) + Number(!at(x, y + 1))
    }
  }
  return outline === 0 ? 0 : (2 * area) / (edgeFactor * outline)
}

/** Makes every stroke wider by `radius` on both sides: the maximum of the ink within a disc. `pixels` is square. */
export const thicken = (pixels: Float32Array, size: number, radius: number): Float32Array => {
  const reach = Math.floor(radius)
  const disc: Array<readonly [number, number]> = []
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) if (Math.hypot(dx, dy) <= radius) disc.push([dx, dy])
  }
  return Float32Array.from(pixels, (_, i) => {
    const x = i % size
    const y = Math.floor(i / size)
    let most = 0
    for (const [dx, dy] of disc) {
      if (x + dx < 0 || x + dx >= size || y + dy < 0 || y + dy >= size) continue
      most = Math.max(most, pixels[(y + dy) * size + x + dx])
    }
    return most
  })
}

/**
 * Makes strokes that are thinner than a disc of `radius` about as wide as it, and leaves the others: what an opening by
 * the disc removes is thin.
 */
export const thickenHairlines = (pixels: Float32Array, size: number, radius: number): Float32Array => {
  const ink = pixels.map((value) => (value >= 0.3 ? 1 : 0))
  const paper = thicken(
    ink.map((value) => 1 - value),
    size,
    radius,
  )
  const thick = thicken(
    paper.map((value) => 1 - value),
    size,
    radius + 1,
  )
  const thin = ink.map((value, i) => (thick[i] === 1 ? 0 : value))
  const widened = thicken(thin, size, Math.max(1, radius - 1))
  return pixels.map((value, i) => Math.max(value, widened[i]))
}

/** The radius of the largest disc of ink in pixels: the largest distance to paper, by steps of 1 and √2 in two passes. */
export const inscribedRadius = (pixels: ArrayLike<number>, size: number): number => {
  // A frame of paper around the image gives every pixel all its neighbours.
  const side = size + 2
  const distance = new Float32Array(side * side)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      distance[(y + 1) * side + x + 1] = pixels[y * size + x] >= 0.5 ? Infinity : 0
    }
  }
  const before = [
    [-1, 1],
    [-side, 1],
    [-side - 1, Math.SQRT2],
    [1 - side, Math.SQRT2],
  ] as const
  const relax = (i: number, sign: 1 | -1) => {
    for (const [step, length] of before) {
      distance[i] = Math.min(distance[i], distance[i + sign * step] + length)
    }
  }
  for (let i = side + 1; i < distance.length - side - 1; i++) if (distance[i] > 0) relax(i, 1)
  for (let i = distance.length - side - 2; i > side; i--) if (distance[i] > 0) relax(i, -1)
  return distance.reduce((most, value) => Math.max(most, value), 0)
}
