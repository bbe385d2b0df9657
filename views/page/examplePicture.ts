/** An example of a dataset as a picture: (pixels, image shape) -> embedded PNG, or null unless it is grayscale or RGB. */
import { Effect } from "effect"
import { encodePng } from "../../stages/preprocess/png.ts"
import { picture } from "./figures.ts"
import type { Html } from "./html.ts"

/** An image that still needs its alternative text. */
export type Picture = (alternative: string) => Html

/** Approximate size of the longer side in CSS pixels: scaling by whole numbers keeps pixels square. */
const shownSize = 84

export const examplePicture = Effect.fnUntraced(function* (
  pixels: Uint8Array,
  [height, width, channels]: readonly [number, number, number],
) {
  if (channels !== 1 && channels !== 3) return null
  const png = yield* encodePng(pixels, { width, height, channels })
  const scale = Math.max(1, Math.round(shownSize / Math.max(width, height)))
  const drawn: Picture = (alternative) =>
    picture({ png, alternative, width: width * scale, height: height * scale })
  return drawn
})
