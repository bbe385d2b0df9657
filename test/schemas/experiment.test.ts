import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import cnn from "../../experiments/cnn.ts"
import ownDataset from "../../experiments/own-dataset.ts"
import { decodeExperiment } from "../../pipeline/experimentFile/load.ts"
import { OwnDataset } from "../../schemas/experiment/Dataset.ts"
import { Experiment, type ExperimentInput } from "../../schemas/experiment/Experiment.ts"
import { experiment, layers } from "../../schemas/index.ts"
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"

const own = { ...ownDataset, dataset: ownDataset.dataset as typeof OwnDataset.Encoded }

const decode = Schema.decodeUnknownSync(Experiment)

describe("an experiment", () => {
  it("has the same fingerprint after it is written as JSON and read", () => {
    const once = decode(cnn)
    const again = decode(JSON.parse(JSON.stringify(Schema.encodeSync(Experiment)(once))))
    assert.deepStrictEqual(again, once)
    assert.strictEqual(fingerprint(again), fingerprint(once))
  })

  it("may build its model from functions that return layers", () => {
    const block = (filters: number) => [layers.conv2d({ filters, kernelSize: 3 }), layers.maxPooling2d()]
    const model = [...block(8), ...block(16), layers.flatten(), layers.dense({ units: 10 })]
    const written = [
      layers.conv2d({ filters: 8, kernelSize: 3 }),
      layers.maxPooling2d(),
      layers.conv2d({ filters: 16, kernelSize: 3 }),
      layers.maxPooling2d(),
      layers.flatten(),
      layers.dense({ units: 10 }),
    ]
    assert.strictEqual(
      fingerprint(decode(experiment({ ...cnn, model }))),
      fingerprint(decode({ ...cnn, model: written })),
    )
  })

  it("has the same fingerprint whatever the order of its keys", () => {
    const reversed = Object.fromEntries(Object.entries(cnn).toReversed())
    assert.strictEqual(fingerprint(decode(reversed)), fingerprint(decode(cnn)))
  })

  it("has the same fingerprint as in earlier versions", () => {
    assert.match(fingerprint(decode(cnn)), /^920706e2/)
  })

  it("has another fingerprint than in earlier versions if evaluations decide which model is tested", () => {
    const best = { ...cnn, report: "best" } as const
    const [earlier, now] = ([1, 2] as const).map((evaluationRules) =>
      fingerprint(decode({ ...best, evaluateEvery: 1000, evaluationRules })),
    )
    assert.notStrictEqual(now, earlier)
    assert.strictEqual(fingerprint(decode({ ...best, evaluateEvery: 1000 })), now)
    assert.notStrictEqual(fingerprint(decode(best)), now)
  })

  it("has another fingerprint if a number that affects the result changes, and the same if a name does", () => {
    const base = fingerprint(decode(cnn))
    assert.notStrictEqual(fingerprint(decode({ ...cnn, seed: 1 })), base)
    assert.notStrictEqual(fingerprint(decode({ ...cnn, batchSize: 99 })), base)
    assert.strictEqual(
      fingerprint(decode({ ...cnn, name: "other", description: "x", keepCheckpoints: 9 })),
      base,
    )
  })

  it("has the same fingerprint whatever the bounds of its data", () => {
    const bounds = { classShare: { 3: [0.2, 0.3] }, pixelMean: [0, 0.5] } as const
    const bounded = { ...own, dataset: { ...own.dataset, bounds } }
    const { bounds: _, ...unbounded } = own.dataset
    assert.strictEqual(fingerprint(decode(bounded)), fingerprint(decode({ ...own, dataset: unbounded })))
  })

  const meaningless: ReadonlyArray<readonly [bounds: unknown, message: string]> = [
    [{ pixelMean: [0.5, 0.4] }, "dataset.bounds.pixelMean: a range is [minimum, maximum]"],
    [{ pixelMean: [0, 50] }, "dataset.bounds.pixelMean[1]: "],
    [{ trainExamples: [0, 50] }, "dataset.bounds.trainExamples[0]: "],
    [
      { classShare: { 4: [0, 0.5] } },
      "dataset.bounds.classShare.4: no class has this label; labels are 0 to 3",
    ],
    [{ classShare: { one: [0, 0.5] } }, "dataset.bounds.classShare.one: no class has this label"],
    [{ classShares: [0, 0.5] }, "dataset.bounds.classShares: "],
  ]
  it.effect.each(meaningless)("is refused if its bounds have no meaning: %j", ([bounds, message]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        decodeExperiment({ ...own, dataset: { ...own.dataset, bounds } }, "own.ts"),
      )
      assert.include(error.message, message)
    }),
  )

  it.effect("is refused if its gate names a class that does not exist", () =>
    Effect.gen(function* () {
      const gate = { leastRecall: { 3: 0.9, 10: 0.9 } }
      const error = yield* Effect.flip(decodeExperiment({ ...cnn, gate }, "cnn.ts"))
      assert.include(
        error.message,
        "1 problem:\n  gate.leastRecall.10: no class has this label; labels are 0 to 9",
      )
    }),
  )

  it.effect("is refused if it embeds pixels that are not normalized to the range from 0 to 1", () =>
    Effect.gen(function* () {
      const model = [{ kind: "embedding", inputDim: 8, outputDim: 2 }, ...cnn.model]
      const error = yield* Effect.flip(
        decodeExperiment({ ...cnn, model, normalization: "standardized" }, "cnn.ts"),
      )
      assert.include(
        error.message,
        "1 problem:\n  normalization: found standardized, expected unit for model[0], an embedding",
      )
      yield* decodeExperiment({ ...cnn, model }, "cnn.ts")
    }),
  )

  it.effect("is refused if it monitors a metric that it does not measure", () =>
    Effect.gen(function* () {
      const problemOf = (change: object) =>
        Effect.map(Effect.flip(decodeExperiment({ ...cnn, ...change }, "cnn.ts")), ({ message }) => message)
      const monitor = { metric: "top3" }
      assert.include(
        yield* problemOf({ monitor }),
        "1 problem:\n  monitor.metric: found top3, expected one that the field metrics names",
      )
      const metrics = { top2: { kind: "topKCategoricalAccuracy", k: 2 } }
      assert.include(yield* problemOf({ metrics, monitor }), "monitor.metric: found top3, expected top2")
      assert.include(
        yield* problemOf({ metrics, monitor: "top2" }),
        `monitor: found "top2", expected validationLoss, validationAccuracy or a metric by its name`,
      )
      const { monitor: decoded } = yield* decodeExperiment(
        { ...cnn, metrics, monitor: { metric: "top2" } },
        "cnn.ts",
      )
      assert.deepStrictEqual(decoded, { metric: "top2", mode: "max" })
    }),
  )

  it.effect("is refused if it weights a class that does not exist, or with no positive number", () =>
    Effect.gen(function* () {
      const messageOf = (classWeight: object) =>
        Effect.map(Effect.flip(decodeExperiment({ ...cnn, classWeight }, "cnn.ts")), ({ message }) => message)
      assert.include(
        yield* messageOf({ 9: 2, ten: 2 }),
        "1 problem:\n  classWeight.ten: no class has this label; labels are 0 to 9",
      )
      assert.include(yield* messageOf({ 3: 0 }), "classWeight.3: found 0, expected")
      const weighted = yield* decodeExperiment({ ...cnn, classWeight: { 3: 2 } }, "cnn.ts")
      assert.notStrictEqual(fingerprint(weighted), fingerprint(yield* decodeExperiment(cnn, "cnn.ts")))
    }),
  )

  it("may have a number as its learning rate: a constant one, with the same fingerprint", () => {
    const written = (learningRate: unknown) => decode({ ...cnn, optimizer: { kind: "adam", learningRate } })
    const constant = { kind: "constant", value: 0.001 } as const
    assert.deepStrictEqual(written(0.001).optimizer.learningRate, { ...constant, warmup: 0 })
    assert.strictEqual(fingerprint(written(0.001)), fingerprint(written(constant)))
  })

  const ends: ReadonlyArray<readonly [name: string, end: ExperimentInput["model"], problem: string | null]> =
    [
      ["sigmoids", [layers.dense({ units: 10, activation: "sigmoid" })], null],
      [
        "logits",
        [layers.dense({ units: 10, name: "scores" })],
        'model[1]: found activation linear in the last layer scores, expected outputs in [0, 1] for loss meanSquaredError; write activation: "sigmoid" in it, or loss: "softmaxCrossEntropy"',
      ],
      ["tanh", [layers.dense({ units: 10, activation: "tanh" })], "model[1]: found activation tanh"],
      ["relu", [layers.dense({ units: 10, activation: "relu" })], "model[1]: found activation relu"],
      [
        "normalized sigmoids",
        [layers.dense({ units: 10, activation: "sigmoid" }), layers.batchNormalization()],
        'model[2]: found a batchNormalization in the last layer batchNormalization_1, expected outputs in [0, 1] for loss meanSquaredError; add layers.activation({ activation: "sigmoid" }) after it',
      ],
      [
        "logits and a sigmoid",
        [layers.dense({ units: 10 }), layers.activation({ activation: "sigmoid" })],
        null,
      ],
      [
        "sigmoids with dropout",
        [layers.dense({ units: 10, activation: "sigmoid" }), layers.dropout({ rate: 0.1 })],
        null,
      ],
      [
        "sigmoid next to tanh",
        [
          layers.dense({ units: 5, activation: "sigmoid", name: "a" }),
          layers.dense({ units: 5, activation: "tanh", inputs: ["flatten_1"], name: "b" }),
          layers.concatenate({ inputs: ["a", "b"] }),
        ],
        "model[3]: found a concatenate in the last layer concatenate_1",
      ],
    ]
  it.effect("is refused if attention reads four layers", () =>
    Effect.gen(function* () {
      const attention = {
        kind: "multiHeadAttention",
        numHeads: 1,
        keyDim: 1,
        inputs: Array(4).fill("images"),
      }
      const model = [attention, layers.flatten(), layers.dense({ units: 10 })]
      const error = yield* Effect.flip(decodeExperiment({ ...cnn, model }, "cnn.ts"))
      assert.include(
        error.message,
        "model[0].inputs: attention reads one to three layers: a query, a value and a key",
      )
    }),
  )

  it.effect("with sigmoidCrossEntropy must have logits", () =>
    Effect.gen(function* () {
      const decoded = (...end: ExperimentInput["model"]) =>
        decodeExperiment({ ...cnn, model: [layers.flatten(), ...end], loss: "sigmoidCrossEntropy" }, "cnn.ts")
      const sigmoid = "sigmoid" as const
      const error = yield* Effect.flip(
        decoded(layers.dense({ units: 10, activation: sigmoid, name: "scores" })),
      )
      assert.include(
        error.message,
        "1 problem:\n  model[1]: found outputs in [0, 1] in the last layer scores, expected logits for loss sigmoidCrossEntropy; remove the sigmoid",
      )
      const apart = yield* Effect.flip(
        decoded(layers.dense({ units: 10 }), layers.activation({ activation: sigmoid })),
      )
      assert.include(apart.message, "model[2]: found outputs in [0, 1] in the last layer activation_1")
      const logits = layers.dense({ units: 10 })
      assert.strictEqual(
        (yield* decoded(layers.dense({ units: 5, activation: sigmoid }), logits)).model.length,
        3,
      )
    }),
  )

  it.effect("is refused with every problem of its last layer, its augmentation and its labels at once", () =>
    Effect.gen(function* () {
      const written = {
        ...cnn,
        loss: "meanSquaredError",
        augmentation: { saturation: 0.5 },
        classWeight: { 10: 2 },
        gate: { leastRecall: { zero: 0.5 } },
      }
      const { message } = yield* Effect.flip(decodeExperiment(written, "cnn.ts"))
      assert.include(message, "4 problems:")
      for (const at of ["model[", "augmentation.saturation", "classWeight.10", "gate.leastRecall.zero"]) {
        assert.include(message, `\n  ${at}`)
      }
    }),
  )

  it.effect.each(ends)("with meanSquaredError must have outputs in [0, 1]: %s", ([, end, problem]) =>
    Effect.gen(function* () {
      const written = { ...cnn, model: [layers.flatten(), ...end], loss: "meanSquaredError" }
      const decoded = yield* Effect.result(decodeExperiment(written, "mse.ts"))
      const found = Result.isFailure(decoded) ? decoded.failure.message : null
      if (problem === null) return assert.isNull(found)
      assert.include(found ?? "no problem", problem)
      // As logits they are accepted.
      yield* decodeExperiment({ ...written, loss: "softmaxCrossEntropy" }, "logits.ts")
    }),
  )

  it.effect("whose model does not fit its dataset is refused before data is fetched", () =>
    Effect.gen(function* () {
      const error = yield* decodeExperiment({ ...cnn, model: [{ kind: "dense", units: 10 }] }, "bad.ts").pipe(
        Effect.flip,
      )
      assert.strictEqual(error._tag, "ModelShapeMismatch")
    }),
  )
})
