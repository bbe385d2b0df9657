/**
 * Whether an engine computes what the reference does: losses, error rates, the whole state and predictions. The reference's
 * results are computed here, or read from a file where that takes long (referenceResults.ts).
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { enginesUnderTest } from "./engines.ts"
import { parityCases } from "./parityCases.ts"
import { type CaseResult, compute, readStored, storedCases } from "./referenceResults.ts"
import { relativeError, trainCase } from "./training.ts"

const isStored = new Set<string>(storedCases)
const expected = new Map<string, CaseResult>()
const expectedOf = Effect.fnUntraced(function* (name: string) {
  const known = expected.get(name) ?? (isStored.has(name) ? readStored(name) : yield* compute(name))
  expected.set(name, known)
  return known
})

/** TensorFlow's Adam takes 1 - β2 in float32, which is 1.3e-5 off 0.001: so are the second moments. */
const stateTolerance = (engine: string) => (engine === "tensorflow" ? 3e-5 : 1e-5)

/** A test for each engine and each of these cases. */
export const testParity = (names: ReadonlyArray<string>) => {
  for (const [engine, layer] of Object.entries(enginesUnderTest)) {
    describe(`the ${engine} engine`, () => {
      for (const name of names) {
        it.effect(`computes what the reference computes for ${name}`, () =>
          Effect.gen(function* () {
            const reference = yield* expectedOf(name)
            const actual = yield* Effect.provide(trainCase(parityCases[name]), layer)
            assert.isBelow(relativeError(actual.losses, reference.losses), 1e-5, "losses")
            assert.isBelow(relativeError(actual.errorRates, reference.errorRates), 1e-6, "error rates")
            assert.deepStrictEqual(
              actual.state.map(({ name, shape }) => [name, shape]),
              reference.state.map(({ name, shape }) => [name, shape]),
            )
            for (const [i, { data, name }] of actual.state.entries()) {
              assert.isBelow(relativeError(data, reference.state[i].data), stateTolerance(engine), name)
            }
            assert.isBelow(relativeError(actual.predictions, reference.predictions), 1e-5, "predictions")
          }),
        )
      }
    })
  }
}
