/**
 * Encodes a PNG file: (pixels, size) -> bytes. Gray for one channel, RGB for three, RGBA for four.
 *
 * Rows are not filtered (filter type 0), as sharp writes them by default. sharp itself, which decodes images, takes 40 ms to
 * load: a run that needs no decoder does without. Format: W3C, "Portable Network Graphics (PNG) Specification" (third edition,
 * 2025).
 */
import { promisify } from "node:util"
import { crc32, deflate } from "node:zlib"
import { Effect } from "effect"

export interface PixelSize {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3 | 4
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const colourTypes = { 1: 0, 3: 2, 4: 6 } as const

/** Length of the data, type, data, and the checksum of type and data. */
const chunk = (type: string, data: Uint8Array): Uint8Array => {
  const bytes = Buffer.alloc(data.length + 12)
  bytes.writeUInt32BE(data.length)
  bytes.write(type, 4, "latin1")
  bytes.set(data, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8)
  return bytes
}

const header = ({ channels, height, width }: PixelSize) => {
  // Eight bits a sample; compression, filter method and interlacing are 0.
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width)
  data.writeUInt32BE(height, 4)
  data[8] = 8
  data[9] = colourTypes[channels]
  return chunk("IHDR", data)
}

/** Each row after the byte of its filter type. */
const rowsOf = (pixels: Uint8Array, { channels, height, width }: PixelSize) => {
  const length = width * channels
  const rows = new Uint8Array(height * (length + 1))
  for (let y = 0; y < height; y++) {
    rows.set(pixels.subarray(y * length, (y + 1) * length), y * (length + 1) + 1)
  }
  return rows
}

const compress = promisify(deflate)

/** `pixels`: row by row, one byte for each channel. */
export const encodePng = Effect.fnUntraced(function* (pixels: Uint8Array, size: PixelSize) {
  const expected = size.width * size.height * size.channels
  if (pixels.length !== expected) {
    return yield* Effect.die(new Error(`found ${pixels.length} bytes of pixels, expected ${expected}`))
  }
  const compressed = yield* Effect.promise(() => compress(rowsOf(pixels, size)))
  return Buffer.concat([signature, header(size), chunk("IDAT", compressed), chunk("IEND", new Uint8Array())])
})
