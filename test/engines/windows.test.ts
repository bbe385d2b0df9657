/**
 * Convolutions with random windows, strides and dilations compared with their definition, written as loops: forward and both
 * gradients. TensorFlow.js has no gradient of a dilated convolution, so the reference engine cannot be used here.
 */
import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { Effect, Schema } from "effect"
import { Engine, type Program } from "../../engines/Engine.ts"
import { useCpuBackend } from "../../engines/trace/cpuBackend.ts"
import { initialize } from "../../stages/model/initialize.ts"
import { randomKey } from "../../stages/random.ts"
import { enginesUnderTest } from "./engines.ts"
import { relativeError } from "./training.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const Window = Schema.Struct({
  depthwise: Schema.Boolean,
  batch: between(1, 9),
  /** At least the 7 pixels that a filter of 3 with a dilation of 3 covers. */
  height: between(7, 11),
  width: between(7, 11),
  channels: Schema.Literals([1, 3, 8, 16]),
  filters: Schema.Literals([1, 2, 8, 16]),
  kernel: Schema.Tuple([between(1, 3), between(1, 3)]),
  padding: Schema.Literals(["valid", "same"]),
  /** A convolution has a stride or a dilation. */
  steps: Schema.Literals(["stride", "dilation"]),
  step: Schema.Tuple([between(1, 3), between(1, 2)]),
})

interface Convolution {
  readonly depthwise: boolean
  readonly x: readonly [number, number, number, number]
  readonly filter: readonly [number, number, number, number]
  readonly strides: readonly [number, number]
  readonly dilations: readonly [number, number]
  readonly pad: "valid" | "same"
}

const convolutionOf = (window: typeof Window.Type): Convolution => {
  const { batch, channels, depthwise, filters, height, kernel, padding, step, steps, width } = window
  // TensorFlow's depthwise convolutions have equal strides in both directions.
  const equal = depthwise ? ([step[0], step[0]] as const) : step
  return {
    depthwise,
    x: [batch, height, width, channels],
    filter: [kernel[0], kernel[1], channels, depthwise ? Math.min(filters, 2) : filters],
    strides: steps === "stride" ? equal : [1, 1],
    dilations: steps === "dilation" ? step : [1, 1],
    pad: padding,
  }
}

/** From 0 to 1: sums of their products are not near 0, where rounding errors would dominate. */
const draw = (what: string, shape: ReadonlyArray<number>) =>
  initialize({ kind: "randomUniform", minval: 0, maxval: 1 }, shape, randomKey(1, what))

const infoOf = ({ depthwise, dilations, filter, pad, strides, x }: Convolution) =>
  tf.backend_util.computeConv2DInfo(
    [...x],
    [...filter],
    [...strides],
    [...dilations],
    pad,
    undefined,
    depthwise,
  )

/** y = Σ x·filter over the window; each product adds dy times the other factor to dx and dfilter. */
const byDefinition = (convolution: Convolution, x: Float32Array, filter: Float32Array, dy: Float32Array) => {
  const { depthwise, dilations, filter: shape, strides, x: image } = convolution
  const [batch, height, width, channels] = image
  const [rows, columns, , filters] = shape
  const { outChannels, outHeight, outWidth, padInfo } = infoOf(convolution)
  const dx = new Float64Array(x.length)
  const dfilter = new Float64Array(filter.length)
  let loss = 0
  for (let n = 0; n < batch; n++)
    for (let row = 0; row < outHeight; row++)
      for (let column = 0; column < outWidth; column++)
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++) {
            const top = row * strides[0] + i * dilations[0] - padInfo.top
            const left = column * strides[1] + j * dilations[1] - padInfo.left
            if (top < 0 || top >= height || left < 0 || left >= width) continue
            for (let c = 0; c < channels; c++)
              for (let k = 0; k < filters; k++) {
                const out = depthwise ? c * filters + k : k
                const at = ((n * height + top) * width + left) * channels + c
                const weight = ((i * columns + j) * channels + c) * filters + k
                const change = dy[((n * outHeight + row) * outWidth + column) * outChannels + out]
                loss += change * x[at] * filter[weight]
                dx[at] += change * filter[weight]
                dfilter[weight] += change * x[at]
              }
          }
  return { loss: Float32Array.of(loss), dx: Float32Array.from(dx), dfilter: Float32Array.from(dfilter) }
}

/** A step whose loss is Σ y·dy, and whose variables become the gradients. */
const programOf = (convolution: Convolution, filterValues: Float32Array) => {
  const { depthwise, dilations, filter, pad, strides, x } = convolution
  const attributes = { strides: [...strides], dilations: [...dilations], pad, dataFormat: "NHWC" }
  const run = (kernel: string, inputs: Readonly<Record<string, tf.Tensor>>, more = {}) =>
    tf.engine().runKernel(kernel, { ...inputs }, { ...attributes, ...more }) as tf.Tensor
  const [forward, inputGradient, filterGradient] = depthwise
    ? [
        tf.DepthwiseConv2dNative,
        tf.DepthwiseConv2dNativeBackpropInput,
        tf.DepthwiseConv2dNativeBackpropFilter,
      ]
    : [tf.Conv2D, tf.Conv2DBackpropInput, tf.Conv2DBackpropFilter]
  const variables = tf.tidy(() => [
    tf.variable(tf.tensor(filterValues, [...filter])),
    tf.variable(tf.zeros([...x])),
  ])
  const program: Program = {
    batchSize: x[0],
    inputShape: [x[1], x[2], x[3]],
    classes: 1,
    feeds: [
      { name: "images", shape: x },
      { name: "dy", shape: infoOf(convolution).outShape },
    ],
    variables,
    step: ({ dy, images }) => {
      const loss = tf.sum(tf.mul(run(forward, { x: images, filter: variables[0] }), dy)) as tf.Scalar
      const dx = run(inputGradient, { dy, filter: variables[0] }, { inputShape: [...x] })
      variables[0].assign(run(filterGradient, { x: images, dy }, { filterShape: [...filter] }))
      variables[1].assign(dx)
      return { loss, errorRate: loss }
    },
    predict: (images) => tf.reshape(tf.sum(images, [1, 2, 3]), [-1, 1]),
  }
  return program
}

/** Every engine's results, where it can compute them. */
const compare = Effect.fnUntraced(function* (convolution: Convolution) {
  useCpuBackend()
  const [x, filter] = [draw("x", convolution.x), draw("filter", convolution.filter)]
  const dy = draw("dy", infoOf(convolution).outShape)
  const expected = byDefinition(convolution, x, filter, dy)
  const isDilated = convolution.dilations.some((dilation) => dilation > 1)
  for (const [engine, layer] of Object.entries(enginesUnderTest)) {
    // TensorFlow has no gradient of a dilated convolution on this kind of processor.
    if (isDilated && engine === "tensorflow") continue
    const { gradients, losses } = yield* Effect.gen(function* () {
      const program = yield* Effect.acquireRelease(
        Effect.sync(() => programOf(convolution, filter)),
        ({ variables }) => Effect.sync(() => tf.dispose([...variables])),
      )
      const trainer = yield* (yield* Engine).compile(program)
      const { losses } = yield* trainer.train(1, { images: x, dy })
      return { losses, gradients: yield* trainer.state }
    }).pipe(Effect.scoped, Effect.provide(layer))
    assert.isBelow(relativeError(losses, expected.loss), 1e-5, engine)
    assert.isBelow(relativeError(gradients[0].data, expected.dfilter), 2e-5, `${engine} filter`)
    assert.isBelow(relativeError(gradients[1].data, expected.dx), 2e-5, `${engine} x`)
  }
})

/** Of filter gradients whose batch is cut: [batch, height and width, channels, filters, filter's height and width, stride, padding]. */
const cutBatches = [
  // Few channels, cut into pieces that fill whole blocks: several pieces of an image in a group, several images, one.
  [10, 12, 1, 16, 5, 1, "valid"],
  [4, 8, 1, 32, 3, 1, "same"],
  [20, 12, 3, 16, 5, 2, "same"],
  [16, 9, 1, 48, 3, 1, "valid"],
  [3, 12, 1, 16, 3, 2, "valid"],
  // Filled up with zeros.
  [17, 9, 1, 16, 3, 1, "valid"],
  [9, 10, 3, 32, 3, 1, "same"],
  [19, 11, 2, 32, 4, 2, "same"],
  // Rows and columns that no window covers.
  [18, 12, 1, 16, 3, 2, "valid"],
  // Whole blocks, and a rest.
  [18, 7, 16, 16, 3, 1, "same"],
  [20, 6, 16, 32, 3, 2, "same"],
  [35, 5, 32, 16, 3, 1, "valid"],
  [24, 8, 16, 16, 3, 2, "valid"],
  [27, 5, 16, 16, 3, 1, "valid"],
] as const

describe("a convolution and its gradients match their definition", () => {
  it.effect.prop(
    "for random windows, strides and dilations",
    [Window],
    ([window]) => compare(convolutionOf(window)),
    { timeout: 60_000, arbitrary: { runs: 30 } },
  )

  it.effect.each(cutBatches)(
    "for batch %d, size %d, channels %d, filters %d, kernel %d, stride %d, padding %s",
    ([batch, size, channels, filters, kernel, stride, pad]) =>
      compare({
        depthwise: false,
        x: [batch, size, size, channels],
        filter: [kernel, kernel, channels, filters],
        strides: [stride, stride],
        dilations: [1, 1],
        pad,
      }),
    60_000,
  )
})
