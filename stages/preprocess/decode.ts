/**
 * The bytes of a PNG, JPEG or WebP -> its pixels, upright and without transparency.
 *
 * Nothing is handed to the decoder but these three formats, recognized by their first bytes, and nothing is decoded
 * before the size in the header is known to be bearable: a file of a few kilobytes can hold a hundred megapixels.
 */
import { Effect, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import type { GrayImage } from "./GrayImage.ts"

/** Some megapixels more than a phone's camera gives by default, and 200 MB once decoded. */
const mostPixels = 64_000_000
/** A larger image is made so large while it is decoded: a mark a fortieth as wide is still 30 pixels. */
const workingSide = 1200

const fault = { image: Schema.String, found: Schema.String }

/** Not one of the formats that are read. */
export class ImageFormatUnsupported extends Failure<ImageFormatUnsupported>()("ImageFormatUnsupported", {
  exitCode: "dataError",
  fields: fault,
  message: ({ found, image }) =>
    `${image} is not an image that can be read: found ${found}, expected PNG, JPEG or WebP; convert it to one of them`,
}) {}

/** Larger than what is decoded; known from its header. */
export class ImageTooLarge extends Failure<ImageTooLarge>()("ImageTooLarge", {
  exitCode: "dataError",
  fields: fault,
  message: ({ found, image }) =>
    `${image} is too large: found ${found}, expected at most ${mostPixels / 1e6} megapixels; make it smaller`,
}) {}

/** A torn or damaged file. */
export class ImageDamaged extends Failure<ImageDamaged>()("ImageDamaged", {
  exitCode: "dataError",
  fields: fault,
  message: ({ found, image }) => `${image} is damaged: ${found}; export or copy it again`,
}) {}

const startsWith = (bytes: Uint8Array, text: string, at = 0) =>
  [...text].every((char, i) => bytes[at + i] === char.charCodeAt(0))

/** What the first bytes are, in words. */
export const formatOf = (bytes: Uint8Array): string => {
  if (startsWith(bytes, "\u0089PNG\r\n\u001A\n")) return "PNG"
  if (startsWith(bytes, "\u00FF\u00D8\u00FF")) return "JPEG"
  if (startsWith(bytes, "RIFF") && startsWith(bytes, "WEBP", 8)) return "WebP"
  if (bytes.length === 0) return "an empty file"
  if (startsWith(bytes, "GIF8")) return "GIF"
  if (startsWith(bytes, "BM")) return "BMP"
  if (startsWith(bytes, "II*\0") || startsWith(bytes, "MM\0*")) return "TIFF"
  if (startsWith(bytes, "%PDF")) return "PDF"
  if (startsWith(bytes, "ftyp", 4))
    return startsWith(bytes, "avif", 8) ? "AVIF" : "HEIC or another ISO media file"
  if (startsWith(bytes, "<")) return "SVG, HTML or other XML"
  const shown = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0"))
  return `the bytes ${shown.join(" ")}`
}

/** The decoder's message in a line, without the names of its own functions. */
const reasonOf = (error: unknown) =>
  (error instanceof Error ? error.message : String(error))
    .split("\n")[0]
    .replace(/^(?:Input buffer|Vips\w*|\w+load_buffer):? /, "")

/** sharp takes some 30 ms to load: only when there is something to decode. */
const loadSharp = Effect.promise(async () => (await import("sharp")).default)

/** Opened for decoding, once format and size are known to be good. */
const open = Effect.fnUntraced(function* (bytes: Uint8Array, image: string) {
  const format = formatOf(bytes)
  if (!["PNG", "JPEG", "WebP"].includes(format)) {
    return yield* new ImageFormatUnsupported({ image, found: format })
  }
  const sharp = yield* loadSharp
  const damaged = (error: unknown) => new ImageDamaged({ image, found: reasonOf(error) })
  const { height, width } = yield* Effect.tryPromise({
    try: () => sharp(bytes, { limitInputPixels: false }).metadata(),
    catch: damaged,
  })
  if (width * height > mostPixels) {
    const megapixels = ((width * height) / 1e6).toFixed(0)
    return yield* new ImageTooLarge({ image, found: `${width} × ${height}, ${megapixels} megapixels` })
  }
  return {
    picture: sharp(bytes, { limitInputPixels: mostPixels, failOn: "truncated" }).autoOrient(),
    damaged,
  }
})

/** Luma of ITU-R BT.601 (1982): whole for gray pixels. */
const gray = (data: Uint8Array, at: number) =>
  (299 * data[at] + 587 * data[at + 1] + 114 * data[at + 2]) / 1000

/** RGBA to gray; ink on a transparent ground is drawn on a ground that it stands out from. */
const flatten = (data: Uint8Array): Float32Array => {
  const size = data.length / 4
  const pixels = Float32Array.from({ length: size }, (_, i) => gray(data, 4 * i))
  let opacity = 0
  let light = 0
  for (let i = 0; i < size; i++) {
    opacity += data[4 * i + 3]
    light += pixels[i] * data[4 * i + 3]
  }
  if (opacity === 255 * size) return pixels
  const ground = light > 127.5 * opacity ? 0 : 255
  return pixels.map((value, i) => ground + ((value - ground) * data[4 * i + 3]) / 255)
}

/** Gray and at most 1200 pixels wide and high. */
export const decodeGray = Effect.fn("decodeGray")(function* (bytes: Uint8Array, image: string) {
  const { damaged, picture } = yield* open(bytes, image)
  const { data, info } = yield* Effect.tryPromise({
    try: () =>
      picture
        .resize({ width: workingSide, height: workingSide, fit: "inside", withoutEnlargement: true })
        .toColourspace("srgb")
        .ensureAlpha()
        .raw({ depth: "uchar" })
        .toBuffer({ resolveWithObject: true }),
    catch: damaged,
  })
  const { height, width } = info
  return { width, height, pixels: flatten(data) } satisfies GrayImage
})

/** Scaled so that the longer side fits into [height, width]; bytes [height, width, channels], smaller on one side. */
export const decodeFitted = Effect.fn("decodeFitted")(function* (
  bytes: Uint8Array,
  image: string,
  [height, width, channels]: readonly [height: number, width: number, channels: 1 | 3],
) {
  const { damaged, picture } = yield* open(bytes, image)
  const { data, info } = yield* Effect.tryPromise({
    try: () =>
      picture
        .resize({ width, height, fit: "inside" })
        .flatten({ background: "white" })
        .toColourspace(channels === 1 ? "b-w" : "srgb")
        .raw({ depth: "uchar" })
        .toBuffer({ resolveWithObject: true }),
    catch: damaged,
  })
  return { width: info.width, height: info.height, data: Uint8Array.from(data) }
})
