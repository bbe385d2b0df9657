/**
 * How the images that are trained on are varied, anew each time one is drawn; those of validation and test never are.
 */
import { Schema } from "effect"
import { Fraction, PositiveFinite, PositiveInt } from "./Model.ts"
import { withDefault } from "./withDefault.ts"

const upTo = (maximum: number) =>
  withDefault(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum })), 0)

const Probability = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

/** Each number is the largest; what happens is drawn uniformly from minus to plus it. Formulas in `stages/batch/augment.ts`. */
export const Augmentation = Schema.Struct({
  /**
   * The share of images that are turned, scaled, slanted, moved and bent; absent: all. A bilinear pixel of those is the mean of
   * four: a network that sees no image as it is learns that strokes are soft, and errs on those that are sharp.
   */
  probability: Schema.optionalKey(Probability),
  /** How a pixel between pixels is computed: from 2 × 2 of them, or from 4 × 4, which keeps strokes sharp; absent: bilinear. */
  interpolation: Schema.optionalKey(Schema.Literals(["bilinear", "bicubic"])),
  /** Degrees. */
  rotation: upTo(180),
  /** Width and height, each on its own: 0.1 makes them 0.9 to 1.1 times as large. */
  scale: withDefault(Fraction, 0),
  /** Slant: pixels to the side, a pixel down. */
  shear: upTo(10),
  /** Pixels, to the side and up or down. */
  shift: upTo(1000),
  /** Bent by smooth random fields; `sigma` in pixels. 34 and 4 are the authors' for images of 29 × 29. */
  elastic: Schema.optionalKey(Schema.Struct({ alpha: PositiveFinite, sigma: PositiveFinite })),
  /** A square of `size` pixels is blackened in a share `probability` of the images. */
  erasing: Schema.optionalKey(
    Schema.Struct({
      size: PositiveInt,
      probability: withDefault(Probability, 0.5),
    }),
  ),
})
export type Augmentation = typeof Augmentation.Type
