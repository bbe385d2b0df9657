/**
 * TFRecord, the framing of event files (tensorflow/core/lib/io/record_writer.h): (messages) <-> bytes.
 *
 * A record: 8 bytes length, 4 bytes masked CRC-32C of the length, the message, 4 bytes masked CRC-32C of it; all
 * little-endian. A crash while records are appended leaves whole ones and perhaps a part of one, which reading drops.
 */
import { maskedCrc32c } from "./crc32c.ts"

const headBytes = 12
const tailBytes = 4

export const encodeRecord = (message: Uint8Array): Uint8Array => {
  const record = new Uint8Array(headBytes + message.length + tailBytes)
  const view = new DataView(record.buffer)
  view.setBigUint64(0, BigInt(message.length), true)
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true)
  record.set(message, headBytes)
  view.setUint32(headBytes + message.length, maskedCrc32c(message), true)
  return record
}

export interface FoundRecord {
  readonly message: Uint8Array
  /** The message with its framing. */
  readonly record: Uint8Array
}

/** Views of the whole records, up to the first that is torn or damaged: behind it nothing can be found. */
export const readRecords = (bytes: Uint8Array): ReadonlyArray<FoundRecord> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found: Array<FoundRecord> = []
  let at = 0
  while (at + headBytes + tailBytes <= bytes.length) {
    if (view.getUint32(at + 8, true) !== maskedCrc32c(bytes.subarray(at, at + 8))) break
    const length = view.getBigUint64(at, true)
    if (length > BigInt(bytes.length - at - headBytes - tailBytes)) break
    const end = at + headBytes + Number(length)
    const message = bytes.subarray(at + headBytes, end)
    if (view.getUint32(end, true) !== maskedCrc32c(message)) break
    found.push({ message, record: bytes.subarray(at, end + tailBytes) })
    at = end + tailBytes
  }
  return found
}
