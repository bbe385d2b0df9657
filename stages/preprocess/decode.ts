/**
 * Decodes an image: (bytes of a PNG, JPEG or WebP) -> its pixels, upright and without transparency.
 *
 * The decoder gets these three formats only, which are recognized by their first bytes, and only after the width and
 * height in the header are checked: a file of a few kilobytes can hold a hundred megapixels, or one column of a million.
 */
import { Effect, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import type { GrayImage } from "./GrayImage.ts"

/** Some megapixels more than the default of phone cameras; 200 MB when decoded. */
const maxPixels = 64_000_000
/**
 * The longer side divided by the shorter one. A 1 that is cropped to its edges has about 10. The decoder works line by
 * line: 64 million lines of one pixel took 24 s.
 */
const maxAspectRatio = 100
/** Larger images are shrunk to this side when they are decoded. A mark of a fortieth of the width still has 30 pixels. */
const maxSide = 1200

const fault = { image: Schema.String, found: Schema.String }

/** A format that cannot be read. */
export class ImageFormatUnsupported extends Failure<ImageFormatUnsupported>()("ImageFormatUnsupported", {
  exitCode: "dataError",
  fields: fault,
  message: ({ found, image }) =>
    `cannot read ${image}: found ${found}, expected PNG, JPEG or WebP; convert it to one of them`,
}) {}

/** Too many pixels to decode, according to the header. */
export class ImageTooLarge extends Failure<ImageTooLarge>()("ImageTooLarge", {
  exitCode: "dataError",
  fields: fault,
  message: ({ found, image }) =>
    `${image} is too large: found ${found}, expected at most ${maxPixels / 1e6} megapixels; shrink it`,
}) {}

/** A side of no pixels, or one side much longer than the other, according to the header. */
export class ImageShapeUnsupported extends Failure<ImageShapeUnsupported>()("ImageShapeUnsupported", {
  exitCode: "dataError",
  fields: { ...fault, maxAspectRatio: Schema.Finite },
  message: ({ found, image, maxAspectRatio }) =>
    `cannot read ${image}: found ${found} pixels, expected at least 1 × 1 and one side at most ${maxAspectRatio} times as long as the other; crop it or export it again`,
}) {}

/** A truncated or damaged file. */
export class ImageDamaged extends Failure<ImageDamaged>()("ImageDamaged", {
  exitCode: "dataError",
  fields: fault,
  message: ({ found, image }) => `${image} is damaged: ${found}; export or copy it again`,
}) {}

const startsWith = (bytes: Uint8Array, text: string, at = 0) =>
  [...text].every((char, i) => bytes[at + i] === char.charCodeAt(0))

/** The format that the first bytes show. */
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

/** The message of the decoder in one line, without the names of its functions. */
const reasonOf = (error: unknown) =>
  (error instanceof Error ? error.message : String(error))
    .split("\n")[0]
    .replace(/^(?:Input buffer|Vips\w*|\w+load_buffer):? |:$/g, "")

/** Loading sharp takes about 30 ms, so it is loaded only when an image is decoded. */
const loadSharp = Effect.promise(async () => (await import("sharp")).default)

/**
 * Width and height in the header of a PNG: its first chunk, after 8 bytes of signature and 8 of length and type (PNG
 * specification, 2003). The decoder calls impossible ones a corrupt header and does not name them.
 */
const pngSize = (bytes: Uint8Array) => {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { width: header.getUint32(16), height: header.getUint32(20) }
}

const checkShape = (
  { height, width }: { readonly width: number; readonly height: number },
  image: string,
  maxAspectRatio: number,
): Effect.Effect<void, ImageShapeUnsupported | ImageTooLarge> => {
  const found = `${width} × ${height}`
  if (Math.max(width, height) > maxAspectRatio * Math.min(width, height)) {
    return new ImageShapeUnsupported({ image, found, maxAspectRatio })
  }
  if (Math.min(width, height) < 1) return new ImageShapeUnsupported({ image, found, maxAspectRatio })
  if (width * height <= maxPixels) return Effect.void
  return new ImageTooLarge({ image, found: `${found}, ${((width * height) / 1e6).toFixed(0)} megapixels` })
}

/** Checks format and size, and opens the image for decoding. `metadata`: of its header. */
export const openImage = Effect.fnUntraced(function* (
  bytes: Uint8Array,
  image: string,
  maxRatio = maxAspectRatio,
) {
  const format = formatOf(bytes)
  if (!["PNG", "JPEG", "WebP"].includes(format)) {
    return yield* new ImageFormatUnsupported({ image, found: format })
  }
  if (format === "PNG" && bytes.length >= 24) yield* checkShape(pngSize(bytes), image, maxRatio)
  const sharp = yield* loadSharp
  const damaged = (error: unknown) => new ImageDamaged({ image, found: reasonOf(error) })
  const metadata = yield* Effect.tryPromise({
    try: () => sharp(bytes, { limitInputPixels: false }).metadata(),
    catch: damaged,
  })
  yield* checkShape(metadata, image, maxRatio)
  return {
    picture: sharp(bytes, { limitInputPixels: maxPixels, failOn: "truncated" }).autoOrient(),
    damaged,
    format,
    metadata,
  }
})

/** Luma of ITU-R BT.601 (1982). Exact for gray pixels. */
const gray = (data: Uint8Array, at: number) =>
  (299 * data[at] + 587 * data[at + 1] + 114 * data[at + 2]) / 1000

/** RGBA to gray. A transparent background becomes white for dark ink and black for light ink. */
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

/** A gray image that is at most 1200 pixels wide and high. */
export const decodeGray = Effect.fn("decodeGray")(function* (bytes: Uint8Array, image: string) {
  const { damaged, picture } = yield* openImage(bytes, image)
  const { data, info } = yield* Effect.tryPromise({
    try: () =>
      picture
        .resize({ width: maxSide, height: maxSide, fit: "inside", withoutEnlargement: true })
        .toColourspace("srgb")
        .ensureAlpha()
        .raw({ depth: "uchar" })
        .toBuffer({ resolveWithObject: true }),
    catch: damaged,
  })
  const { height, width } = info
  return { width, height, pixels: flatten(data) } satisfies GrayImage
})

/** Scales the image so that it fits into [height, width]. One side of the result may be smaller. */
export const decodeFitted = Effect.fn("decodeFitted")(function* (
  bytes: Uint8Array,
  image: string,
  [height, width, channels]: readonly [height: number, width: number, channels: 1 | 3],
) {
  // The images of a dataset may be long themselves: a series of measurements, for example.
  const ratio = Math.max(width, height) / Math.min(width, height)
  const { damaged, picture } = yield* openImage(bytes, image, maxAspectRatio * ratio)
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
