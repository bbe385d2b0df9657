/**
 * Finds marks in a view: (view, contrast to the paper) -> position and strength of the ink of each, or the reason why there
 * is none.
 *
 * A mark is a strong connected region of ink that does not run along the edge of the image, with regions near it that
 * are large enough to be parts of broken strokes. Grain, specks, printed frames and shadows along the edges are ignored.
 * A mark has a score, which says how much it looks like the only thing that somebody wrote.
 */
import { Result } from "effect"
import type { Contrast } from "./background.ts"
import { quantile } from "./GrayImage.ts"
import { findLines } from "./lines.ts"
import { gap, isFrame, massOf, type Region, regionsOf, runsAlongEdge, side, sidesAlong } from "./regions.ts"
import type { View } from "./View.ts"

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
  /** The share of all ink of the view, frames and lines aside. */
  readonly share: number
  /** Regions it consists of, the strongest first; `weight` is the share of the mass that the others have. */
  readonly parts: { readonly count: number; readonly weight: number }
  readonly touchesEdge: boolean
  readonly mayContainFrame: boolean
  /** Strokes that are much fainter because they are much thinner, and the contrast of full ink in them. */
  readonly hairlines: { readonly mask: Uint8Array; readonly level: number } | undefined
  /** Whether lines of the paper or of a frame were taken out of the ink. */
  readonly linesRemoved: boolean
  /** 0 to 1. */
  readonly score: number
}

/** Weaker ink cannot be distinguished from paper: in gray levels, and in standard deviations of the paper. */
const minContrast = 16
const minDeviations = 4.5
/** In pixels. A mark is scaled to 20 pixels of the network's image; a smaller one than this has no recognizable form. */
const minSide = 7
/** The least share of all ink that a single mark has. */
const minShare = 0.4

/**
 * The strongest region and those that belong to it: not too small, and no further away than they are long. The bar of a 5
 * may be separate, or the pen may have skipped; a speck or a hole of the paper is not part of it. In an image as small as
 * those of the datasets, there are no holes and few pixels.
 */
const partsOf = (main: Region, regions: ReadonlyArray<Region>, hasHoles: boolean): ReadonlyArray<Region> => {
  const reach = (region: Region) => Math.min(side(main) / 4, hasHoles ? side(region) : Infinity)
  const parts = [main]
  for (let grown = true; grown;) {
    const joining = regions.filter(
      (region) =>
        !parts.includes(region) &&
        region.mass > 0.02 * main.mass &&
        parts.some((part) => gap(part, region) < reach(region)),
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

/** The box around all parts. */
const boxOf = (parts: ReadonlyArray<Region>) => {
  const box = {
    left: Math.min(...parts.map((part) => part.left)),
    top: Math.min(...parts.map((part) => part.top)),
    right: Math.max(...parts.map((part) => part.right)),
    bottom: Math.max(...parts.map((part) => part.bottom)),
  }
  return { ...box, longest: Math.max(box.right - box.left, box.bottom - box.top) }
}

/** Of the longer side of the view: smaller marks are less likely to be what the photograph is of. */
const usualSide = 0.2
/** Standard deviations of the paper: less contrast may be its grain. */
const usualDeviations = 10
/** A digit with more parts than this is probably not one. */
const usualParts = 4
const penalty = { touchesEdge: 0.6, linesRemoved: 0.95, frame: 0.7 }

interface Inked {
  readonly contrast: Contrast
  readonly view: View
  readonly threshold: number
  readonly linesRemoved: boolean
}

/** Of the threshold of strokes: hairlines have more. */
const hairlineThreshold = 0.35
/** The least and the greatest number of pixels of hairlines, as a share of the mark's. */
const hairlinePixels = [0.03, 0.6] as const

/** What a mark continues into if much fainter ink counts, too: undefined if that is little, or reaches the edge. */
const hairlinesOf = (
  parts: ReadonlyArray<Region>,
  mask: Uint8Array,
  { contrast, threshold, view }: Inked,
) => {
  const lowest = Math.max(minContrast, minDeviations * contrast.noise)
  const fainter = Math.max(lowest, hairlineThreshold * threshold)
  if (fainter > 0.8 * threshold) return undefined
  const own = new Set(parts.map((part) => part.pixels[0]))
  const regions = regionsOf(contrast, fainter, view.inside)
  const grown = regions.filter((region) => region.pixels.some((pixel) => own.has(pixel)))
  if (grown.some((region) => region.onEdge > 0)) return undefined
  const thin = grown.flatMap((region) => region.pixels.filter((pixel) => mask[pixel] === 0))
  const all = parts.reduce((sum, part) => sum + part.pixels.length, 0)
  if (thin.length < hairlinePixels[0] * all || thin.length > hairlinePixels[1] * all) return undefined
  // Where the rest of the paper has such ink, too, it is ruled, or grainy.
  const others = regions.reduce((sum, region) => sum + (grown.includes(region) ? 0 : region.pixels.length), 0)
  if (others > thin.length / 2) return undefined
  const hairlines = new Uint8Array(mask.length)
  for (const pixel of thin) hairlines[pixel] = 1
  const strengths = Float32Array.from(thin, (pixel) => contrast.values[pixel])
  return { mask: hairlines, level: quantile(strengths, 0.7), box: boxOf(grown) }
}

/** The mark whose strongest region is `main`. */
const markOf = (
  main: Region,
  usable: ReadonlyArray<Region>,
  all: ReadonlyArray<Region>,
  inked: Inked,
): Result.Result<Mark, string> => {
  const { contrast, linesRemoved, view } = inked
  const parts = partsOf(main, usable, !isSmall(contrast))
  const box = boxOf(parts)
  const { longest } = box
  if (longest < minSide) return Result.fail(`a mark of only ${longest} pixels, which is too small to read`)
  const shareOfUsable = massOf(parts) / massOf(usable)
  if (shareOfUsable < minShare) {
    const percent = Math.round(100 * shareOfUsable)
    return Result.fail(`many marks, of which the strongest has only ${percent} % of the ink`)
  }
  const ink = Float32Array.from(
    parts.flatMap((part) => part.pixels),
    (pixel) => contrast.values[pixel],
  )
  const level = quantile(ink, 0.9)
  // Around a stroke, ink below the threshold is its soft edge.
  const mask = maskOf(parts, contrast, Math.max(1, Math.round(longest / 40)))
  const hairlines = linesRemoved || isSmall(contrast) ? undefined : hairlinesOf(parts, mask, inked)
  if (hairlines !== undefined) hairlines.mask.forEach((one, pixel) => (mask[pixel] |= one))
  const share = massOf(parts) / massOf(all)
  const touchesEdge = parts.some((part) => part.onEdge > 0)
  const mayContainFrame = sidesAlong(main, contrast.width, { covered: 0.8, depth: 0.08 }) >= 3
  const size = longest / (usualSide * Math.max(view.image.width, view.image.height))
  const score =
    Math.sqrt(share * Math.min(1, size)) *
    Math.min(1, level / (usualDeviations * Math.max(contrast.noise, 1e-6))) *
    Math.min(1, usualParts / parts.length) *
    (touchesEdge ? penalty.touchesEdge : 1) *
    (linesRemoved ? penalty.linesRemoved : 1) *
    (mayContainFrame ? penalty.frame : 1)
  return Result.succeed({
    ...(hairlines?.box ?? box),
    mask,
    hairlines,
    level,
    share,
    parts: { count: parts.length, weight: 1 - main.mass / massOf(parts) },
    touchesEdge,
    mayContainFrame,
    linesRemoved,
    score,
  })
}

/** In pixels. An image as small as those of the datasets has one mark and no ruled paper. */
export const smallSide = 32
const isSmall = ({ height, width }: Contrast) => Math.max(width, height) <= smallSide

/** A mark is the strongest of all, or one of the next ones: a hole or a blot may have more ink than a fine digit. */
const maxMains = 3

const marksAmong = (inked: Inked): Result.Result<ReadonlyArray<Mark>, string> => {
  const { contrast, threshold, view } = inked
  const regions = regionsOf(contrast, threshold, view.inside)
  const framed = isSmall(contrast)
    ? regions
    : regions.filter((region) => !isFrame(region, regions, contrast.width))
  // A mark that is cropped to the edges of the image may run along them.
  const usable = view.kind === "padded" ? framed : framed.filter((region) => !runsAlongEdge(region))
  const mains = usable.toSorted((a, b) => b.mass - a.mass).slice(0, isSmall(contrast) ? 1 : maxMains)
  if (mains.length === 0) return Result.fail("only marks along its edges")
  const marks = mains.map((main) => markOf(main, usable, framed, inked))
  const found = marks.flatMap((mark) => (Result.isSuccess(mark) ? [mark.success] : []))
  const [first] = marks
  return Result.isFailure(first) && found.length === 0 ? Result.fail(first.failure) : Result.succeed(found)
}

/** A score that no other way to look at the image is likely to surpass. */
export const goodScore = 0.85

/** Of the view: lines of ruled paper run through most of it; those of a frame, through most of a region. */
const lineLength = 0.55

/** The contrast without the lines of the paper; undefined if it has none. */
const withoutLines = (contrast: Contrast, threshold: number): Contrast | undefined => {
  const { height, values, width } = contrast
  const mask = Uint8Array.from(values, (value) => (value >= threshold ? 1 : 0))
  const { horizontal, mask: lines, vertical } = findLines({ width, height, mask }, lineLength)
  if (horizontal + vertical < 2) return undefined
  return { ...contrast, values: values.map((value, i) => (lines[i] === 1 ? 0 : value)) }
}

/** The marks that a view may show, with and without lines of the paper, and with the strongest ink only. */
export const findMarks = (contrast: Contrast, view: View): Result.Result<ReadonlyArray<Mark>, string> => {
  const { noise, values } = contrast
  const lowest = Math.max(minContrast, minDeviations * noise)
  const candidates = values.filter((value) => value > lowest)
  if (candidates.length < 4) return Result.fail("nothing that stands out from the background")
  const threshold = Math.max(lowest, 0.4 * quantile(candidates, 0.9))
  const plain = marksAmong({ contrast, view, threshold, linesRemoved: false })
  if (isSmall(contrast) || (Result.isSuccess(plain) && plain.success.some(({ score }) => score >= goodScore)))
    return plain

  const others: Array<typeof plain> = []
  const strongest = quantile(candidates, 0.99)
  if (0.5 * strongest > 1.2 * threshold) {
    others.push(marksAmong({ contrast, view, threshold: 0.5 * strongest, linesRemoved: false }))
  }
  const unlined = withoutLines(contrast, threshold)
  if (unlined !== undefined) {
    others.push(marksAmong({ contrast: unlined, view, threshold, linesRemoved: true }))
  }
  const found = [plain, ...others].flatMap((marks) => (Result.isSuccess(marks) ? marks.success : []))
  return found.length === 0 ? plain : Result.succeed(found)
}
