/**
 * Changes of brightness, contrast and saturation: (position, pixels) -> normalized values.
 *
 * Each factor is drawn uniformly from 1 ± its maximum. In this order, each clipped to 0 to 255: pixels times the factor of
 * brightness; their distance from the mean gray of the image times that of contrast; their distance from their own gray times
 * that of saturation. Only sums, products and quotients are computed, so every machine gives the same bits.
 */
import type { Augmentation } from "../../schemas/experiment/Augmentation.ts"

/** Random words of an example: one for each factor, and one unused, for an even number. */
export const colourWords = 4

/** A word as a factor in [1 - most, 1 + most). */
const factor = (word: number, most: number) => 1 + (word * 2 ** -31 - 1) * most

const clipped = (value: number) => Math.min(Math.max(value, 0), 255)

/** Luma of ITU-R BT.601 (1982) of colour images; the mean of the channels of others. */
const grayAt = (values: Float64Array, at: number, channels: number): number => {
  if (channels === 3) return (299 * values[at] + 587 * values[at + 1] + 114 * values[at + 2]) / 1000
  let sum = 0
  for (let c = 0; c < channels; c++) sum += values[at + c]
  return sum / channels
}

/** Undefined if the augmentation changes no colours. */
export const makeRecolour = (
  { brightness = 0, contrast = 0, saturation = 0 }: Augmentation,
  [height, width, channels]: readonly [number, number, number],
  { black, white }: { readonly black: ReadonlyArray<number>; readonly white: ReadonlyArray<number> },
  draw: (position: number) => Uint32Array,
) => {
  if (brightness === 0 && contrast === 0 && saturation === 0) return undefined
  const values = new Float64Array(height * width * channels)
  /** Moves each value away from its gray, or towards it. */
  const stretch = (by: number, gray: (at: number) => number) => {
    for (let at = 0; at < values.length; at += channels) {
      const middle = gray(at)
      for (let i = at; i < at + channels; i++) values[i] = clipped(middle + (values[i] - middle) * by)
    }
  }
  const meanGray = () => {
    let sum = 0
    for (let at = 0; at < values.length; at += channels) sum += grayAt(values, at, channels)
    return sum / (height * width)
  }
  return (position: number, pixels: Uint8Array, out: Float32Array, at: number): void => {
    const words = draw(position)
    const bright = factor(words[0], brightness)
    for (let i = 0; i < values.length; i++) values[i] = clipped(pixels[i] * bright)
    if (contrast > 0) {
      const mean = meanGray()
      stretch(factor(words[1], contrast), () => mean)
    }
    if (saturation > 0) stretch(factor(words[2], saturation), (at) => grayAt(values, at, channels))
    for (let i = 0, c = 0; i < values.length; i++) {
      out[at + i] = black[c] + (values[i] * (white[c] - black[c])) / 255
      if (++c === channels) c = 0
    }
  }
}
