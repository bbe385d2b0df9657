/** The kept results of the reference engine are what it computes: all of them are computed again. */
import { readdirSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { compute, readStored, storedCases } from "./referenceResults.ts"
import { relativeError } from "./training.ts"

/** A tenth of what the engines may differ by: another processor may round an exponential another way. */
const tolerance = 1e-6

describe("the stored result of the reference engine", () => {
  for (const name of storedCases) {
    it.effect(`equals a new computation for ${name}`, () =>
      Effect.gen(function* () {
        const stored = readStored(name)
        const computed = yield* compute(name)
        for (const part of ["losses", "errorRates", "predictions"] as const) {
          assert.isBelow(relativeError(stored[part], computed[part]), tolerance, part)
        }
        assert.deepStrictEqual(
          stored.state.map(({ name, shape }) => [name, shape]),
          computed.state.map(({ name, shape }) => [name, shape]),
        )
        for (const [i, { data, name }] of stored.state.entries()) {
          assert.isBelow(relativeError(data, computed.state[i].data), tolerance, name)
        }
      }),
    )
  }

  it("is there for every stored case, and for no other", () => {
    assert.lengthOf(readdirSync(new URL("referenceResults/", import.meta.url)), storedCases.length)
  })
})
