/**
 * Finds the mark in an image: (contrast to the paper) -> position and strength of the ink, or the reason why there is
 * no mark.
 *
 * The mark is the strongest connected region of ink that does not run along the edge of the image, with regions near it that
 * are large enough to be parts of broken strokes. Grain, specks and shadows along the edges are ignored.
 */
import { Result } from "effect"
import type { Contrast } from "./background.ts"
import { quantile } from "./GrayImage.ts"

export interface Mark {
  /** 1 for pixels of the mark and pixels next to it. */
  readonly mask: Uint8Array
  /** The contrast of full ink, in gray levels. */
  readonly level: number
  /** The box around the mark: [left, right) and [top, bottom). */
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

interface Region {
  readonly pixels: Array<number>
  /** Sum of the contrast. */
  mass: number
  left: number
  top: number
  right: number
  bottom: number
  /** The number of its pixels at the edge of the image. */
  onEdge: number
}

/** Weaker ink cannot be distinguished from paper: in gray levels, and in standard deviations of the paper. */
const minContrast = 16
const minDeviations = 4.5
/** In pixels. A mark is scaled to 20 pixels of the network's image; a smaller one than this has no recognizable form. */
const minSide = 7
/** The least share of all ink that a single mark has. */
const minShare = 0.4

const regionsOf = ({ height, values, width }: Contrast, threshold: number): ReadonlyArray<Region> => {
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

const side = (region: Region) => Math.max(region.right - region.left, region.bottom - region.top)

/** The edge of a sheet, a table or a shadow runs along the edge of the image; a tightly cropped digit only touches it. */
const runsAlongEdge = (region: Region) => region.onEdge > side(region) / 3

/** The distance between the boxes of two regions, in pixels. */
const gap = (a: Region, b: Region) =>
  Math.max(0, a.left - b.right, b.left - a.right, a.top - b.bottom, b.top - a.bottom)

/**
 * The strongest region and those that belong to it: near and not too small. The bar of a 5 may be separate, or the pen may
 * have skipped.
 */
const partsOf = (main: Region, regions: ReadonlyArray<Region>): ReadonlyArray<Region> => {
  const parts = [main]
  for (let grown = true; grown;) {
    const joining = regions.filter(
      (region) =>
        !parts.includes(region) &&
        region.mass > 0.02 * main.mass &&
        parts.some((part) => gap(part, region) < side(main) / 4),
    )
    parts.push(...joining)
    grown = joining.length > 0
  }
  return parts
}

/** 1 in the regions and up to `edge` pixels around them, else 0. */
const maskOf = (parts: ReadonlyArray<Region>, { height, width }: Contrast, edge: number) => {
  const mask = new Uint8Array(width * height)
  for (const part of parts) {
    for (const pixel of part.pixels) {
      const x = pixel % width
      const y = (pixel - x) / width
      for (let ny = Math.max(0, y - edge); ny <= Math.min(height - 1, y + edge); ny++) {
        mask.fill(1, ny * width + Math.max(0, x - edge), ny * width + Math.min(width, x + edge + 1))
      }
    }
  }
  return mask
}

const massOf = (regions: ReadonlyArray<Region>) => regions.reduce((sum, region) => sum + region.mass, 0)

export const findMark = (contrast: Contrast): Result.Result<Mark, string> => {
  const { noise, values } = contrast
  const lowest = Math.max(minContrast, minDeviations * noise)
  const candidates = values.filter((value) => value > lowest)
  if (candidates.length < 4) return Result.fail("nothing that stands out from the background")
  const threshold = Math.max(lowest, 0.4 * quantile(candidates, 0.9))
  const regions = regionsOf(contrast, threshold).filter((region) => !runsAlongEdge(region))
  const main = regions.reduce<Region | undefined>(
    (best, region) => (best === undefined || region.mass > best.mass ? region : best),
    undefined,
  )
  if (main === undefined) return Result.fail("only marks along its edges")

  const parts = partsOf(main, regions)
  const left = Math.min(...parts.map((part) => part.left))
  const top = Math.min(...parts.map((part) => part.top))
  const right = Math.max(...parts.map((part) => part.right))
  const bottom = Math.max(...parts.map((part) => part.bottom))
  const longest = Math.max(right - left, bottom - top)
  if (longest < minSide) {
    return Result.fail(`a mark of only ${longest} pixels, which is too small to read`)
  }
  const share = massOf(parts) / massOf(regions)
  if (share < minShare) {
    return Result.fail(`many marks, of which the strongest has only ${Math.round(100 * share)} % of the ink`)
  }
  const ink = Float32Array.from(
    parts.flatMap((part) => part.pixels),
    (pixel) => values[pixel],
  )
  // Around a stroke, ink below the threshold is its soft edge.
  const mask = maskOf(parts, contrast, Math.max(1, Math.round(longest / 40)))
  return Result.succeed({ mask, level: quantile(ink, 0.9), left, top, right, bottom })
}
