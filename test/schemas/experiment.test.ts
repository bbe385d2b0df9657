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

const messages = (change: object) =>
  decodeExperiment({ ...cnn, ...change }, "bad.ts").pipe(
    Effect.flip,
    Effect.map(({ message }) => message.split("\n").slice(1)),
  )

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

  it.effect("that does not decode is an error that lists every problem with its path", () =>
    Effect.gen(function* () {
      const error = yield* decodeExperiment(
        {
          ...cnn,
          batchSize: 0,
          extra: true,
          dataset: "mnst",
          model: [
            { kind: "conv2d", filters: 0, kernelSize: [5], padding: "some" },
            { kind: "depthwiseConv2d", kernelSize: 3, strides: [1, 2] },
            { kind: "flatten", inputs: ["images", "conv2d_1"] },
            { kind: "add", inputs: ["images"] },
          ],
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
        "model[1].strides",
        "model[2].inputs",
        "model[3].inputs",
        "optimizer.learningRate.value",
      ]) {
        assert.include(paths, path)
      }
      assert.match(error.message, /^bad\.ts is not a valid experiment, \d+ problems:\n/)
    }),
  )

  it.effect("that does not decode is an error with the value of every problem", () =>
    Effect.gen(function* () {
      const error = yield* decodeExperiment(
        {
          name: "faults",
          dataset: "mnisst",
          model: [{ kind: "dense", units: "10" }, { kind: "dens" }, []],
          loss: "softmaxCrossEntropy",
          optimiser: { kind: "adam" },
          batchSize: -2,
          budget: { epoch: 3 },
        },
        "bad.ts",
      ).pipe(Effect.flip)
      const lines = error.message.split("\n")
      const kinds = "conv2d, depthwiseConv2d, .* add or concatenate"
      for (const line of [
        /^ {2}optimiser: unknown field; did you mean optimizer\?$/,
        /^ {2}optimizer: missing, expected an object of kind adam, adamw, sgd, momentum or rmsprop$/,
        /^ {2}dataset: found "mnisst", expected "mnist", "fashion-mnist", .* or an object; did you mean mnist\?$/,
        /^ {2}model\[0\]\.units: found "10", expected a number$/,
        new RegExp(`^ {2}model\\[1\\]\\.kind: found "dens", expected ${kinds}; did you mean dense\\?$`),
        new RegExp(`^ {2}model\\[2\\]: found an array of 0, expected an object of kind ${kinds}$`),
        /^ {2}budget\.epoch: unknown field; did you mean epochs\?$/,
        /^ {2}budget: found an object without iterations or epochs, expected one of them$/,
        /^ {2}batchSize: found -2, expected a value greater than or equal to 1$/,
      ]) {
        assert.isTrue(
          lines.some((found) => line.test(found)),
          `${line} in ${error.message}`,
        )
      }
      assert.deepStrictEqual([...new Set(lines)], lines)
    }),
  )

  it.effect("with a problem in a union is an error about the member that the user probably meant", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* messages({ budget: { epochs: 0 } }), [
        "  budget.epochs: found 0, expected a value greater than or equal to 1",
      ])
      assert.deepStrictEqual(yield* messages({ budget: {} }), [
        "  budget: found an object without iterations or epochs, expected one of them",
      ])
      assert.deepStrictEqual(yield* messages({ budget: { epochs: 3, iterations: 3 } }), [
        "  budget: found epochs and iterations, expected only one of them",
      ])
      assert.deepStrictEqual(yield* messages({ split: {} }), [
        "  split.kind: missing, expected standard or pooled",
      ])
      assert.deepStrictEqual(yield* messages({ optimizer: { kind: "adam", learningRate: "0.1" } }), [
        '  optimizer.learningRate: found "0.1", expected a number or an object of kind constant, step, cosine or oneCycle',
      ])
      assert.deepStrictEqual(yield* messages({ evaluateEvery: {} }), [
        "  evaluateEvery: found {}, expected a number of iterations, such as 1000, or epochs, such as { epochs: 1 }",
      ])
    }),
  )

  it.effect("with an interval, a budget or another option of the wrong form says what to write", () =>
    Effect.gen(function* () {
      const interval = "expected a number of iterations, such as 1000, or epochs, such as { epochs: 1 }"
      assert.deepStrictEqual(yield* messages({ evaluateEvery: { iterations: 10 } }), [
        `  evaluateEvery: found { iterations: 10 }, ${interval}`,
      ])
      assert.deepStrictEqual(yield* messages({ checkpointEvery: "2 epochs" }), [
        `  checkpointEvery: found "2 epochs", ${interval}`,
      ])
      assert.deepStrictEqual(yield* messages({ checkpointEvery: { epochs: 0 } }), [
        "  checkpointEvery.epochs: found 0, expected a value greater than or equal to 1",
      ])
      assert.deepStrictEqual(yield* messages({ recordEvery: { iterations: 10 } }), [
        "  recordEvery: found { iterations: 10 }, expected a number",
      ])
      assert.deepStrictEqual(yield* messages({ budget: 1000 }), [
        "  budget: found 1000, expected iterations, such as { iterations: 1000 }, or epochs, such as { epochs: 10 }",
      ])
      assert.deepStrictEqual(yield* messages({ averaging: 0.99, earlyStopping: 5 }), [
        "  averaging: found 0.99, expected an object, such as { decay: 0.999 }",
        "  earlyStopping: found 5, expected an object, such as { patience: 5 }",
      ])
    }),
  )

  it("may have a number as its learning rate: a constant one, with the same fingerprint", () => {
    const written = (learningRate: unknown) => decode({ ...cnn, optimizer: { kind: "adam", learningRate } })
    const constant = { kind: "constant", value: 0.001 } as const
    assert.deepStrictEqual(written(0.001).optimizer.learningRate, { ...constant, warmup: 0 })
    assert.strictEqual(fingerprint(written(0.001)), fingerprint(written(constant)))
  })

  it.effect("as somebody who knows Keras writes it first is an error that says what to write", () =>
    Effect.gen(function* () {
      const error = yield* decodeExperiment(
        {
          name: "first",
          dataset: "minst",
          model: [
            { kind: "conv2D", filters: 32, kernel_size: 3, activation: "Relu", input_shape: [28, 28, 1] },
            { kind: "maxPool2d" },
            { kind: "dense", units: 10, activation: "softmax" },
            { kind: "softmax" },
          ],
          loss: "categoricalCrossentropy",
          optimizer: { kind: "Adam", lr: 0.001 },
          metrics: ["accuracy"],
          epochs: 5,
          batch_size: 32,
        },
        "first.ts",
      ).pipe(Effect.flip)
      const ends = (place: string) => {
        const line =
          error.message.split("\n").find((each) => each.startsWith(`  ${place}: `)) ?? error.message
        return line.slice(Math.max(line.lastIndexOf("; "), line.lastIndexOf(": ")) + 2)
      }
      const softmax = "the loss softmaxCrossEntropy takes logits and applies softmax itself"
      for (const [place, end] of [
        ["dataset", "did you mean mnist?"],
        ["model[0].kind", "did you mean conv2d?"],
        ["model[1].kind", "did you mean maxPooling2d?"],
        ["model[2].activation", softmax],
        ["model[3].kind", softmax],
        ["loss", "did you mean softmaxCrossEntropy?"],
        ["optimizer.kind", "did you mean adam?"],
        ["batch_size", "did you mean batchSize?"],
      ]) {
        assert.include(ends(place), end, place)
      }
      assert.include(error.message, "  epochs: unknown field; write budget: { epochs: 5 }")
      assert.include(
        error.message,
        "  metrics: unknown field; omit it: every report has accuracy, error rate",
      )
    }),
  )

  it.effect("lists what is wrong within a layer and an optimizer of a known kind", () =>
    Effect.gen(function* () {
      const error = yield* decodeExperiment(
        {
          ...cnn,
          model: [
            { kind: "conv2d", filters: 8, kernel_size: 3, activation: "Relu", input_shape: [28, 28, 1] },
            { kind: "dense", out_features: 10 },
          ],
          optimizer: { kind: "adam", lr: 0.001, betas: [0.9, 0.999] },
        },
        "second.ts",
      ).pipe(Effect.flip)
      for (const line of [
        "  model[0].kernel_size: unknown field; did you mean kernelSize?",
        "  model[0].input_shape: unknown field; omit it: the shape of the images is that of the dataset",
        "  model[1].out_features: unknown field; did you mean units?",
        "  optimizer.lr: unknown field; did you mean learningRate?",
        "  optimizer.learningRate: missing, expected a number or an object of kind constant, step, cosine or oneCycle",
      ]) {
        assert.include(error.message.split("\n"), line, error.message)
      }
      assert.match(error.message, /model\[0\]\.activation: found "Relu", expected .*; did you mean relu\?/)
    }),
  )

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
