import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Runtime, Schema } from "effect"
import { encodeIdx, type Idx, IdxInvalid, parseIdx } from "../../../stages/dataset/idx.ts"

const parsed = (bytes: ReadonlyArray<number> | Uint8Array): Idx =>
  Result.getOrThrow(parseIdx(Uint8Array.from(bytes), "test.idx"))

const refused = (bytes: ReadonlyArray<number> | Uint8Array): IdxInvalid => {
  const result = parseIdx(Uint8Array.from(bytes), "test.idx")
  assert.isTrue(Result.isFailure(result))
  return Result.getOrThrow(Result.flip(result))
}

describe("parseIdx reads hand-built files", () => {
  it("of unsigned bytes", () => {
    const idx = parsed([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255])
    assert.deepStrictEqual(idx, {
      type: "uint8",
      dims: [2, 3],
      data: Uint8Array.from([1, 2, 3, 4, 5, 255]),
    })
  })
  it("of signed bytes", () => {
    assert.deepStrictEqual(
      parsed([0, 0, 9, 1, 0, 0, 0, 3, 127, 128, 255]).data,
      Int8Array.from([127, -128, -1]),
    )
  })
  it("of 16-bit integers", () => {
    const { data, type } = parsed([0, 0, 0x0b, 1, 0, 0, 0, 2, 1, 2, 0xff, 0xfe])
    assert.strictEqual(type, "int16")
    assert.deepStrictEqual(data, Int16Array.from([258, -2]))
  })
  it("of 32-bit integers", () => {
    const { data } = parsed([0, 0, 0x0c, 1, 0, 0, 0, 2, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff])
    assert.deepStrictEqual(data, Int32Array.from([65_536, -1]))
  })
  it("of 32-bit floats", () => {
    assert.deepStrictEqual(
      parsed([0, 0, 0x0d, 1, 0, 0, 0, 1, 0xbf, 0xc0, 0, 0]).data,
      Float32Array.from([-1.5]),
    )
  })
  it("of 64-bit floats", () => {
    const { data } = parsed([0, 0, 0x0e, 1, 0, 0, 0, 1, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0])
    assert.deepStrictEqual(data, Float64Array.from([1]))
  })
  it("of rank 0, which hold one value", () => {
    assert.deepStrictEqual(parsed([0, 0, 8, 0, 7]), { type: "uint8", dims: [], data: Uint8Array.from([7]) })
  })
  it("without values, however large the other dimensions are", () => {
    const idx = parsed([0, 0, 8, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])
    assert.deepStrictEqual(idx.dims, [2 ** 32 - 1, 0])
    assert.strictEqual(idx.data.length, 0)
  })
  it("at an unaligned position of a larger buffer", () => {
    const whole = Uint8Array.from([9, 9, 9, 0, 0, 0x0c, 1, 0, 0, 0, 1, 0, 0, 0, 5, 9])
    const idx = Result.getOrThrow(parseIdx(whole.subarray(3, 15), "test.idx"))
    assert.deepStrictEqual(idx.data, Int32Array.from([5]))
    assert.deepStrictEqual([...whole.subarray(11, 15)], [0, 0, 0, 5])
  })
})

describe("parseIdx refuses", () => {
  it("an empty file and a truncated header", () => {
    assert.strictEqual(refused([]).found, "0 bytes")
    assert.include(refused([0, 0, 8]).advice, "truncated")
    const cut = refused([0, 0, 8, 3, 0, 0, 0, 1])
    assert.strictEqual(cut.found, "8 bytes")
    assert.include(cut.expected, "16 for 3 dimensions")
  })
  it("a file in which one byte is missing", () => {
    const error = refused([0, 0, 8, 1, 0, 0, 0, 3, 1, 2])
    assert.strictEqual(error.found, "10 bytes")
    assert.include(error.expected, "11 for uint8 values of shape [3]")
    assert.include(error.advice, "truncated")
  })
  it("trailing bytes", () => {
    assert.include(refused([0, 0, 8, 1, 0, 0, 0, 1, 1, 2]).advice, "trailing")
  })
  it("unknown element types", () => {
    for (const type of [0, 1, 0x07, 0x0a, 0x0f, 0x10, 0xff]) {
      assert.include(refused([0, 0, type, 1, 0, 0, 0, 0]).expected, "08, 09, 0b, 0c, 0d, 0e")
    }
  })
  it("files of another format, which it names", () => {
    assert.strictEqual(refused([0x1f, 0x8b, 8, 0, 0]).found, "a gzip file")
    assert.strictEqual(refused([0x50, 0x4b, 3, 4]).found, "a zip archive")
    assert.strictEqual(refused(new TextEncoder().encode("<html>")).found, "an HTML or XML page")
    assert.strictEqual(refused([0x89, 0x50, 0x4e, 0x47]).found, "the bytes 89 50 4e 47")
  })
  it("dimensions whose product overflows any integer type, before allocating", () => {
    const dims = Array.from({ length: 255 * 4 }, () => 0xff)
    const error = refused([0, 0, 0x0e, 255, ...dims])
    assert.isAbove(error.expected.length, 2000)
    // 2^32 × 2^32 is 0 in 64 bits: a product in a machine word would take this for an empty file.
    const wrapped = [0, 0, 8, 2, 0x80, 0, 0, 0, 0x80, 0, 0, 0]
    assert.include(refused(wrapped).expected, String(2n ** 62n + 12n))
  })
  it("a file with an error of one line and exit code 65", () => {
    const error = refused([0, 0, 8, 1, 0, 0, 0, 3, 1, 2])
    assert.strictEqual(
      error.message,
      "test.idx is not a valid IDX file: found 10 bytes, expected 11 for uint8 values of shape [3]; the file is truncated: get it again",
    )
    assert.strictEqual(error[Runtime.errorExitCode], 65)
  })
})

const arrays = {
  uint8: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
}

describe("encodeIdx", () => {
  it.effect.prop(
    "is read back by parseIdx, for every type and rank; one byte less or more is refused",
    [
      Schema.Literals(["uint8", "int8", "int16", "int32", "float32", "float64"]),
      Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 }))).check(
        Schema.isMaxLength(4),
      ),
      Schema.Int,
    ],
    ([type, dims, seed]) =>
      Effect.sync(() => {
        const length = dims.reduce((product, dim) => product * dim, 1)
        const data = new arrays[type](length).map((_: number, i: number) => (seed % 1000) * (i + 1))
        const idx = { type, dims, data } as Idx
        const bytes = encodeIdx(idx)
        assert.deepStrictEqual(parsed(bytes), idx)
        assert.include(refused(Uint8Array.from([...bytes, 0])).advice, dims.includes(0) ? "" : "trailing")
        refused(bytes.subarray(0, -1))
      }),
  )
  it.effect.prop("or any other bytes never make parseIdx throw", [Schema.Uint8Array], ([bytes]) =>
    Effect.sync(() => {
      const header = Uint8Array.from([0, 0, 8, 1, ...bytes])
      for (const candidate of [bytes, header]) {
        const result = parseIdx(candidate, "test.idx")
        if (Result.isFailure(result)) assert.instanceOf(result.failure, IdxInvalid)
      }
    }),
  )
})
