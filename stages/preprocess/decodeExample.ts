/**
 * Decodes an image of a dataset: (bytes of a PNG, JPEG or WebP, shape, options) -> its pixels in that shape, and what may be
 * a mistake in the file.
 *
 * Training and prediction use this one function. The image is turned upright (EXIF 1 to 8), its colour profile or CMYK is
 * converted to sRGB, 16 bits become 8, transparency shows the background. An image that has the shape already keeps its
 * bytes. Gray is the luma of ITU-R BT.601 in integers, as Pillow computes it: exact for gray pixels.
 */
import { Effect, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import type { ImageOptions } from "../../schemas/experiment/PackedDataset.ts"
import { openImage } from "./decode.ts"

/** The image has another size, and the experiment does not say how to change it. */
export class ImageSizeDiffers extends Failure<ImageSizeDiffers>()("ImageSizeDiffers", {
  exitCode: "dataError",
  fields: { image: Schema.String, found: Schema.String, expected: Schema.String },
  message: ({ expected, found, image }) =>
    `${image} has another size: found ${found} pixels, expected ${expected}; choose fit: "cover", "pad" or "stretch" in the dataset`,
}) {}

const fits = { cover: "cover", pad: "contain", stretch: "fill" } as const

const luma = (red: number, green: number, blue: number) =>
  (19_595 * red + 38_470 * green + 7471 * blue + 0x8000) >> 16

/** Writes [height, width, 3] pixels as [height, width, channels] into `to`. */
const writePixels = (rgb: Uint8Array, to: Uint8Array, channels: number) => {
  if (channels === 3) to.set(rgb)
  else for (let i = 0; i < to.length; i++) to[i] = luma(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2])
}

type Metadata = Effect.Success<ReturnType<typeof openImage>>["metadata"]

const traitsOf = (metadata: Metadata, isResized: boolean): ReadonlyArray<string> => [
  ...(isResized ? ["resized"] : []),
  ...((metadata.orientation ?? 1) > 1 ? ["turned by EXIF"] : []),
  ...(metadata.hasAlpha ? ["with transparency"] : []),
  ...(metadata.isPalette ? ["with a palette"] : []),
  ...(metadata.depth === "ushort" ? ["of 16 bits"] : []),
  ...(metadata.space === "cmyk" ? ["in CMYK"] : []),
  ...(metadata.hasProfile ? ["with a colour profile"] : []),
  ...((metadata.pages ?? 1) > 1 ? ["animated, first frame used"] : []),
]

/** Writes the pixels into `to`, which has one byte for each value of the shape. `image`: its name in messages. */
export const decodeExample = Effect.fnUntraced(function* (
  bytes: Uint8Array,
  image: string,
  [height, width, channels]: readonly [height: number, width: number, channels: number],
  { background, fit }: ImageOptions,
  to: Uint8Array,
) {
  // The images of a dataset may be long themselves: a series of measurements, for example.
  const ratio = Math.max(width, height) / Math.min(width, height)
  const { damaged, format, metadata, picture } = yield* openImage(bytes, image, 100 * ratio)
  const upright = metadata.autoOrient
  const isResized = upright.width !== width || upright.height !== height
  if (isResized && fit === undefined) {
    return yield* new ImageSizeDiffers({
      image,
      found: `${upright.width} × ${upright.height}`,
      expected: `${width} × ${height}`,
    })
  }
  const [r, g, b] = background
  const ground = { r, g, b }
  const { data, info } = yield* Effect.tryPromise({
    try: () => {
      const opaque = metadata.hasAlpha ? picture.flatten({ background: ground }) : picture
      const sized = isResized
        ? opaque.resize({ width, height, fit: fits[fit ?? "pad"], background: ground })
        : opaque
      return sized
        .toColourspace("srgb")
        .removeAlpha()
        .raw({ depth: "uchar" })
        .toBuffer({ resolveWithObject: true })
    },
    catch: damaged,
  })
  if (info.channels !== 3) return yield* damaged(new Error(`${info.channels} channels after decoding`))
  writePixels(data, to, channels)
  return { format, traits: traitsOf(metadata, isResized) }
})
