/**
 * Makes a photograph or scan of a handwritten character similar to the images of a dataset: (gray image, style) ->
 * pixels, or the reason why it shows no character.
 *
 * An image and its negative give the same pixels, except when paper lies on something darker. An image of the dataset itself
 * changes in contrast only: an image that has the right scale already is moved by whole pixels.
 */
import { Result } from "effect"
import { separateInk } from "./background.ts"
import type { Doubt } from "./Doubt.ts"
import { centreOfMass, sample } from "./fit.ts"
import { boxBlur, crop, type GrayImage } from "./GrayImage.ts"
import { type Mark, findMark } from "./mark.ts"
import { findSheets, type Sheet } from "./sheet.ts"
import { inscribedRadius, strokeWidth, thicken } from "./stroke.ts"

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
  { height, values, width }: ReturnType<typeof separateInk>,
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
const inkOf = (contrast: ReturnType<typeof separateInk>, mark: Mark): GrayImage => {
  const { height, noise, values, width } = contrast
  const floor = 2 * noise
  // An image as small as those of the dataset has no uneven light.
  const isLarge = Math.max(mark.right - mark.left, mark.bottom - mark.top) > 32
  const levels = isLarge ? levelsAround(contrast, mark) : undefined
  const pixels = values.map((value, i) =>
    mark.mask[i] === 1
      ? Math.min(1, Math.max(0, (value - floor) / ((levels?.[i] ?? mark.level) - floor)))
      : 0,
  )
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
const inkInStyle = (ink: GrayImage, style: CharacterStyle): Float32Array => {
  const { fits, scale, x, y } = placementOf(ink, style)
  const width = strokeWidth(ink) / scale
  if (fits || width >= minStrokeWidth) return sample(ink, style.size, scale, x, y)
  const fine = style.size * oversampling
  const strokes = sample(ink, fine, scale / oversampling, x, y)
  const pixels = thicken(strokes, fine, (oversampling * (usualStrokeWidth - width)) / 2)
  return sample({ width: fine, height: fine, pixels }, style.size, oversampling, 0, 0)
}

/** The character in an image that shows only paper. */
const read = (
  image: GrayImage,
  style: CharacterStyle,
): Result.Result<Character & { readonly atEdge: boolean }, string> => {
  const contrast = separateInk(image)
  const found = findMark(contrast)
  if (Result.isFailure(found)) return Result.fail(found.failure)
  const pixels = inkInStyle(inkOf(contrast, found.success), style)
  return inscribedRadius(pixels, style.size) > maxInscribedRadius * style.box
    ? Result.fail("a solid shape instead of strokes")
    : Result.succeed({
        pixels: Uint8Array.from(pixels, (value) => Math.round(255 * value)),
        darkInk: contrast.darkInk,
        doubts: [],
        atEdge: isAtEdge(image, found.success),
      })
}

/** A mark at the edge of a part of an image may continue outside it. */
const isAtEdge = ({ height, width }: GrayImage, { bottom, left, right, top }: Mark) =>
  left === 0 || top === 0 || right === width || bottom === height

const readSheet = (image: GrayImage, sheet: Sheet, style: CharacterStyle) =>
  Result.flatMap(read(crop(image, sheet), style), (character) =>
    character.atEdge ? Result.fail("a mark that continues beyond the sheet") : Result.succeed(character),
  )

/**
 * The character on the largest sheet that has one, if the image shows sheets on a background; else that in the whole
 * image.
 */
export const toCharacter = (image: GrayImage, style: CharacterStyle): Result.Result<Character, string> => {
  for (const sheet of findSheets(image)) {
    const character = readSheet(image, sheet, style)
    if (Result.isSuccess(character)) return character
  }
  return read(image, style)
}
