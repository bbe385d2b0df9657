import { assert, describe, it } from "@effect/vitest"
import { crc32c, maskedCrc32c } from "../../../storage/tensorboard/crc32c.ts"
import { encodeEvent } from "../../../storage/tensorboard/proto.ts"
import { encodeRecord, readRecords } from "../../../storage/tensorboard/records.ts"

const bytes = (...values: ReadonlyArray<number>) => Uint8Array.from(values)
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"))

describe("crc32c", () => {
  // RFC 3720, appendix B.4, and the usual check value of the polynomial.
  it.each([
    ["32 zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["0 to 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["31 to 0", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    [
      "an iSCSI command",
      hex(
        "01c00000 00000000 00000000 00000000 14000000 00000400 00000014 00000018 28000000 00000000 02000000 00000000",
      ),
      0xd9963a56,
    ],
    ["123456789", new TextEncoder().encode("123456789"), 0xe3069283],
    ["nothing", bytes(), 0],
  ])("of %s is that of the standard", (_, message, crc) => {
    assert.strictEqual(crc32c(message), crc)
  })

  it("is masked by a rotation by 15 bits and a constant", () => {
    assert.strictEqual(maskedCrc32c(bytes()), 0xa282ead8)
    assert.strictEqual(maskedCrc32c(hex("0000000000000000")), 0x07980329)
  })
})

describe("records", () => {
  it("of nothing is length, two checksums and no message", () => {
    assert.deepStrictEqual(encodeRecord(bytes()), hex("0000000000000000 29039807 d8ea82a2"))
  })

  it("of an event file's version is that of TensorFlow, which begins every event file", () => {
    const version = encodeEvent({ wallTime: 1, step: 0, fileVersion: "brain.Event:2" })
    assert.deepStrictEqual(
      encodeRecord(version).subarray(0, 12 + 24),
      hex("1800000000000000 a37f4b22 09 000000000000f03f 1a 0d 627261696e2e4576656e743a32"),
    )
  })

  it("are read back, and what a crash left of the last one is dropped, wherever it was cut", () => {
    const messages = [bytes(1, 2, 3), bytes(), bytes(255)]
    const whole = Buffer.concat(messages.map(encodeRecord))
    const ends = [19, 35, 52]
    for (let length = 0; length <= whole.length; length++) {
      const read = readRecords(whole.subarray(0, length))
      const expected = ends.filter((end) => end <= length).length
      assert.deepStrictEqual(
        read.map(({ message }) => [...message]),
        messages.slice(0, expected).map((message) => [...message]),
        `cut at ${length}`,
      )
      assert.deepStrictEqual(
        Buffer.concat(read.map(({ record }) => record)),
        Buffer.from(whole.subarray(0, ends[expected - 1] ?? 0)),
      )
    }
  })

  it("end at the first damaged byte", () => {
    const whole = Buffer.concat([bytes(1, 2, 3), bytes(4, 5)].map(encodeRecord))
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole)
      damaged[at] ^= 0x40
      assert.lengthOf(readRecords(damaged), at < 19 ? 0 : 1, `byte ${at}`)
    }
  })

  it("of a length beyond the file are not looked for there", () => {
    const head = hex("ffffffffffffffff")
    const crc = new Uint8Array(4)
    new DataView(crc.buffer).setUint32(0, maskedCrc32c(head), true)
    assert.deepStrictEqual(readRecords(Buffer.concat([head, crc, new Uint8Array(64)])), [])
  })
})
