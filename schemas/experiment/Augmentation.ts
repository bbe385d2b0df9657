/**
 * Augmentation: random changes of the images in training, drawn again each time an image is used. Images of the
 * validation and the test split never change. `stages/batch/augment.ts` has the formulas.
 */
import * as Schema from "effect/Schema"
import { OwnFunction } from "./OwnCode.ts"
import { Fraction, PositiveFinite, PositiveInt } from "./numbers.ts"
import { withDefault } from "./withDefault.ts"

const upTo = (maximum: number) =>
  withDefault(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum })), 0)

const Probability = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

/** Each number is a maximum: the value is drawn uniformly between minus and plus that number. */
export const Augmentation = Schema.Struct({
  /**
   * Share of images to rotate, scale, shear, shift and distort, 0 to 1. Default: all. A network that sees only interpolated
   * images learns that strokes are soft, and errs on sharp ones.
   */
  probability: Schema.optionalKey(Probability),
  /** How to compute a pixel between pixels: from 2×2 of them, or from 4×4, which keeps strokes sharp. Default: bilinear. */
  interpolation: Schema.optionalKey(Schema.Literals(["bilinear", "bicubic"])),
  /** Degrees, 0 to 180. Default: 0. */
  rotation: upTo(180),
  /** Relative change of width and height, separately: 0.1 means 0.9 to 1.1 times. At least 0 and below 1. Default: 0. */
  scale: withDefault(Fraction, 0),
  /** Pixels sideways for each pixel down, 0 to 10. Default: 0. */
  shear: upTo(10),
  /** Pixels, horizontally and vertically, 0 to 1000. Default: 0. */
  shift: upTo(1000),
  /** Smooth random distortion: Simard, Steinkraus and Platt (2003). Default: none. */
  elastic: Schema.optionalKey(
    Schema.Struct({
      /** Strength: the standard deviation is alpha / (2·sigma·√(3π)) pixels. The authors use 34 for images of 29×29. */
      alpha: PositiveFinite,
      /** Smoothness: the width of the blur in pixels. The authors use 4. */
      sigma: PositiveFinite,
    }),
  ),
  /** Share of images to mirror, left to right, 0 to 1. Default: none. */
  flip: Schema.optionalKey(Probability),
  /** Cut an image of the same size from the image with a black margin, at a random place. Default: none. */
  crop: Schema.optionalKey(
    Schema.Struct({
      /** Width of the margin in pixels, 1 to 1000: the image moves by as many, in whole pixels. */
      padding: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })),
    }),
  ),
  /** Relative change of all pixels: 0.2 means 0.8 to 1.2 times. At most 1. Default: 0. */
  brightness: Schema.optionalKey(Share),
  /** Relative change of the distance from the mean gray of the image. At most 1. Default: 0. */
  contrast: Schema.optionalKey(Share),
  /** Relative change of the distance of each pixel from its gray, for colour images. At most 1. Default: 0. */
  saturation: Schema.optionalKey(Share),
  /** Black squares, cutout: DeVries and Taylor (2017). Default: none. */
  erasing: Schema.optionalKey(
    Schema.Struct({
      /** Width of the square in pixels. */
      size: PositiveInt,
      /** Share of images that get a square, 0 to 1. Default: 0.5. */
      probability: withDefault(Probability, 0.5),
    }),
  ),
  /** A function of your own, applied after the others: `augment.custom({ … })`. Default: none. */
  custom: Schema.optionalKey(OwnFunction),
})
export type Augmentation = typeof Augmentation.Type
