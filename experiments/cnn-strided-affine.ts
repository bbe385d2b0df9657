/**
 * The network of `cnn-strided.ts` with affine variations of the images: one of the two improvements that its tutorial names.
 * The other one, several of the same network together, is `strided-ensemble.ts`.
 */
import { experiment } from "tidemark"
import strided from "./cnn-strided.ts"

export default experiment({
  ...strided,
  name: "cnn-strided-affine",
  augmentation: { rotation: 10, scale: 0.1, shear: 0.1, shift: 2 },
})
