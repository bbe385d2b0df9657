/** The journal of a sweep after crashes: cut at every byte, torn, doubled, and large. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { SweepRecord, type TrialName } from "../../../schemas/Sweep.ts"
import { parseJournal } from "../../../storage/sweeps.ts"

const encode = Schema.encodeSync(Schema.fromJsonString(SweepRecord))
const measured = (trial: TrialName): SweepRecord => ({
  record: "measured",
  trial,
  seed: 0,
  rung: 0,
  run: "20261127T012325Z-rates-04e5a210",
  iteration: 10,
  value: 0.125,
})
const records: ReadonlyArray<SweepRecord> = [
  { record: "trial", trial: 0, parameters: { "optimizer.learningRate": 0.003 } },
  measured(0),
  { record: "failed", trial: 1, seed: 0, rung: 0, run: "r", reason: "training diverged: ∞" },
  measured("base"),
]
const lines = records.map((record) => `${encode(record)}\n`)

describe("the journal of a sweep", () => {
  it("cut at any character has the records before the cut, and says what it dropped", () => {
    const text = lines.join("")
    for (let cut = 0; cut <= text.length; cut++) {
      const whole = text.slice(0, cut).split("\n").length - 1
      const parsed = parseJournal(text.slice(0, cut))
      assert.deepStrictEqual(parsed.records, records.slice(0, whole))
      const isBetween = cut === 0 || text[cut - 1] === "\n"
      assert.strictEqual(parsed.dropped.length, isBetween ? 0 : 1, `cut at ${cut}`)
    }
  })

  it("has a doubled record once, and nothing after a line that is no record", () => {
    const doubled = parseJournal([...lines, lines[3]].join(""))
    assert.deepStrictEqual(doubled.records, records)
    assert.deepStrictEqual(doubled.dropped, ["line 5, which repeats an earlier record"])
    const torn = parseJournal([lines[0], lines[1].slice(9), lines[2]].join(""))
    assert.deepStrictEqual(torn.records, records.slice(0, 1))
    assert.deepStrictEqual(torn.dropped, ["2 lines from line 2 on, which is no record"])
  })

  it("with 10,000 records is read in less than a second", () => {
    const text = Array.from({ length: 10_000 }, (_, i) => `${encode(measured(i))}\n`).join("")
    const startedAt = performance.now()
    assert.lengthOf(parseJournal(text).records, 10_000)
    assert.isBelow(performance.now() - startedAt, 1000)
  })
})
