/** DFT convolutions in ONNX and TensorFlow, compared with the definition of a convolution: results, rounding and slices. */
import { assert, describe, it } from "@effect/vitest"
// oxlint-disable-next-line import/no-unassigned-import -- loading it registers the gradients of TensorFlow.js' kernels
import "@tensorflow/tfjs-layers"
import { Effect, Schema } from "effect"
import { convolution } from "../../../engines/onnx/lowering/convolution.ts"
import { filterGradient } from "../../../engines/onnx/lowering/filterGradient.ts"
import { inputGradient } from "../../../engines/onnx/lowering/inputGradient.ts"
import { lowerDftConvolution } from "../../../engines/onnx/lowering/dft.ts"
import { OnnxGraph } from "../../../engines/onnx/graph.ts"
import { Lowering } from "../../../engines/onnx/lowering/Lowering.ts"
import { loadRuntime, openSession } from "../../../engines/onnx/runtime.ts"
import { batchSlices } from "../../../engines/dft/cost.ts"
import { planDft } from "../../../engines/dft/plan.ts"
import { savedModelOf } from "../../../engines/tensorflow/compile.ts"
import { signature } from "../../../engines/tensorflow/signature.ts"
import { DftConvolutions } from "../../../engines/tensorflow/lowering/dft.ts"
import { TensorFlowGraph } from "../../../engines/tensorflow/graph.ts"
import { copiedMemory } from "../../../engines/tensorflow/copiedMemory.ts"
import { loadRuntime as loadTensorflow } from "../../../engines/tensorflow/runtime.ts"
import { call, openSession as openTensorflow } from "../../../engines/tensorflow/session.ts"
import { node, type Node, type Shape, sizeOf, type Window } from "../../../engines/trace/graph.ts"
import { initialize } from "../../../stages/model/initialize.ts"
import { randomKey } from "../../../stages/random.ts"
import { hasTensorflow, tensorflowThreads } from "../engines.ts"
import { relativeError } from "../training.ts"
import { type Axis, square, windowOf } from "./window.ts"

const shapesOf = (window: Window) => ({
  x: [window.batch, window.inHeight, window.inWidth, window.inChannels],
  filter: [window.height, window.width, window.inChannels, window.outChannels],
  bias: [window.outChannels],
  dy: [window.batch, window.outHeight, window.outWidth, window.outChannels],
})
const names = ["x", "filter", "bias", "dy"] as const
type Inputs = Readonly<Record<(typeof names)[number], Float32Array>>
interface Results {
  readonly y: Float32Array
  readonly dx: Float32Array
  readonly dfilter: Float32Array
}

const inputsOf = (window: Window): Inputs => {
  const shapes = shapesOf(window)
  const draw = (name: (typeof names)[number]) =>
    initialize({ kind: "randomUniform", minval: -1, maxval: 1 }, shapes[name], randomKey(1, name))
  return { x: draw("x"), filter: draw("filter"), bias: draw("bias"), dy: draw("dy") }
}

/** y = bias + Σ x·filter over the window; each product adds dy times the other factor to dx and dfilter. In float64. */
const byDefinition = (window: Window, { bias, dy, filter, x }: Inputs): Results => {
  const { inChannels, inHeight, inWidth, outChannels, outHeight, outWidth } = window
  const shapes = shapesOf(window)
  const y = Float64Array.from({ length: dy.length }, (_, i) => bias[i % outChannels])
  const dx = new Float64Array(sizeOf(shapes.x))
  const dfilter = new Float64Array(sizeOf(shapes.filter))
  for (let n = 0; n < window.batch; n++)
    for (let row = 0; row < outHeight; row++)
      for (let column = 0; column < outWidth; column++)
        for (let i = 0; i < window.height; i++)
          for (let j = 0; j < window.width; j++) {
            const top = row * window.strideHeight + i * window.dilationHeight - window.top
            const left = column * window.strideWidth + j * window.dilationWidth - window.left
            if (top < 0 || top >= inHeight || left < 0 || left >= inWidth) continue
            for (let c = 0; c < inChannels; c++)
              for (let k = 0; k < outChannels; k++) {
                const at = ((n * inHeight + top) * inWidth + left) * inChannels + c
                const weight = ((i * window.width + j) * inChannels + c) * outChannels + k
                const out = ((n * outHeight + row) * outWidth + column) * outChannels + k
                y[out] += x[at] * filter[weight]
                dx[at] += dy[out] * filter[weight]
                dfilter[weight] += dy[out] * x[at]
              }
          }
  return { y: Float32Array.from(y), dx: Float32Array.from(dx), dfilter: Float32Array.from(dfilter) }
}

type Rules = readonly [
  (value: Node<"Conv2D">, lowering: Lowering) => void,
  (value: Node<"Conv2DInputGradient">, lowering: Lowering) => void,
  (value: Node<"Conv2DFilterGradient">, lowering: Lowering) => void,
]
const dftRules: Rules = [lowerDftConvolution, lowerDftConvolution, lowerDftConvolution]
const directRules: Rules = [convolution, inputGradient, filterGradient]

/** Computed by these rules in ONNX with standard operators. */
const byOnnx = Effect.fnUntraced(function* (
  [forward, toInput, toFilter]: Rules,
  window: Window,
  inputs: Inputs,
) {
  const ort = yield* loadRuntime
  const graph = new OnnxGraph("convolutions")
  const shapes = shapesOf(window)
  const input = (name: (typeof names)[number]) =>
    node("layer", "Input", [], { name, kind: "feed" }, shapes[name])
  const [x, filter, bias, dy] = names.map(input)
  const y = node("layer", "Conv2D", [x, filter, bias], { window, relu: false }, shapes.dy)
  const dx = node("layer", "Conv2DInputGradient", [dy, filter], { window }, shapes.x)
  const dfilter = node("layer", "Conv2DFilterGradient", [x, dy], { window }, shapes.filter)
  const lowering = new Lowering(graph, [x, filter, bias, dy, y, dx, dfilter], undefined)
  for (const [i, value] of [x, filter, bias, dy].entries()) {
    lowering.write(value, "nhwc", graph.input(names[i], value.shape))
  }
  forward(y as Node<"Conv2D">, lowering)
  toInput(dx as Node<"Conv2DInputGradient">, lowering)
  toFilter(dfilter as Node<"Conv2DFilterGradient">, lowering)
  for (const [name, value] of Object.entries({ y, dx, dfilter })) {
    graph.ops("Identity", [lowering.read(value)], [name])
    graph.output(name, value.shape)
  }
  const session = yield* openSession(ort, graph.encode(), 1)
  const tensor = (data: Float32Array, shape: Shape) => new ort.Tensor("float32", data, [...shape])
  const feeds = Object.fromEntries(names.map((name) => [name, tensor(inputs[name], shapes[name])]))
  const outputs = yield* Effect.tryPromise(() => session.run(feeds))
  const read = (name: string) => outputs[name].data as Float32Array
  return { y: read("y"), dx: read("dx"), dfilter: read("dfilter") } satisfies Results
}, Effect.scoped)

/** Computed in TensorFlow. The engine adds the bias in another operation. */
const byTensorflow = Effect.fnUntraced(function* (window: Window, inputs: Inputs) {
  const { native } = yield* loadTensorflow(tensorflowThreads)
  const graph = new TensorFlowGraph()
  const dft = new DftConvolutions(graph, [])
  const shapes = shapesOf(window)
  const given = (["x", "filter", "dy"] as const).map(
    (name) => [name, { name: graph.placeholder(name, shapes[name]), shape: shapes[name] }] as const,
  )
  const [x, filter, dy] = given.map(([, { name }]) => name)
  const results = {
    y: { name: dft.lower("Conv2D", window, [x, filter]), shape: shapes.dy },
    dx: { name: dft.lower("Conv2DInputGradient", window, [dy, filter]), shape: shapes.x },
    dfilter: { name: dft.lower("Conv2DFilterGradient", window, [x, dy]), shape: shapes.filter },
  }
  const model = savedModelOf(graph, { convolutions: signature(Object.fromEntries(given), results) })
  const { convolutions } = yield* openTensorflow(native, model, ["convolutions"])
  const feeds = given.map(([name, { shape }]) => {
    const memory = copiedMemory(inputs[name].length)
    memory.set(inputs[name])
    return [name, native.tensor(memory, [...shape], "float32")] as const
  })
  return call(convolutions, Object.fromEntries(feeds), (outputs): Results => {
    const y = outputs.y.dataSync().map((sum, i) => sum + inputs.bias[i % window.outChannels])
    return { y, dx: outputs.dx.dataSync(), dfilter: outputs.dfilter.dataSync() }
  })
}, Effect.scoped)

const forms = {
  onnx: (window: Window, inputs: Inputs) => byOnnx(dftRules, window, inputs),
  ...(hasTensorflow ? { tensorflow: byTensorflow } : {}),
}

/** The largest difference, as a share of the largest expected value or of 1: windows may cover nothing but padding. */
const errorOf = (actual: Float32Array, expected: Float32Array): number => {
  const withOne = (values: Float32Array) => {
    const longer = new Float32Array(values.length + 1).fill(1)
    longer.set(values)
    return longer
  }
  return relativeError(withOne(actual), withOne(expected))
}
const errorsOf = (actual: Results, expected: Results) => ({
  y: errorOf(actual.y, expected.y),
  dx: errorOf(actual.dx, expected.dx),
  dfilter: errorOf(actual.dfilter, expected.dfilter),
})

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const RandomAxis = Schema.Struct({
  beyond: between(0, 8),
  taps: between(1, 7),
  stride: between(1, 3),
  dilation: between(1, 2),
  before: between(0, 7),
  after: between(0, 7),
})
/** An axis long enough for one output. */
const axisOf = ({ after, before, beyond, dilation, stride, taps }: typeof RandomAxis.Type): Axis => [
  Math.max(1, (taps - 1) * dilation + 1 - before - after) + beyond,
  taps,
  stride,
  dilation,
  before,
  after,
]
const RandomWindow = Schema.Struct({
  batch: between(1, 4),
  inChannels: between(1, 5),
  outChannels: between(1, 5),
  rows: RandomAxis,
  columns: RandomAxis,
})

describe("a DFT convolution and its gradients", () => {
  it.effect.prop(
    "match the definition for random windows, strides, dilations and paddings",
    [RandomWindow],
    ([{ batch, columns, inChannels, outChannels, rows }]) =>
      Effect.gen(function* () {
        const window = windowOf(batch, inChannels, outChannels, axisOf(rows), axisOf(columns))
        const inputs = inputsOf(window)
        const expected = byDefinition(window, inputs)
        for (const [engine, computed] of Object.entries(forms)) {
          const errors = errorsOf(yield* computed(window, inputs), expected)
          for (const [name, error] of Object.entries(errors)) {
            assert.isBelow(error, 1e-5, `${name} in ${engine}`)
          }
        }
      }),
    { timeout: 60_000, arbitrary: { runs: 60 } },
  )

  it.effect("have rounding errors of the size of the direct form's", () =>
    Effect.gen(function* () {
      const window = windowOf(8, 32, 64, square(14, 5, 2), square(14, 5, 2))
      const inputs = inputsOf(window)
      const expected = byDefinition(window, inputs)
      for (const [engine, computed] of Object.entries(forms)) {
        const errors = errorsOf(yield* computed(window, inputs), expected)
        // The direct form is off by 2e-7 to 5e-7, Winograd's by 4e-6.
        for (const [name, error] of Object.entries(errors)) {
          assert.isBelow(error, 1.5e-6, `${name} in ${engine}`)
        }
      }
    }),
  )

  it.effect("match the direct form when the batch is cut into slices", () =>
    Effect.gen(function* () {
      const window = windowOf(100, 8, 64, square(28, 5, 2), square(28, 5, 2))
      assert.isAbove(batchSlices(window, planDft(window)), 1)
      const inputs = inputsOf(window)
      const expected = yield* byOnnx(directRules, window, inputs)
      for (const [engine, computed] of Object.entries(forms)) {
        const errors = errorsOf(yield* computed(window, inputs), expected)
        for (const [name, error] of Object.entries(errors)) {
          assert.isBelow(error, 5e-6, `${name} in ${engine}`)
        }
      }
    }),
  )
})
