/**
 * CRC-32C: (bytes) -> the checksum of TFRecord files, which Node.js' zlib lacks (its crc32 is another polynomial).
 *
 * Castagnoli's polynomial (1993) bit by bit reversed, as in RFC 3720, whose appendix B.4 has test vectors.
 */

/** The checksum of each single byte: with it a byte is taken at a time instead of a bit. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f63b78 : 0)
  return remainder
})

/** An unsigned integer of 32 bits. */
export const crc32c = (bytes: Uint8Array): number => {
  let crc = 0xffffffff
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8)
  return ~crc >>> 0
}

/** As TFRecord stores it: a checksum of data that hold their own checksum would be of little use (LevelDB, 2011). */
export const maskedCrc32c = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
