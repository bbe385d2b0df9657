/**
 * Makes a photograph or scan of a handwritten character similar to the images of a dataset: (gray image, style) ->
 * pixels, or the reason why it shows no character.
 *
 * An image is looked at in several ways (its sheets, all of it, with a margin, without ruled lines). Each gives marks with
 * a score, and the mark with the best score is the character. A good one ends the search.
 *
 * An image and its negative give the same pixels. An image of the dataset itself changes in contrast only: an image that has the right scale already is moved by whole pixels.
 */
import { Result } from "effect"
import { type Contrast, separateInk } from "./background.ts"
import type { Doubt } from "./Doubt.ts"
import { centreOfMass, sample } from "./fit.ts"
import { boxBlur, type GrayImage } from "./GrayImage.ts"
import { findMarks, goodScore, type Mark, smallSide } from "./mark.ts"
import { withMargin } from "./padded.ts"
import { findSheets } from "./sheet.ts"
import { inscribedRadius, strokeWidth, thicken, thickenHairlines } from "./stroke.ts"
import type { View } from "./View.ts"

/** How the images of a dataset of characters were made. */
export interface CharacterStyle {
  /** Height and width of its images. */
  readonly size: number
  /** The longer side of the character in the image. */
  readonly box: number
  /** What the middle of the image is: the character's centre of mass, or the centre of the box around it. */
  readonly centre: "mass" | "box"
}

/** In pixels. Strokes of MNIST have a median width of 2.2 pixels; in one of ten images they are thinner than 1.6. */
const minStrokeWidth = 1.6
const usualStrokeWidth = 2
/** Strokes are thickened on a grid that is this many times finer than the network's image. */
const oversampling = 5
/**
 * As a share of the box. In a box of 20, one of a thousand images of MNIST holds a disc of radius over 5.6, and none
 * one over 7.
 */
const maxInscribedRadius = 0.4
/**
 * In pixels. A character this close to its final size is not scaled, because the blur would cost more than the size
 * gains.
 */
const sizeTolerance = 1

/**
 * The contrast of full ink around each pixel of a mark. A shadow reduces the contrast of ink by the same factor as
 * the light, so it is the level of the mark, times the mean over the strokes nearby, divided by the mean over all
 * strokes.
 */
const levelsAround = (
  { height, values, width }: Contrast,
  { bottom, left, level, mask, right, top }: Mark,
): Float32Array => {
  const strong = values.map((value, i) => (mask[i] === 1 && value >= level / 3 ? 1 : 0))
  const radius = Math.ceil(Math.max(right - left, bottom - top) / 8)
  const around = (pixels: Float32Array) => boxBlur(boxBlur({ width, height, pixels }, radius), radius).pixels
  const sums = around(values.map((value, i) => value * strong[i]))
  const counts = around(strong)
  const count = strong.reduce((sum, one) => sum + one, 0)
  const mean = values.reduce((sum, value, i) => sum + value * strong[i], 0) / count
  return sums.map((sum, i) => (counts[i] > 1e-6 ? (level * sum) / (counts[i] * mean) : level))
}

/** 1 in a stroke, 0 on paper, and between 0 and 1 at the soft edges of strokes. */
const inkOf = (contrast: Contrast, mark: Mark): GrayImage => {
  const { height, noise, values, width } = contrast
  const floor = 2 * noise
  // An image as small as those of the dataset has no uneven light.
  const isLarge = Math.max(mark.right - mark.left, mark.bottom - mark.top) > 32
  const levels = isLarge ? levelsAround(contrast, mark) : undefined
  const pixels = values.map((value, i) => {
    if (mark.mask[i] === 0) return 0
    // A hairline is thinner than the smoothing of a large image, which leaves a part of its contrast.
    const level = mark.hairlines?.mask[i] === 1 ? mark.hairlines.level : (levels?.[i] ?? mark.level)
    return Math.min(1, Math.max(0, (value - floor) / (level - floor)))
  })
  return { width, height, pixels }
}

/** The box around all pixels with at least `least` ink. */
const boxOf = ({ pixels, width }: GrayImage, least: number) => {
  let left = Infinity
  let top = Infinity
  let right = 0
  let bottom = 0
  pixels.forEach((value, i) => {
    if (value < least) return
    const x = i % width
    const y = Math.floor(i / width)
    left = Math.min(left, x)
    right = Math.max(right, x + 1)
    top = Math.min(top, y)
    bottom = Math.max(bottom, y + 1)
  })
  return { left, top, right, bottom, longest: Math.max(right - left, bottom - top) }
}

export interface Character {
  /** [size, size], 0 to 255; ink is light. */
  readonly pixels: Uint8Array
  readonly darkInk: boolean
  readonly doubts: ReadonlyArray<Doubt>
}

/**
 * The position of the network's image in the ink's image, and `scale`: the width of one of its pixels in pixels of
 * the ink.
 */
const placementOf = (ink: GrayImage, style: CharacterStyle) => {
  const all = boxOf(ink, 0.02)
  const fits = Math.abs(all.longest - style.box) <= sizeTolerance
  // The edge of a stroke is where the ink is half as strong as inside it.
  const box = fits ? all : boxOf(ink, 0.5)
  const scale = fits ? 1 : box.longest / style.box
  const middle =
    style.centre === "mass"
      ? centreOfMass(ink)
      : { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 }
  // The middle of an image of MNIST is the centre of pixel 14 of 28; the middle of a box is between pixels 13 and 14.
  const target = style.centre === "mass" ? Math.floor(style.size / 2) + 0.5 : style.size / 2
  const corner = (at: number) => (fits ? Math.round(at - target) : at - target * scale)
  return { fits, scale, x: corner(middle.x), y: corner(middle.y) }
}

/** The ink in the network's image, 0 to 1. Strokes that are too thin for the dataset are thickened to its usual width. */
const inkInStyle = (ink: GrayImage, style: CharacterStyle, hasHairlines: boolean): Float32Array => {
  const { fits, scale, x, y } = placementOf(ink, style)
  const width = strokeWidth(ink) / scale
  const fine = style.size * oversampling
  if (fits) return sample(ink, style.size, scale, x, y)
  if (width >= minStrokeWidth && !hasHairlines) return sample(ink, style.size, scale, x, y)
  const strokes = sample(ink, fine, scale / oversampling, x, y)
  if (hasHairlines) {
    const pixels = thickenHairlines(strokes, fine, (oversampling * minStrokeWidth) / 2)
    return sample({ width: fine, height: fine, pixels }, style.size, oversampling, 0, 0)
  }
  const pixels = thicken(strokes, fine, (oversampling * (usualStrokeWidth - width)) / 2)
  return sample({ width: fine, height: fine, pixels }, style.size, oversampling, 0, 0)
}

/** A character in a view, with the score of its mark. */
interface Candidate extends Character {
  readonly score: number
  /** The contrast of its ink, in gray levels. */
  readonly level: number
}

/** A mark with less of all ink is not the only one; parts with more of the mark than this are not just specks. */
const usualShare = 0.75
const usualWeight = 0.1

const doubtsOf = ({
  linesRemoved,
  mayContainFrame,
  parts,
  share,
  touchesEdge,
}: Mark): ReadonlyArray<Doubt> => [
  ...(touchesEdge ? (["touchesBorder"] as const) : []),
  ...(share < usualShare ? (["otherMarks"] as const) : []),
  ...(parts.count > 2 && parts.weight > usualWeight ? (["severalParts"] as const) : []),
  ...(linesRemoved ? (["linesRemoved"] as const) : []),
  ...(mayContainFrame ? (["frameLeft"] as const) : []),
]
const solidShape = "a solid shape instead of strokes"

/** The characters in a view, given its contrast. */
const readInk = (
  contrast: Contrast,
  view: View,
  style: CharacterStyle,
): Result.Result<ReadonlyArray<Candidate>, string> =>
  Result.flatMap(findMarks(contrast, view), (marks) => {
    const found = marks.flatMap((mark): ReadonlyArray<Candidate> => {
      const pixels = inkInStyle(inkOf(contrast, mark), style, mark.hairlines !== undefined)
      if (inscribedRadius(pixels, style.size) > maxInscribedRadius * style.box) return []
      return [
        {
          pixels: Uint8Array.from(pixels, (value) => Math.round(255 * value)),
          darkInk: contrast.darkInk,
          doubts: doubtsOf(mark),
          score: mark.score,
          level: mark.level,
        },
      ]
    })
    return found.length === 0 ? Result.fail(solidShape) : Result.succeed(found)
  })

/**
 * The characters in a view. If none of them is good and it is not a small image, the ink is also looked for on the other
 * side of the paper's brightness: dark squares on white paper look like light marks. The stronger ink is the likelier
 * one, because paper next to ink looks a little lighter than the rest.
 */
const read = (view: View, style: CharacterStyle): Result.Result<ReadonlyArray<Candidate>, string> => {
  const contrast = view.contrast ?? separateInk(view.image, view.inside)
  const found = readInk(contrast, view, style)
  const isEnough = Result.isFailure(found)
    ? found.failure === solidShape
    : found.success.some(({ score }) => score >= goodScore)
  if (isEnough || view.contrast !== undefined || !isLarge(view.image)) return found
  const other = readInk(separateInk(view.image, view.inside, !contrast.darkInk), view, style)
  if (Result.isFailure(other)) return found
  const both = [...(Result.isSuccess(found) ? found.success : []), ...other.success]
  const strongest = both.reduce((most, { level }) => Math.max(most, level), 0)
  return Result.succeed(
    both.map((candidate) => ({ ...candidate, score: (candidate.score * candidate.level) / strongest })),
  )
}

const isLarge = ({ height, width }: GrayImage) => Math.max(width, height) > smallSide

/**
 * The ways to look at an image, the most likely first: each sheet that it shows, all of it, and all of it as if it had a
 * margin.
 */
const viewsOf = function* (image: GrayImage): Generator<View> {
  if (isLarge(image)) yield* findSheets(image)
  yield { image, inside: undefined, kind: "image" }
  const padded = isLarge(image) ? withMargin(image) : undefined
  if (padded !== undefined) yield padded
}

/** The character with the best score in any view. */
export const toCharacter = (image: GrayImage, style: CharacterStyle): Result.Result<Character, string> => {
  let best: Candidate | undefined
  let failure: string | undefined
  for (const view of viewsOf(image)) {
    const found = read(view, style)
    if (Result.isSuccess(found)) {
      for (const candidate of found.success) {
        if (best === undefined || candidate.score > best.score) best = candidate
      }
    } else if (view.kind === "image") failure = found.failure
    if (best !== undefined && best.score >= goodScore) break
  }
  return best === undefined ? Result.fail(failure ?? "no mark") : Result.succeed(best)
}
