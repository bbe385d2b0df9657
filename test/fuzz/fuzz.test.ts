/** The short form of `pnpm fuzz`: some wrong inputs of every kind, and that a case is the same whenever it is made. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { fuzzTarget } from "./fuzz.ts"
import { drawOf, mutateBytes, mutateValue } from "./mutate.ts"
import { makeTargets } from "./targets.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-fuzz-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe("fuzzing", () => {
  it("makes the same case from the same seed and number, and another from another", () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 256)
    const made = (seed: number, number: number) => [
      ...mutateBytes(bytes, drawOf(seed, "bytes", number)),
      JSON.stringify(mutateValue({ a: [1, { b: "c" }], d: null }, drawOf(seed, "values", number))),
    ]
    assert.deepStrictEqual(made(1, 5), made(1, 5))
    const distinct = new Set(Array.from({ length: 40 }, (_, number) => made(1, number).join()))
    assert.isAbove(distinct.size, 35)
    assert.notDeepEqual(made(1, 5), made(2, 5))
  })

  it("counts an exception, a trace and a defect as crashes", async () => {
    const tally = await fuzzTarget(
      {
        name: "broken",
        run: async (draw) => {
          if (draw.integer(2) === 0) throw new Error("mine")
          return { taken: "accepted", detail: "" }
        },
      },
      { seed: 1, scratch: join(scratch, "broken"), first: 0, cases: 20, untilMs: Number.POSITIVE_INFINITY },
    )
    assert.strictEqual(tally.cases, 20)
    assert.isAbove(tally.crashes.length, 3)
    assert.strictEqual(tally.accepted + tally.crashes.length, 20)
    assert.include(tally.crashes[0].detail, "Error: mine")
  })

  it("finds no crash in a few cases of every target", async () => {
    for (const target of await makeTargets(join(scratch, "targets"))) {
      const { crashes } = await fuzzTarget(target, {
        seed: 20_261_126,
        scratch: join(scratch, target.name.replaceAll(" ", "-")),
        first: 0,
        cases: target.name === "stored files" ? 4 : 40,
        untilMs: Number.POSITIVE_INFINITY,
      })
      assert.deepStrictEqual(crashes, [], target.name)
    }
  })
})
