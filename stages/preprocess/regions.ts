/** Connected regions of ink: (contrast to the paper, threshold) -> regions with their mass and box. */
import type { Contrast } from "./background.ts"

export interface Region {
  readonly pixels: Array<number>
  /** Sum of the contrast. */
  mass: number
  left: number
  top: number
  right: number
  bottom: number
  /** The number of its pixels at the edge of the image. */
  onEdge: number
  /** The number of its other pixels that are almost at the edge of a sheet. */
  nearEdge: number
}

/** In pixels: what comes this close to the edge of a sheet is taken to reach it, because that edge is blurred. */
const edgeWidth = 2

const isNextToOutside = (inside: Uint8Array, pixel: number, width: number, distance: number) =>
  inside[pixel - distance] === 0 ||
  inside[pixel + distance] === 0 ||
  inside[pixel - distance * width] === 0 ||
  inside[pixel + distance * width] === 0

/** `inside`: a pixel next to one that is not inside is at the edge. */
export const regionsOf = (
  { height, values, width }: Contrast,
  threshold: number,
  inside?: Uint8Array,
): ReadonlyArray<Region> => {
  const seen = new Uint8Array(width * height)
  const regions: Array<Region> = []
  for (let start = 0; start < values.length; start++) {
    if (seen[start] === 1 || values[start] < threshold) continue
    const region: Region = {
      pixels: [start],
      mass: 0,
      left: width,
      top: height,
      right: 0,
      bottom: 0,
      onEdge: 0,
      nearEdge: 0,
    }
    seen[start] = 1
    for (let next = 0; next < region.pixels.length; next++) {
      const pixel = region.pixels[next]
      const x = pixel % width
      const y = (pixel - x) / width
      region.mass += values[pixel]
      region.left = Math.min(region.left, x)
      region.top = Math.min(region.top, y)
      region.right = Math.max(region.right, x + 1)
      region.bottom = Math.max(region.bottom, y + 1)
      if (x === 0 || y === 0 || x === width - 1 || y === height - 1) region.onEdge++
      else if (inside !== undefined && isNextToOutside(inside, pixel, width, 1)) region.onEdge++
      else if (inside !== undefined && isNextToOutside(inside, pixel, width, edgeWidth)) region.nearEdge++
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const neighbour = ny * width + nx
          if (seen[neighbour] === 1 || values[neighbour] < threshold) continue
          seen[neighbour] = 1
          region.pixels.push(neighbour)
        }
      }
    }
    regions.push(region)
  }
  return regions
}

export const side = (region: Region) => Math.max(region.right - region.left, region.bottom - region.top)

/** The edge of a sheet, a table or a shadow runs along the edge of the image; a tightly cropped digit only touches it. */
export const runsAlongEdge = (region: Region) => region.onEdge + region.nearEdge > side(region) / 3

/** The distance between the boxes of two regions, in pixels. */
export const gap = (a: Region, b: Region) =>
  Math.max(0, a.left - b.right, b.left - a.right, a.top - b.bottom, b.top - a.bottom)

export const massOf = (regions: ReadonlyArray<Region>) =>
  regions.reduce((sum, region) => sum + region.mass, 0)

/**
 * The least share of a side of the frame along which there is ink within `depth`, a share of the other side; and the
 * greatest share of its box that a frame fills, with a digit in it.
 */
const frame = { covered: 0.9, depth: 0.2, filled: 0.5 }

/** The number of sides of its box along which a region has ink; none if it fills much of its box, as a 1 does. */
export const sidesAlong = (
  { bottom, left, pixels, right, top }: Region,
  width: number,
  { covered, depth }: { readonly covered: number; readonly depth: number } = frame,
): number => {
  const [across, down] = [right - left, bottom - top]
  if (pixels.length > frame.filled * across * down) return 0
  const [above, below] = [new Uint8Array(across), new Uint8Array(across)]
  const [before, after] = [new Uint8Array(down), new Uint8Array(down)]
  for (const pixel of pixels) {
    const x = (pixel % width) - left
    const y = Math.floor(pixel / width) - top
    if (y < depth * down) above[x] = 1
    if (y >= (1 - depth) * down) below[x] = 1
    if (x < depth * across) before[y] = 1
    if (x >= (1 - depth) * across) after[y] = 1
  }
  return [above, below, before, after].filter(
    (line) => line.reduce((sum, one) => sum + one, 0) >= covered * line.length,
  ).length
}

const contains = (outer: Region, inner: Region) =>
  inner.left > outer.left && inner.top > outer.top && inner.right < outer.right && inner.bottom < outer.bottom

/** A printed frame: ink along at least three sides of its box, around something that is not much smaller. */
export const isFrame = (region: Region, regions: ReadonlyArray<Region>, width: number): boolean =>
  regions.some(
    (other) => contains(region, other) && side(other) > side(region) / 4 && other.mass > 0.02 * region.mass,
  ) && sidesAlong(region, width) >= 3
