/** What is searched for a mark: an image, or the part of it that shows paper. */
import type { Contrast } from "./background.ts"
import type { GrayImage } from "./GrayImage.ts"

export interface View {
  readonly image: GrayImage
  /** 1 where the image shows paper or ink, 0 where it was filled in: outside a sheet, or around the image. */
  readonly inside: Uint8Array | undefined
  /**
   * `image` is everything; `sheet` is a sheet of paper on something else; `padded` has paper around the image, for a
   * mark that is cropped to its edges.
   */
  readonly kind: "image" | "sheet" | "padded"
  /** The contrast to the paper, if it was found together with the view. */
  readonly contrast?: Contrast
}
