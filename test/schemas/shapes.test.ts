import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { layers, Model } from "../../schemas/Model.ts"
import { inferShapes } from "../../schemas/shapes.ts"

const decode = Schema.decodeUnknownSync(Model)
const infer = (model: unknown, classes = 10) => inferShapes(decode(model), [28, 28, 1], classes)

describe("inferShapes", () => {
  it("gives the tutorial network's shapes and parameter counts", () => {
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

  it("counts windows as TensorFlow does: SAME ceil(28/2) = 14, VALID ceil((28-5+1)/2) = 12", () => {
    const head = [layers.flatten(), layers.dense({ units: 10 })]
    const output = (padding: "same" | "valid") =>
      Result.getOrThrow(
        infer([layers.conv2d({ filters: 1, kernelSize: 5, strides: 2, padding }), ...head]),
      )[0].output
    assert.deepStrictEqual(output("same"), [14, 14, 1])
    assert.deepStrictEqual(output("valid"), [12, 12, 1])
  })

  it("counts moving statistics among a batch normalization's parameters", () => {
    const shapes = Result.getOrThrow(
      infer([layers.batchNormalization({ center: false }), layers.flatten(), layers.dense({ units: 10 })]),
    )
    assert.strictEqual(shapes[0].parameters, 3)
  })

  it("follows a graph: sums keep the shape, joined channels add up", () => {
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

  it("counts the slopes of PReLU that are not shared", () => {
    const head = [layers.flatten(), layers.dense({ units: 10 })]
    const slopes = (options: Parameters<typeof layers.prelu>[0]) =>
      Result.getOrThrow(infer([layers.prelu(options), ...head]))[0].parameters
    assert.deepStrictEqual(
      [slopes({}), slopes({ sharedAxes: [1, 2] }), slopes({ sharedAxes: [2] })],
      [784, 1, 28],
    )
  })

  it("gives depthwise and separable convolutions their channels and weights", () => {
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

  const failures: ReadonlyArray<readonly [string, unknown, RegExp]> = [
    [
      "a window larger than the image names the layer and both shapes",
      [
        layers.maxPooling2d({ poolSize: 16 }),
        layers.conv2d({ name: "wide", filters: 4, kernelSize: 5 }),
        layers.flatten(),
        layers.dense({ units: 10 }),
      ],
      /layer wide does not fit: it is given \[1, 1, 1\], expected images of at least \[5, 5\]/,
    ],
    [
      "dense on images asks for flatten",
      [layers.dense({ units: 10 })],
      /dense_1 .* \[28, 28, 1\].*layers\.flatten/,
    ],
    [
      "a convolution after flatten is refused",
      [layers.flatten(), layers.conv2d({ filters: 1, kernelSize: 1 })],
      /conv2d_1 .* \[784\]/,
    ],
    [
      "a last layer of another width names the classes",
      [layers.flatten(), layers.dense({ units: 9 })],
      /dense_1 .* \[9\], expected \[10\]/,
    ],
    [
      "an axis shared that is not there is named",
      [layers.flatten(), layers.prelu({ sharedAxes: [1, 2] }), layers.dense({ units: 10 })],
      /prelu_1 .* \[784\], expected 2 axes or more, because axis 2 is shared; leave sharedAxes out/,
    ],
    [
      "images of two sizes are not added",
      [
        layers.conv2d({ filters: 4, kernelSize: 3, name: "a" }),
        layers.maxPooling2d(),
        layers.add({ inputs: ["a", "maxPooling2d_1"] }),
      ],
      /add_1 .* \[26, 26, 4\] of a and \[13, 13, 4\] of maxPooling2d_1, expected equal shapes; use padding "same"/,
    ],
    [
      "other channels are not added",
      [layers.conv2d({ filters: 4, kernelSize: 1 }), layers.add({ inputs: ["images", "conv2d_1"] })],
      /add_1 .* \[28, 28, 1\] of images and \[28, 28, 4\] of conv2d_1, .* kernelSize 1/,
    ],
    [
      "images and values are not joined",
      [layers.flatten(), layers.concatenate({ inputs: ["flatten_1", "images"] })],
      /concatenate_1 .* \[784\] of flatten_1 and \[28, 28, 1\] of images, .* equal but for the last axis/,
    ],
    [
      "a layer that takes a later one is refused: there is no circle",
      [layers.flatten({ inputs: ["dense_1"] }), layers.dense({ units: 10 })],
      /flatten_1 .* the output of dense_1, which is not before it, expected one of images; name a layer/,
    ],
    [
      "a name that no layer has is named, with those there are",
      [layers.flatten(), layers.dense({ units: 10, inputs: ["flaten"] })],
      /dense_1 .* the output of flaten, which there is not, expected one of images, flatten_1;/,
    ],
    [
      "a layer whose output leads nowhere is named",
      [
        layers.conv2d({ filters: 1, kernelSize: 1 }),
        layers.flatten({ inputs: ["images"] }),
        layers.dense({ units: 10 }),
      ],
      /conv2d_1 .* no way to the last layer.* or remove it/,
    ],
    [
      "two layers of one name are refused",
      [layers.flatten({ name: "a" }), layers.dense({ name: "a", units: 10 })],
      /the name a a second time/,
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
