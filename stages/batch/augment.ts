/**
 * Augmentation: (position, pixels) -> the example, perhaps recoloured, mirrored, cropped, rotated, scaled, sheared, shifted,
 * distorted and partly erased, in this order.
 *
 * What is drawn for the example at position p of the endless row of epochs is a pure function of (seed, p): any iteration
 * is reached in O(1), whatever the batch size. An output pixel is interpolated between source pixels; outside the image is
 * black. Once the tables are made, an output is computed from sums, products and quotients only: sines, cosines and
 * exponentials, whose last bit may differ between versions of V8, are rounded to float32 first.
 */
import type { Augmentation } from "../../schemas/experiment/Augmentation.ts"
import { normalize } from "../dataset/normalize.ts"
import { colourWords, makeRecolour } from "./colour.ts"
import { type Interpolation, interpolation } from "./interpolation.ts"
import { makePlacement, placementWords } from "./placement.ts"
import { type RandomKey, randomKey, randomWords } from "../random.ts"

/** [height, width, channels] */
type ImageShape = readonly [number, number, number]

/** Maps an output pixel to the source, both from the middle of the image: (xx·x + xy·y + x0, yx·x + yy·y + y0). */
export interface Affine {
  readonly xx: number
  readonly xy: number
  readonly yx: number
  readonly yy: number
  readonly x0: number
  readonly y0: number
}

/** A displacement of each source position, in pixels: [height, width] each. */
export interface Field {
  readonly x: Float32Array
  readonly y: Float32Array
}

/** A word as a number in [-limit, limit). */
const symmetric = (word: number, limit: number) => (word * 2 ** -31 - 1) * limit

/** Random words of an example: whether it is warped, its affine transform, its erasing. Even numbers. */
const warpingWords = 2
const affineWords = 6
const erasingWords = 4

/**
 * Rotates the image by ±`rotation` degrees, scales width and height by 1 ± `scale` each, shears by ±`shear` and shifts by
 * ±`shift` pixels, all uniformly. The result maps output to source, so it is the inverse: rotate, shear, divide.
 */
export const drawAffine = (
  { rotation, scale, shear, shift }: Augmentation,
  words: ArrayLike<number>,
): Affine => {
  const angle = (symmetric(words[0], rotation) * Math.PI) / 180
  const cos = Math.fround(Math.cos(angle))
  const sin = Math.fround(Math.sin(angle))
  const across = 1 / (1 + symmetric(words[1], scale))
  const down = 1 / (1 + symmetric(words[2], scale))
  const slant = symmetric(words[3], shear)
  return {
    xx: cos * across,
    xy: (cos * slant - sin) * down,
    yx: sin * across,
    yy: (sin * slant + cos) * down,
    x0: symmetric(words[4], shift),
    y0: symmetric(words[5], shift),
  }
}

/**
 * The cosine waves along an axis of `size` pixels that a blur of `sigma` pixels keeps, times the share that it keeps:
 * [size, count].
 */
const blurredWaves = (size: number, sigma: number) => {
  // Less than a hundredth is kept of the others, which is a ten-thousandth of the variance.
  const count = Math.min(size, Math.ceil((size * Math.sqrt(2 * Math.log(100))) / (Math.PI * sigma)))
  const waves = Float32Array.from({ length: size * count }, (_, i) => {
    const k = i % count
    const kept = Math.exp(((sigma * Math.PI * k) / size) ** 2 / -2)
    return (
      kept * Math.sqrt((k === 0 ? 1 : 2) / size) * Math.cos((Math.PI * k * ((i - k) / count + 0.5)) / size)
    )
  })
  return { count, waves }
}

/**
 * Elastic distortion: Simard, Steinkraus and Platt, Best practices for convolutional neural networks (2003). White noise of
 * variance 1/3 (theirs is uniform in ±1), blurred by a Gaussian of `sigma` pixels, times `alpha`: its standard deviation is
 * alpha / (2·sigma·√(3π)) pixels.
 *
 * Drawn in the cosine transform, where the blur (with mirrored edges) is a product and white noise stays white. Of 28 × 28
 * waves a blur of 4 pixels keeps 7 × 7, so a field costs 49 draws and 7,000 products instead of 784 draws and 40,000. A
 * draw is the sum of four uniform numbers in ±1/2: variance 1/3, and nearly normal.
 */
export const elasticFields = (
  { alpha, sigma }: NonNullable<Augmentation["elastic"]>,
  [height, width]: ImageShape,
) => {
  const { count: columns, waves: across } = blurredWaves(width, sigma)
  const { count: rows, waves: down } = blurredWaves(height, sigma)
  /** Random words of both fields, two for each wave. */
  const words = 4 * columns * rows
  const heights = new Float64Array(columns * rows)
  const row = new Float64Array(columns)
  const fill = (halves: Uint16Array, from: number, out: Float32Array) => {
    for (let wave = 0, i = from; wave < heights.length; wave++, i += 4) {
      const sum = halves[i] + halves[i + 1] + halves[i + 2] + halves[i + 3]
      heights[wave] = (sum - 131_070) * (alpha / 65_536)
    }
    for (let y = 0; y < height; y++) {
      // The amplitude of each horizontal wave in this row: the sum of the vertical waves.
      for (let k = 0; k < columns; k++) {
        let sum = 0
        for (let l = 0; l < rows; l++) sum += heights[k * rows + l] * down[y * rows + l]
        row[k] = sum
      }
      // Waves 0, 2, … are symmetric about the middle and waves 1, 3, … antisymmetric: two sums give two pixels.
      for (let x = 0, mirror = width - 1; x <= mirror; x++, mirror--) {
        let even = 0
        let odd = 0
        for (let k = 0, i = x * columns; k < columns; k += 2) even += row[k] * across[i + k]
        for (let k = 1, i = x * columns; k < columns; k += 2) odd += row[k] * across[i + k]
        out[y * width + x] = even + odd
        out[y * width + mirror] = even - odd
      }
    }
  }
  return {
    words,
    fill: (drawn: Uint32Array, field: Field) => {
      const halves = new Uint16Array(drawn.buffer, drawn.byteOffset, 2 * drawn.length)
      fill(halves, 0, field.x)
      fill(halves, words, field.y)
    },
  }
}

/**
 * Computes every output pixel from the source. `framed`: the source with `frame` black pixels before and `frame` + 1
 * after it, [height + 2·frame + 1, width + 2·frame + 1, channels]. What lies outside the frame is black as well.
 * `interpolated`: of each channel, or of all.
 */
export const makeWarp = (
  interpolated: Interpolation | ReadonlyArray<Interpolation>,
  [height, width, channels]: ImageShape,
) => {
  const each = "frame" in interpolated ? Array.from({ length: channels }, () => interpolated) : interpolated
  const { frame } = each[0]
  const pixelOf = each.map(({ pixel }) => pixel)
  return (
    framed: Float32Array,
    { x0, xx, xy, y0, yx, yy }: Affine,
    displacement: Field,
    out: Float32Array,
    at: number,
  ): void => {
    const middleX = (width - 1) / 2
    const middleY = (height - 1) / 2
    const stride = (width + 2 * frame + 1) * channels
    let to = at
    for (let i = 0, y = 0; y < height; y++) {
      const rowX = xy * (y - middleY) - xx * middleX + x0 + middleX + frame
      const rowY = yy * (y - middleY) - yx * middleX + y0 + middleY + frame
      for (let x = 0; x < width; x++, i++) {
        // One pixel outside the image everything is black.
        const fromX = Math.min(Math.max(rowX + xx * x + displacement.x[i], frame - 1), width + frame)
        const fromY = Math.min(Math.max(rowY + yx * x + displacement.y[i], frame - 1), height + frame)
        const left = fromX | 0
        const top = fromY | 0
        const from = top * stride + left * channels
        for (let c = 0; c < channels; c++) {
          out[to++] = pixelOf[c](framed, from + c, channels, stride, fromX - left, fromY - top)
        }
      }
    }
  }
}

/**
 * Makes a square black: DeVries and Taylor, Cutout (2017). Its middle is any pixel, so part of it may be outside the
 * image.
 */
const erase = (
  { probability, size }: NonNullable<Augmentation["erasing"]>,
  [height, width, channels]: ImageShape,
  words: ArrayLike<number>,
  black: ArrayLike<number>,
  out: Float32Array,
  at: number,
) => {
  if (words[0] * 2 ** -32 >= probability) return
  const left = Math.floor(words[1] * 2 ** -32 * width) - (size >> 1)
  const top = Math.floor(words[2] * 2 ** -32 * height) - (size >> 1)
  const [from, until] = [Math.max(0, left), Math.min(width, left + size)]
  for (let y = Math.max(0, top); y < Math.min(height, top + size); y++) {
    fillWith(black, out, at + (y * width + from) * channels, at + (y * width + until) * channels)
  }
}

/** Fills whole pixels with the values of their channels. */
const fillWith = (values: ArrayLike<number>, out: Float32Array, from: number, until: number) => {
  for (let i = from, channel = 0; i < until; i++) {
    out[i] = values[channel++]
    if (channel === values.length) channel = 0
  }
}

/** Writes the example at `position` of the row of epochs to `out[at …]`. `pixels`: one image as the dataset stores it. */
export type Augment = (position: number, pixels: Uint8Array, out: Float32Array, at: number) => void

/** Random words of an example for a purpose: a pure function of seed, purpose and position. */
const makeDraws = (seed: number) => (purpose: string, count: number) => {
  const key: RandomKey = randomKey(seed, `augmentation/${purpose}`)
  const words = new Uint32Array(count)
  return (position: number): Uint32Array => {
    randomWords(key, position * count, words)
    return words
  }
}

/** Rotates, scales, shears, shifts and distorts. `source`: the normalized image. */
const makeWarping = (
  augmentation: Augmentation,
  shape: ImageShape,
  { black, white }: Range,
  draws: ReturnType<typeof makeDraws>,
) => {
  const [height, width, channels] = shape
  const { elastic, interpolation: method = "bilinear", probability = 1 } = augmentation
  const interpolated = Array.from({ length: channels }, (_, c) => interpolation(method, black[c], white[c]))
  const { frame } = interpolated[0]
  const [rows, stride] = [height + 2 * frame + 1, (width + 2 * frame + 1) * channels]
  const framed = new Float32Array(rows * stride)
  fillWith(black, framed, 0, framed.length)
  const warp = makeWarp(interpolated, shape)
  const field: Field = { x: new Float32Array(height * width), y: new Float32Array(height * width) }
  const fields = elastic === undefined ? undefined : elasticFields(elastic, shape)
  const warping = draws("whether", warpingWords)
  const affine = draws("affine", affineWords)
  const distortion = draws("elastic", fields?.words ?? 0)
  const row = width * channels
  return {
    isWarped: (position: number) => probability === 1 || warping(position)[0] * 2 ** -32 < probability,
    warp: (position: number, source: Float32Array, out: Float32Array, at: number) => {
      for (let y = 0; y < height; y++) {
        framed.set(source.subarray(y * row, (y + 1) * row), (y + frame) * stride + frame * channels)
      }
      fields?.fill(distortion(position), field)
      warp(framed, drawAffine(augmentation, affine(position)), field, out, at)
    },
  }
}

/** The values of black and white of each channel. */
interface Range {
  readonly black: ReadonlyArray<number>
  readonly white: ReadonlyArray<number>
}

export const makeAugment = (
  augmentation: Augmentation,
  shape: ImageShape,
  /** The normalized value of each pixel value, perhaps by channel. */
  table: Float32Array,
  seed: number,
): Augment => {
  const [height, width, channels] = shape
  const valueOf = (pixel: number) =>
    Array.from({ length: channels }, (_, c) => table[(table.length === 256 ? 0 : 256 * c) + pixel])
  const range: Range = { black: valueOf(0), white: valueOf(255) }
  const draws = makeDraws(seed)
  const { erasing } = augmentation
  const { isWarped, warp } = makeWarping(augmentation, shape, range, draws)
  const recolour = makeRecolour(augmentation, shape, range, draws("colour", colourWords))
  const place = makePlacement(augmentation, shape, range.black, draws("placement", placementWords))
  const erasure = draws("erasing", erasingWords)
  const source = new Float32Array(height * width * channels)
  return (position, pixels, out, at) => {
    const warped = isWarped(position)
    const [to, from] = warped ? [source, 0] : [out, at]
    if (recolour === undefined) normalize(table, pixels, to, from)
    else recolour(position, pixels, to, from)
    place?.(position, to, from)
    if (warped) warp(position, source, out, at)
    if (erasing !== undefined) erase(erasing, shape, erasure(position), range.black, out, at)
  }
}
