/** Pixels as a PNG file: (pixels, size) -> its bytes. Gray for one channel, RGB for three, RGBA for four. */
import { Effect } from "effect"

/** sharp takes some 30 ms to load: only where pictures are made. */
const loadSharp = Effect.promise(async () => (await import("sharp")).default)

export interface PixelSize {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3 | 4
}

/** Of one byte a channel, row by row. */
export const encodePng = Effect.fnUntraced(function* (pixels: Uint8Array, size: PixelSize) {
  const sharp = yield* loadSharp
  return yield* Effect.promise(() =>
    sharp(pixels, { raw: size })
      .toColourspace(size.channels === 1 ? "b-w" : "srgb")
      .png()
      .toBuffer(),
  )
})
