/** Encodes a PNG file: (pixels, size) -> bytes. Gray for one channel, RGB for three, RGBA for four. */
import { Effect } from "effect"

/** Loading sharp takes about 30 ms, so it is loaded only when an image is encoded. */
const loadSharp = Effect.promise(async () => (await import("sharp")).default)

export interface PixelSize {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3 | 4
}

/** `pixels`: row by row, one byte for each channel. */
export const encodePng = Effect.fnUntraced(function* (pixels: Uint8Array, size: PixelSize) {
  const sharp = yield* loadSharp
  return yield* Effect.promise(() =>
    sharp(pixels, { raw: size })
      .toColourspace(size.channels === 1 ? "b-w" : "srgb")
      .png()
      .toBuffer(),
  )
})
