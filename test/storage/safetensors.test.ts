import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { decodeSafetensors, encodeSafetensors, safetensorsParts } from "../../storage/safetensors.ts"

const sample = () =>
  encodeSafetensors({
    tensors: [
      {
        name: "conv2d_1/kernel",
        shape: [2, 3],
        data: Float32Array.from([0, -0, 1.5, Number.NaN, Infinity, 1e-45]),
      },
      { name: "labels", shape: [3], data: Int32Array.from([-1, 0, 7]) },
      { name: "bytes", shape: [1, 2], data: Uint8Array.from([0, 255]) },
      { name: "scalar", shape: [], data: Float32Array.from([0.1]) },
    ],
    metadata: { progress: `{"iteration":3,"text":"}\\""}` },
  })

describe("safetensors", () => {
  it("gives back every bit of tensors and text", () => {
    const { metadata, tensors } = Result.getOrThrow(decodeSafetensors(sample()))
    assert.deepStrictEqual(metadata, { progress: `{"iteration":3,"text":"}\\""}` })
    assert.deepStrictEqual(
      tensors.map(({ name, shape }) => [name, shape]),
      [
        ["conv2d_1/kernel", [2, 3]],
        ["labels", [3]],
        ["bytes", [1, 2]],
        ["scalar", []],
      ],
    )
    assert.deepStrictEqual(tensors[0].data, Float32Array.from([0, -0, 1.5, Number.NaN, Infinity, 1e-45]))
    assert.deepStrictEqual(tensors[1].data, Int32Array.from([-1, 0, 7]))
  })

  it("is made of parts that share the memory of the tensors", () => {
    const data = Float32Array.from({ length: 6 }, (_, i) => i)
    const tensors = [
      { name: "a", shape: [4], data: data.subarray(1, 5) },
      { name: "b", shape: [1], data: Int32Array.of(7) },
    ]
    const parts = safetensorsParts({ tensors, metadata: {} })
    assert.deepStrictEqual(Buffer.concat(parts), Buffer.from(encodeSafetensors({ tensors, metadata: {} })))
    assert.strictEqual(parts[1].buffer, data.buffer)
  })

  it("reads a Buffer, which files are read into, as it reads plain bytes, and shares no memory with it", () => {
    const pooled = Buffer.concat([Buffer.from([1, 2, 3]), sample()]).subarray(3)
    const { tensors } = Result.getOrThrow(decodeSafetensors(pooled))
    pooled.fill(0)
    assert.deepStrictEqual(tensors[1].data, Int32Array.from([-1, 0, 7]))
    assert.strictEqual(tensors[3].data[0], Math.fround(0.1))
  })

  it("follows the format: little-endian header length, JSON header padded to 8, offsets from the data's start", () => {
    const bytes = sample()
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    assert.strictEqual(length % 8, 0)
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
    assert.deepStrictEqual(header.labels, { dtype: "I32", shape: [3], data_offsets: [24, 36] })
    assert.strictEqual(new DataView(bytes.buffer).getInt32(8 + length + 24, true), -1)
    assert.strictEqual(bytes.length, 8 + length + 24 + 12 + 2 + 4)
  })

  it("refuses a file with any single byte changed", () => {
    const bytes = sample()
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at] ^= 0x40
      assert.isTrue(Result.isFailure(decodeSafetensors(changed)), `byte ${at}`)
    }
  })

  it("refuses a file cut at any place, or with bytes added", () => {
    const bytes = sample()
    for (let length = 0; length < bytes.length; length++) {
      assert.isTrue(Result.isFailure(decodeSafetensors(bytes.subarray(0, length))), `${length} bytes`)
    }
    assert.isTrue(Result.isFailure(decodeSafetensors(Uint8Array.from([...bytes, 0]))))
  })

  it("says what it found when the content is something else", () => {
    const failureOf = (start: string) => {
      const result = decodeSafetensors(new TextEncoder().encode(`${start}${" ".repeat(200)}`))
      return Result.isFailure(result) ? result.failure.message : ""
    }
    assert.match(failureOf("some other text"), /^found a header of \d+ bytes in a file of 215/)
    assert.match(failureOf("<!doctype html>"), /^found an HTML page, expected a safetensors file/)
    assert.match(
      failureOf("version https://git-lfs.github.com/spec/v1\n"),
      /^found a Git LFS pointer.*git lfs pull/,
    )
  })

  it("refuses tensors that share data, which would be copied for each of them", () => {
    const whole = Buffer.from(sample()).toString("latin1")
    const shared = Buffer.from(
      whole.replace('"shape":[1,2],"data_offsets":[36,38]', '"shape":[9,3],"data_offsets":[0,27]'),
      "latin1",
    )
    const digestAt = 8 + '{"__metadata__":{"sha256":"'.length
    shared.fill("0", digestAt, digestAt + 64)
    // The header is one byte shorter: it is padded again.
    const end = shared.indexOf("}}", digestAt)
    const padded = Buffer.concat([shared.subarray(0, end + 2), Buffer.from(" "), shared.subarray(end + 2)])
    padded.write(createHash("sha256").update(padded).digest("hex"), digestAt)
    const result = decodeSafetensors(padded)
    assert.strictEqual(
      Result.isFailure(result) ? result.failure.message : "",
      "found tensors that overlap, expected data of their own for each",
    )
  })
})
