/**
 * Mirrored and cropped images: (position, image) -> the same image mirrored, or moved by whole pixels with black behind it.
 *
 * A crop of the image with a margin is the image moved by -padding to +padding pixels, all equally likely.
 */
import type { Augmentation } from "../../schemas/experiment/Augmentation.ts"

/** Random words of an example: whether it is mirrored, and its place. An even number. */
export const placementWords = 4

/** A word as a whole number in [-most, most]. */
const wholeNumber = (word: number, most: number) => Math.floor(word * 2 ** -32 * (2 * most + 1)) - most

/** Undefined if the augmentation neither mirrors nor crops. Changes `image[at …]`. */
export const makePlacement = (
  { crop, flip = 0 }: Augmentation,
  [height, width, channels]: readonly [number, number, number],
  black: ReadonlyArray<number>,
  draw: (position: number) => Uint32Array,
) => {
  if (crop === undefined && flip === 0) return undefined
  const most = crop?.padding ?? 0
  const before = new Float32Array(height * width * channels)
  return (position: number, image: Float32Array, at: number): void => {
    const words = draw(position)
    const isMirrored = words[0] * 2 ** -32 < flip
    const [moveX, moveY] = [wholeNumber(words[1], most), wholeNumber(words[2], most)]
    if (!isMirrored && moveX === 0 && moveY === 0) return
    before.set(image.subarray(at, at + before.length))
    let to = at
    for (let y = 0; y < height; y++) {
      const fromY = y + moveY
      for (let x = 0; x < width; x++) {
        const fromX = (isMirrored ? width - 1 - x : x) + moveX
        const isInside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width
        const from = (fromY * width + fromX) * channels
        for (let c = 0; c < channels; c++) image[to++] = isInside ? before[from + c] : black[c]
      }
    }
  }
}
