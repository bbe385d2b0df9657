/** What a user reads when an experiment is not valid. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import cnn from "../../experiments/cnn.ts"
import { decodeExperiment } from "../../pipeline/experimentFile/load.ts"

const messages = (change: object) =>
  decodeExperiment({ ...cnn, ...change }, "bad.ts").pipe(
    Effect.flip,
    Effect.map(({ message }) => message.split("\n").slice(1)),
  )

describe("an experiment with problems", () => {
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
      const kinds = "conv2d, depthwiseConv2d, .* add, concatenate or custom"
      for (const line of [
        /^ {2}optimiser: unknown field; did you mean optimizer\?$/,
        /^ {2}dataset: found "mnisst", expected "mnist", "fashion-mnist", .*, an object without kind or an object of kind folder, manifest, npz, npy, cifar, webdataset, parquet or table; did you mean mnist\?$/,
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
        "  split.kind: missing, expected standard, pooled or hashed",
      ])
      assert.deepStrictEqual(yield* messages({ optimizer: { kind: "adam", learningRate: "0.1" } }), [
        '  optimizer.learningRate: found "0.1", expected a number or an object of kind constant, step, cosine, oneCycle or custom',
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
        "  metrics: found an array of 1, expected an object; omit it: every report has accuracy, error rate",
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
      ]) {
        assert.include(error.message.split("\n"), line, error.message)
      }
      // What is missing because it has another name is said once.
      assert.notMatch(error.message, /: missing/)
      assert.match(error.message, /model\[0\]\.activation: found "Relu", expected .*; did you mean relu\?/)
    }),
  )
})
