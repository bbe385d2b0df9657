import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { layers, Model } from "../../schemas/experiment/Model.ts"
import { inferShapes } from "../../schemas/experiment/shapes.ts"

const decode = Schema.decodeUnknownSync(Model)
const infer = (model: unknown, classes = 10) => inferShapes(decode(model), [28, 28, 1], classes)

describe("inferShapes", () => {
  it("infers the shapes and parameters of the tutorial network", () => {
    const shapes = Result.getOrThrow(
      infer([
        layers.conv2d({ filters: 32, kernelSize: 5, padding: "same" }),
        layers.maxPooling2d(),
        layers.conv2d({ filters: 64, kernelSize: 5, padding: "same" }),
        layers.maxPooling2d(),
        layers.flatten(),
        layers.dense({ units: 1024 }),
        layers.dense({ units: 10 }),
      ]),
    )
    assert.deepStrictEqual(
      shapes.map(({ name, output, parameters }) => [name, output, parameters]),
      [
        ["conv2d_1", [28, 28, 32], 832],
        ["maxPooling2d_1", [14, 14, 32], 0],
        ["conv2d_2", [14, 14, 64], 51_264],
        ["maxPooling2d_2", [7, 7, 64], 0],
        ["flatten_1", [3136], 0],
        ["dense_1", [1024], 3_212_288],
        ["dense_2", [10], 10_250],
      ],
    )
  })

  it("counts the positions of windows as TensorFlow does: SAME ceil(28/2) = 14, VALID ceil((28-5+1)/2) = 12", () => {
    const head = [layers.flatten(), layers.dense({ units: 10 })]
    const output = (padding: "same" | "valid") =>
      Result.getOrThrow(
        infer([layers.conv2d({ filters: 1, kernelSize: 5, strides: 2, padding }), ...head]),
      )[0].output
    assert.deepStrictEqual(output("same"), [14, 14, 1])
    assert.deepStrictEqual(output("valid"), [12, 12, 1])
  })

  it("counts moving statistics as parameters of batch normalization", () => {
    const shapes = Result.getOrThrow(
      infer([layers.batchNormalization({ center: false }), layers.flatten(), layers.dense({ units: 10 })]),
    )
    assert.strictEqual(shapes[0].parameters, 3)
  })

  it("infers a graph: add keeps the shape, concatenate adds channels", () => {
    const shapes = Result.getOrThrow(
      infer([
        layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", name: "a" }),
        layers.conv2d({ filters: 4, kernelSize: 5, padding: "same", name: "b" }),
        layers.add({ inputs: ["a", "b"] }),
        layers.concatenate({ inputs: ["add_1", "images", "a"] }),
        layers.flatten(),
        layers.dense({ units: 10 }),
      ]),
    )
    assert.deepStrictEqual(
      shapes.slice(2, 5).map(({ inputs, output }) => [inputs, output]),
      [
        [
          ["a", "b"],
          [28, 28, 4],
        ],
        [
          ["add_1", "images", "a"],
          [28, 28, 9],
        ],
        [undefined, [28 * 28 * 9]],
      ],
    )
  })

  it("lists every layer that does not fit for a reason of its own, and none that reads one of them", () => {
    const failed = infer([
      layers.dense({ units: 5, name: "first" }),
      layers.conv2d({ filters: 4, kernelSize: 3, name: "second" }),
      layers.maxPooling2d({ name: "third" }),
      layers.dense({ units: 7, name: "last", inputs: ["nowhere"] }),
    ])
    if (Result.isSuccess(failed)) return assert.fail("it fits")
    assert.deepStrictEqual(failed.failure.message.split("\n"), [
      "4 layers do not fit:",
      "  layer first: found an input of [28, 28, 1], expected one row of values [values]; put layers.flatten() before it",
      "  layer second: found an input of [5], expected images [height, width, channels]; put it before the layer that flattens",
      "  layer last: found the input nowhere, which does not exist, expected one of images, first; name a layer before it",
      "  layer last: found an output of [7], expected [10], one value for each class; end the model with layers.dense({ units: 10 })",
    ])
  })

  it("counts the slopes of PReLU that are not shared", () => {
    const head = [layers.flatten(), layers.dense({ units: 10 })]
    const slopes = (options: Parameters<typeof layers.prelu>[0]) =>
      Result.getOrThrow(infer([layers.prelu(options), ...head]))[0].parameters
    assert.deepStrictEqual(
      [slopes({}), slopes({ sharedAxes: [1, 2] }), slopes({ sharedAxes: [2] })],
      [784, 1, 28],
    )
  })

  it("infers channels and parameters of depthwise and separable convolutions", () => {
    const shapes = Result.getOrThrow(
      infer([
        layers.conv2d({ filters: 4, kernelSize: 1 }),
        layers.depthwiseConv2d({ kernelSize: [3, 5], depthMultiplier: 2 }),
        layers.separableConv2d({ filters: 6, kernelSize: 3, strides: 2, padding: "same", useBias: false }),
        layers.globalAveragePooling2d(),
        layers.layerNormalization({ center: false }),
        layers.dense({ units: 10 }),
      ]),
    )
    assert.deepStrictEqual(
      shapes.slice(1, 5).map(({ output, parameters }) => [output, parameters]),
      [
        [[26, 24, 8], 3 * 5 * 4 * 2 + 8],
        [[13, 12, 6], 3 * 3 * 8 + 8 * 6],
        [[6], 0],
        [[6], 6],
      ],
    )
  })

  it("infers padding, up-sampling, group normalization and attention", () => {
    const shapes = Result.getOrThrow(
      infer([
        layers.zeroPadding2d({
          padding: [
            [1, 2],
            [3, 4],
          ],
        }),
        layers.upSampling2d({ size: [2, 1], name: "large" }),
        layers.zeroPadding2d({ padding: [2, 0], inputs: ["images"] }),
        layers.conv2d({ filters: 6, kernelSize: 4, strides: 4, name: "patches" }),
        layers.groupNormalization({ groups: 3 }),
        layers.groupNormalization({ groups: -1, center: false }),
        layers.spatialDropout2d({ rate: 0.5, name: "query" }),
        layers.multiHeadAttention({ numHeads: 2, keyDim: 5 }),
        layers.multiHeadAttention({
          inputs: ["multiHeadAttention_1", "large"],
          numHeads: 3,
          keyDim: 5,
          valueDim: 7,
          useBias: false,
        }),
        layers.flatten(),
        layers.dense({ units: 10 }),
      ]),
    )
    assert.deepStrictEqual(
      shapes.slice(0, 9).map(({ output, parameters }) => [output, parameters]),
      [
        [[31, 35, 1], 0],
        [[62, 35, 1], 0],
        [[32, 28, 1], 0],
        [[8, 7, 6], 4 * 4 * 6 + 6],
        [[8, 7, 6], 12],
        [[8, 7, 6], 6],
        [[8, 7, 6], 0],
        [[8, 7, 6], 4 * 6 * 10 + 3 * 10 + 6],
        [[8, 7, 6], 6 * 15 + 15 + 21 + 21 * 6],
      ],
    )
  })

  it("infers embeddings", () => {
    const shapes = Result.getOrThrow(
      inferShapes(
        decode([
          layers.embedding({ inputDim: 16, outputDim: 5 }),
          layers.positionEmbedding(),
          layers.globalAveragePooling2d(),
          layers.positionEmbedding(),
          layers.dense({ units: 10 }),
        ]),
        [4, 6, 3],
        10,
      ),
    )
    assert.deepStrictEqual(
      shapes.slice(0, 4).map(({ output, parameters }) => [output, parameters]),
      [
        [[4, 6, 15], 16 * 5],
        [[4, 6, 15], 4 * 6 * 15],
        [[15], 0],
        [[15], 15],
      ],
    )
  })

  const failures: ReadonlyArray<readonly [string, unknown, RegExp]> = [
    [
      "refuses an embedding of anything but the images",
      [
        layers.conv2d({ filters: 6, kernelSize: 1 }),
        layers.embedding({ inputDim: 8, outputDim: 2 }),
        layers.flatten(),
        layers.dense({ units: 10 }),
      ],
      /embedding_1 .* \[28, 28, 6\], expected the images, whose pixels have levels; put it first, or read inputs: \["images"\]/,
    ],
    [
      "refuses a window larger than the image, with the layer and both shapes",
      [
        layers.maxPooling2d({ poolSize: 16 }),
        layers.conv2d({ name: "wide", filters: 4, kernelSize: 5 }),
        layers.flatten(),
        layers.dense({ units: 10 }),
      ],
      /layer wide does not fit: found an input of \[1, 1, 1\], expected images of at least \[5, 5\]/,
    ],
    [
      "refuses dense on images, and suggests flatten",
      [layers.dense({ units: 10 })],
      /dense_1 .* \[28, 28, 1\].*layers\.flatten/,
    ],
    [
      "refuses a convolution after flatten",
      [layers.flatten(), layers.conv2d({ filters: 1, kernelSize: 1 })],
      /conv2d_1 .* \[784\]/,
    ],
    [
      "refuses a last layer whose outputs are not the classes",
      [layers.flatten(), layers.dense({ units: 9 })],
      /dense_1 .* \[9\], expected \[10\]/,
    ],
    [
      "refuses a shared axis that does not exist",
      [layers.flatten(), layers.prelu({ sharedAxes: [1, 2] }), layers.dense({ units: 10 })],
      /prelu_1 .* \[784\], expected 2 axes or more, because axis 2 is shared; omit sharedAxes/,
    ],
    [
      "refuses groups that cannot share the channels",
      [layers.conv2d({ filters: 6, kernelSize: 1 }), layers.groupNormalization({ groups: 4 })],
      /groupNormalization_1 .* \[28, 28, 6\], expected channels that 4 groups can share evenly; set groups to a divisor of 6/,
    ],
    [
      "refuses attention after flatten",
      [layers.flatten(), layers.multiHeadAttention({ numHeads: 1, keyDim: 1 })],
      /multiHeadAttention_1 .* \[784\], expected positions with values, .*; put it before the layer that flattens/,
    ],
    [
      "refuses a key with other positions than the value",
      [
        layers.maxPooling2d(),
        layers.multiHeadAttention({ inputs: ["images", "images", "maxPooling2d_1"], numHeads: 1, keyDim: 1 }),
      ],
      /multiHeadAttention_1 .* \[14, 14, 1\], expected a key with as many positions as the value \[28, 28, 1\]/,
    ],
    [
      "refuses to add images of two sizes",
      [
        layers.conv2d({ filters: 4, kernelSize: 3, name: "a" }),
        layers.maxPooling2d(),
        layers.add({ inputs: ["a", "maxPooling2d_1"] }),
      ],
      /add_1 .* \[26, 26, 4\] from a and \[13, 13, 4\] from maxPooling2d_1, expected equal shapes; use padding "same"/,
    ],
    [
      "refuses to add images with different channels",
      [layers.conv2d({ filters: 4, kernelSize: 1 }), layers.add({ inputs: ["images", "conv2d_1"] })],
      /add_1 .* \[28, 28, 1\] from images and \[28, 28, 4\] from conv2d_1, .* kernelSize 1/,
    ],
    [
      "refuses to concatenate images and values",
      [layers.flatten(), layers.concatenate({ inputs: ["flatten_1", "images"] })],
      /concatenate_1 .* \[784\] from flatten_1 and \[28, 28, 1\] from images, .* equal except for the last axis/,
    ],
    [
      "refuses a layer that reads a later one, so that there is no cycle",
      [layers.flatten({ inputs: ["dense_1"] }), layers.dense({ units: 10 })],
      /flatten_1 .* the input dense_1, which is not before it, expected one of images; name a layer/,
    ],
    [
      "refuses an input that no layer has, and lists the known names",
      [layers.flatten(), layers.dense({ units: 10, inputs: ["flaten"] })],
      /dense_1 .* the input flaten, which does not exist, expected one of images, flatten_1;/,
    ],
    [
      "refuses a layer whose output is not used",
      [
        layers.conv2d({ filters: 1, kernelSize: 1 }),
        layers.flatten({ inputs: ["images"] }),
        layers.dense({ units: 10 }),
      ],
      /conv2d_1 .* no path to the last layer.* or remove it/,
    ],
    [
      "refuses two layers of one name",
      [layers.flatten({ name: "a" }), layers.dense({ name: "a", units: 10 })],
      /a second layer of the name a, expected unique names/,
    ],
  ]
  for (const [fact, model, message] of failures) {
    it(fact, () => {
      const result = infer(model)
      assert.isTrue(Result.isFailure(result))
      if (Result.isFailure(result)) assert.match(result.failure.message, message)
    })
  }
})
