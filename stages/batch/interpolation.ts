/** Interpolation between pixels: (framed source, position) -> value. */
import type { Augmentation } from "../../schemas/experiment/Augmentation.ts"

export interface Interpolation {
  /** Black pixels that it needs before the source; after the source it needs one more. */
  readonly frame: number
  /**
   * The value `shareX` pixels to the right of and `shareY` pixels below the pixel at index `from`; both shares are in
   * [0, 1). The next pixel is at `from + across`, the next row at `from + down`.
   */
  readonly pixel: (
    framed: Float32Array,
    from: number,
    across: number,
    down: number,
    shareX: number,
    shareY: number,
  ) => number
}

/** The weighted mean of 2 × 2 pixels. */
const bilinear: Interpolation = {
  frame: 1,
  pixel: (framed, from, across, down, shareX, shareY) => {
    const above = framed[from] + shareX * (framed[from + across] - framed[from])
    const lower = from + down
    const below = framed[lower] + shareX * (framed[lower + across] - framed[lower])
    return above + shareY * (below - above)
  },
}

/**
 * Cubics through 4 × 4 pixels: Keys, Cubic convolution interpolation for digital image processing (1981), a = −1/2. They
 * overshoot next to edges, so values are clipped to black and to the brightest pixel.
 */
const bicubic = (black: number, white: number): Interpolation => ({
  frame: 2,
  pixel: (framed, from, across, down, t, u) => {
    // The weights of the columns at −1, 0, 1 and 2; below, those of the rows.
    const a = t * (t * (1 - 0.5 * t) - 0.5)
    const b = t * t * (1.5 * t - 2.5) + 1
    const c = t * (t * (2 - 1.5 * t) + 0.5)
    const d = t * t * (0.5 * t - 0.5)
    const row = (i: number) =>
      a * framed[i - across] + b * framed[i] + c * framed[i + across] + d * framed[i + 2 * across]
    const value =
      u * (u * (1 - 0.5 * u) - 0.5) * row(from - down) +
      (u * u * (1.5 * u - 2.5) + 1) * row(from) +
      u * (u * (2 - 1.5 * u) + 0.5) * row(from + down) +
      u * u * (0.5 * u - 0.5) * row(from + 2 * down)
    return Math.min(Math.max(value, black), white)
  },
})

export const interpolation = (
  name: NonNullable<Augmentation["interpolation"]>,
  black: number,
  white: number,
): Interpolation => (name === "bicubic" ? bicubic(black, white) : bilinear)
