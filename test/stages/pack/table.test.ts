import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { pack } from "./packing.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-table-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const data = join(scratch, "data")
let made = 0

const small = { kind: "table", imageShape: [1, 2] }
const packed = (fields: object) => Effect.runPromise(pack({ ...small, ...fields }, data))
const refused = (fields: object) =>
  Effect.runPromise(Effect.map(Effect.flip(pack({ ...small, ...fields }, data)), ({ message }) => message))
const written = (text: string | Uint8Array) => {
  const file = join(scratch, `${made++}.csv`)
  writeFileSync(file, text)
  return file
}

describe("a table of pixels", () => {
  it("is read with its label in any column, with or without a header, a byte order mark and gzip", async () => {
    const expected = await packed({ train: written("label,pixel0,pixel1\n3,0,255\n5,128,1\n") })
    assert.deepStrictEqual(expected.classNames, ["3", "5"])
    assert.deepStrictEqual([...readFileSync(expected.files.trainImages.path)].slice(-4), [0, 255, 128, 1])
    for (const [text, fields] of [
      ["\uFEFFlabel,a,b\r\n3,0,255\r\n5,128,1\r\n", {}],
      ['a,class,b\n0,"3",255\n128,"5",1', { label: "class" }],
      ["0,255,3.000000000000000000e+00\n128,1,5.000e+00\n", { header: false, label: -1 }],
      ["3,0,255\n\n5,128,1\n", { header: false, label: 0 }],
      ["3,0,16\n5,8.03,0.06\n", { header: false, label: 0, brightest: 16 }],
    ] as const) {
      const found = await packed({ train: written(text), ...fields })
      assert.strictEqual(found.packed?.digest, expected.packed?.digest, text)
    }
    const zipped = await packed({ train: written(gzipSync("label,a,b\n3,0,255\n5,128,1\n")) })
    assert.strictEqual(zipped.packed?.digest, expected.packed?.digest)
    const halves = [written("label,a,b\n3,0,255\n"), written("label,a,b\n5,128,1\n")]
    assert.strictEqual((await packed({ train: halves })).packed?.digest, expected.packed?.digest)
  })

  it("has names of classes as labels, or their places in a list", async () => {
    const text = "label,a,b\ncat,0,255\ndog,128,1\n"
    assert.deepStrictEqual((await packed({ train: written(text) })).classNames, ["cat", "dog"])
    const places = { train: written(text.replace("cat", "1").replace("dog", "0")), classes: ["dog", "cat"] }
    const named = { train: written(text), classes: ["dog", "cat"] }
    assert.strictEqual((await packed(places)).packed?.digest, (await packed(named)).packed?.digest)
    assert.match(
      await refused({ train: written(text), classes: ["cat", "fish"] }),
      /found "dog", expected one of "cat" and "fish"/,
    )
  })

  it("with another number of columns, values that are no pixels or no label is refused with the line", async () => {
    const of = (text: string, fields: object = {}) => refused({ train: written(text), ...fields })
    assert.match(
      await of("label,a,b,c\n1,2,3,4\n"),
      /csv:1: found 4 columns, expected 3: a label and 1×2×1 pixels/,
    )
    assert.match(
      await of("a,b,c\n1,2,3\n"),
      /csv:1: found 3 columns \(a, b, c\), expected a header with a column label; say with dataset\.label/,
    )
    assert.match(await of("1,2,3\n", { header: false, label: 7 }), /expected a column at 7/)
    assert.match(
      await of("label,a,b\n1,2,3\n1,2,256\n"),
      /csv:3: found the pixel "256", expected numbers from 0 to 255; .*dataset\.brightest/,
    )
    assert.match(await of("label,a,b\n1,2,\n"), /csv:2: found the pixel "", expected/)
    assert.match(await of("label,a,b\n1,-1,0\n"), /found the pixel "-1"/)
    assert.match(await of("label,a,b\n1,x,0\n"), /found the pixel "x"/)
    assert.match(await of("label,a,b\n,0,0\n"), /csv:2: found no label/)
    assert.match(
      await of("label,a,b\n1,0\n"),
      /found Invalid Record Length.*, expected CSV with as many columns in every row/,
    )
    assert.match(await of("label,a,b\n"), /found none, expected 2/)
    const cut = gzipSync("label,a,b\n1,2,3\n").subarray(0, 20)
    assert.match(
      await refused({ train: written(cut) }),
      /found unexpected end of file, expected a whole file/,
    )
    assert.match(
      await refused({ train: join(scratch, "gone.csv") }),
      /found nothing at .*gone\.csv, expected a CSV file/,
    )
    assert.throws(
      () => pack({ ...small, train: "a.csv", header: false }, data),
      /expected the place of the column/,
    )
  })
})
