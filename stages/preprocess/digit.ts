/**
 * A photograph or scan of a handwritten character -> what the network was trained on: (gray image, style) -> its pixels,
 * or why it shows no character.
 *
 * An image and its negative give the same pixels (but for paper on something darker), and an image of the dataset itself comes back as it was but for the
 * contrast: one that is at its scale already is only moved by whole pixels.
 */
import { Result } from "effect"
import { separateInk } from "./background.ts"
import { centreOfMass, sample } from "./fit.ts"
import { boxBlur, crop, type GrayImage } from "./GrayImage.ts"
import { type Mark, findMark } from "./mark.ts"
import { findSheets, type Sheet } from "./sheet.ts"
import { inscribedRadius, strokeWidth, thicken } from "./stroke.ts"

/** How a dataset of characters was made. */
export interface CharacterStyle {
  /** Height and width of its images. */
  readonly size: number
  /** The longer side of the character in it. */
  readonly box: number
  /** What is in the middle of the image: the centre of mass, or of the box around the character. */
  readonly centre: "mass" | "box"
}

/** Strokes of MNIST are 2.2 pixels wide in the middle, and one in ten images has thinner ones than 1.6. */
const thinnest = 1.6
const usual = 2
/** Strokes are thickened on a raster so much finer than the network's image. */
const fineness = 5
/** Of a box of 20: one image of MNIST in a thousand holds a larger disc than 5.6, none one of more than 7. */
const roundest = 0.4
/** So near to its final scale a character is not scaled: what that would blur is worth more than a twentieth of its size. */
const nearlyFits = 1

/**
 * The contrast of full ink around each pixel of a mark: a shadow takes as large a part of the ink's contrast as of the
 * light. The mean over the strokes nearby, as a share of that over all of them, of the mark's level.
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

/** 1 in a stroke, 0 on paper, between them along the strokes' soft edges. */
const inkOf = (contrast: ReturnType<typeof separateInk>, mark: Mark): GrayImage => {
  const { height, noise, values, width } = contrast
  const floor = 2 * noise
  // In an image of the dataset's own size there is no light to be uneven.
  const large = Math.max(mark.right - mark.left, mark.bottom - mark.top) > 32
  const levels = large ? levelsAround(contrast, mark) : undefined
  const pixels = values.map((value, i) =>
    mark.mask[i] === 1
      ? Math.min(1, Math.max(0, (value - floor) / ((levels?.[i] ?? mark.level) - floor)))
      : 0,
  )
  return { width, height, pixels }
}

/** The box around all pixels with at least so much ink. */
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
  /** [size, size], 0 to 255, ink light. */
  readonly pixels: Uint8Array
  readonly darkInk: boolean
}

/** Where the network's image lies on the ink's, and how many pixels of the ink one of its own is wide. */
const placementOf = (ink: GrayImage, style: CharacterStyle) => {
  const all = boxOf(ink, 0.02)
  const fits = Math.abs(all.longest - style.box) <= nearlyFits
  // Where the ink is half as strong as in a stroke is its edge.
  const box = fits ? all : boxOf(ink, 0.5)
  const scale = fits ? 1 : box.longest / style.box
  const middle =
    style.centre === "mass"
      ? centreOfMass(ink)
      : { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 }
  // The middle of MNIST's images is the centre of pixel 14 of 28; that of a box is between 13 and 14.
  const target = style.centre === "mass" ? Math.floor(style.size / 2) + 0.5 : style.size / 2
  const corner = (at: number) => (fits ? Math.round(at - target) : at - target * scale)
  return { fits, scale, x: corner(middle.x), y: corner(middle.y) }
}

/** The ink in the network's image, 0 to 1, with strokes that are too thin for the dataset made as wide as usual. */
const inkInStyle = (ink: GrayImage, style: CharacterStyle): Float32Array => {
  const { fits, scale, x, y } = placementOf(ink, style)
  const width = strokeWidth(ink) / scale
  if (fits || width >= thinnest) return sample(ink, style.size, scale, x, y)
  const fine = style.size * fineness
  const strokes = sample(ink, fine, scale / fineness, x, y)
  const pixels = thicken(strokes, fine, (fineness * (usual - width)) / 2)
  return sample({ width: fine, height: fine, pixels }, style.size, fineness, 0, 0)
}

/** The character in an image that is all paper. */
const read = (
  image: GrayImage,
  style: CharacterStyle,
): Result.Result<Character & { readonly atEdge: boolean }, string> => {
  const contrast = separateInk(image)
  const found = findMark(contrast)
  if (Result.isFailure(found)) return Result.fail(found.failure)
  const pixels = inkInStyle(inkOf(contrast, found.success), style)
  return inscribedRadius(pixels, style.size) > roundest * style.box
    ? Result.fail("the mark in it is a solid shape, not strokes")
    : Result.succeed({
        pixels: Uint8Array.from(pixels, (value) => Math.round(255 * value)),
        darkInk: contrast.darkInk,
        atEdge: isAtEdge(image, found.success),
      })
}

/** What is at the edge of a part may go on beyond it. */
const isAtEdge = ({ height, width }: GrayImage, { bottom, left, right, top }: Mark) =>
  left === 0 || top === 0 || right === width || bottom === height

const readSheet = (image: GrayImage, sheet: Sheet, style: CharacterStyle) =>
  Result.flatMap(read(crop(image, sheet), style), (character) =>
    character.atEdge ? Result.fail("it is not on the sheet alone") : Result.succeed(character),
  )

/** The largest sheet with a character on it, where the image shows one and something beside it; else the image as a whole. */
export const toCharacter = (image: GrayImage, style: CharacterStyle): Result.Result<Character, string> => {
  for (const sheet of findSheets(image)) {
    const character = readSheet(image, sheet, style)
    if (Result.isSuccess(character)) return character
  }
  return read(image, style)
}
