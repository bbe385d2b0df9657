import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import cnn from "../../experiments/cnn.ts"
import { decodeExperiment } from "../../pipeline/experimentFile.ts"
import { Experiment } from "../../schemas/Experiment.ts"
import { fingerprint } from "../../schemas/fingerprint.ts"

const decode = Schema.decodeUnknownSync(Experiment)

describe("an experiment", () => {
  it("keeps its fingerprint through being written as JSON and read again", () => {
    const once = decode(cnn)
    const again = decode(JSON.parse(JSON.stringify(Schema.encodeSync(Experiment)(once))))
    assert.deepStrictEqual(again, once)
    assert.strictEqual(fingerprint(again), fingerprint(once))
  })

  it("has the same fingerprint whatever the order of its keys", () => {
    const reversed = Object.fromEntries(Object.entries(cnn).toReversed())
    assert.strictEqual(fingerprint(decode(reversed)), fingerprint(decode(cnn)))
  })

  it("has the fingerprint it always had, whatever options have been added since", () => {
    assert.match(fingerprint(decode(cnn)), /^920706e2/)
  })

  it("has another fingerprint when a number that decides the result changes, and the same when a name does", () => {
    const base = fingerprint(decode(cnn))
    assert.notStrictEqual(fingerprint(decode({ ...cnn, seed: 1 })), base)
    assert.notStrictEqual(fingerprint(decode({ ...cnn, batchSize: 99 })), base)
    assert.strictEqual(
      fingerprint(decode({ ...cnn, name: "other", description: "x", keepCheckpoints: 9 })),
      base,
    )
  })

  it.effect("that does not decode lists every problem with its path", () =>
    Effect.gen(function* () {
      const error = yield* decodeExperiment(
        {
          ...cnn,
          batchSize: 0,
          extra: true,
          dataset: "mnst",
          model: [{ kind: "conv2d", filters: 0, kernelSize: [5], padding: "some" }],
          optimizer: { kind: "adam", learningRate: { kind: "constant", value: -1 } },
        },
        "bad.ts",
      ).pipe(Effect.flip)
      assert.strictEqual(error._tag, "ExperimentInvalid")
      if (error._tag !== "ExperimentInvalid") return
      const paths = error.problems.map(({ at }) => at)
      for (const path of [
        "batchSize",
        "extra",
        "dataset",
        "model[0].filters",
        "model[0].padding",
        "optimizer.learningRate.value",
      ]) {
        assert.include(paths, path)
      }
      assert.match(error.message, /^bad\.ts is not a valid experiment, \d+ problems:\n/)
    }),
  )

  it.effect("whose model does not fit its dataset is refused before anything is fetched", () =>
    Effect.gen(function* () {
      const error = yield* decodeExperiment({ ...cnn, model: [{ kind: "dense", units: 10 }] }, "bad.ts").pipe(
        Effect.flip,
      )
      assert.strictEqual(error._tag, "ModelShapeMismatch")
    }),
  )
})
