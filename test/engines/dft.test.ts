/** Convolutions in spectra, in ONNX and TensorFlow: what they are by definition, how exact, in slices, and where they are taken. */
import { assert, describe, it } from "@effect/vitest"
// oxlint-disable-next-line import/no-unassigned-import -- loading it registers the gradients of TensorFlow.js' kernels
import "@tensorflow/tfjs-layers"
import { Effect, Schema } from "effect"
import { compilePredict, compileStep } from "../../engines/onnx/compile.ts"
import { convolution, filterGradient, inputGradient } from "../../engines/onnx/convolution.ts"
import {
  convolutionInSpectra,
  filterGradientInSpectra,
  inputGradientInSpectra,
} from "../../engines/onnx/dft.ts"
import { OnnxGraph } from "../../engines/onnx/graph.ts"
import { Lowering } from "../../engines/onnx/Lowering.ts"
import { loadRuntime, openSession } from "../../engines/onnx/runtime.ts"
import { record } from "../../engines/trace/traceProgram.ts"
import { paysInSpectra, planOf, slicesOf } from "../../engines/dft/tables.ts"
import { savedModelOf, signature } from "../../engines/tensorflow/compile.ts"
import { Spectra } from "../../engines/tensorflow/dft.ts"
import { TensorFlowGraph } from "../../engines/tensorflow/graph.ts"
import { handOver } from "../../engines/tensorflow/copiedMemory.ts"
import { loadRuntime as loadTensorflow } from "../../engines/tensorflow/runtime.ts"
import { call, openSession as openTensorflow } from "../../engines/tensorflow/session.ts"
import { node, type Node, type Shape, sizeOf, type Window } from "../../engines/trace/graph.ts"
import { initialize } from "../../stages/model/initialize.ts"
import { randomKey } from "../../stages/random.ts"
import { layers } from "../../schemas/Model.ts"
import { emulatedBlocked } from "./emulatedBlocked.ts"
import { hasTensorflow, tensorflowThreads } from "./engines.ts"
import { programOf, relativeError } from "./training.ts"

/** [size, taps, stride, dilation, padding before, padding after] of an axis */
type Axis = readonly [number, number, number, number, number, number]

const windowOf = (
  batch: number,
  inChannels: number,
  outChannels: number,
  rows: Axis,
  columns: Axis,
): Window => {
  const outputs = ([size, taps, stride, dilation, before, after]: Axis) =>
    Math.floor((size + before + after - (taps - 1) * dilation - 1) / stride) + 1
  return {
    batch,
    inChannels,
    outChannels,
    inHeight: rows[0],
    inWidth: columns[0],
    outHeight: outputs(rows),
    outWidth: outputs(columns),
    height: rows[1],
    width: columns[1],
    strideHeight: rows[2],
    strideWidth: columns[2],
    dilationHeight: rows[3],
    dilationWidth: columns[3],
    top: rows[4],
    bottom: rows[5],
    left: columns[4],
    right: columns[5],
  }
}
const square = (size: number, taps: number, padding: number): Axis => [size, taps, 1, 1, padding, padding]

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

/** y = bias + Σ x·filter over the window; each product moves dx and dfilter by dy times the other factor. In float64. */
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
const spectral: Rules = [convolutionInSpectra, inputGradientInSpectra, filterGradientInSpectra]
const direct: Rules = [convolution, inputGradient, filterGradient]

/** By these rules on the onnx engine's portable path. */
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

/** By TensorFlow, which adds the bias elsewhere. */
const byTensorflow = Effect.fnUntraced(function* (window: Window, inputs: Inputs) {
  const { native } = yield* loadTensorflow(tensorflowThreads)
  const graph = new TensorFlowGraph()
  const spectra = new Spectra(graph, [])
  const shapes = shapesOf(window)
  const given = (["x", "filter", "dy"] as const).map(
    (name) => [name, { name: graph.placeholder(name, shapes[name]), shape: shapes[name] }] as const,
  )
  const [x, filter, dy] = given.map(([, { name }]) => name)
  const results = {
    y: { name: spectra.convolution(window, x, filter), shape: shapes.dy },
    dx: { name: spectra.inputGradient(window, dy, filter), shape: shapes.x },
    dfilter: { name: spectra.filterGradient(window, x, dy), shape: shapes.filter },
  }
  const model = savedModelOf(graph, { convolutions: signature(Object.fromEntries(given), results) })
  const { convolutions } = yield* openTensorflow(native, model, ["convolutions"])
  const feeds = given.map(([name, { shape }]) => {
    const memory = handOver(inputs[name].length)
    memory.set(inputs[name])
    return [name, native.tensor(memory, [...shape], "float32")] as const
  })
  return call(convolutions, Object.fromEntries(feeds), (outputs): Results => {
    const y = outputs.y.dataSync().map((sum, i) => sum + inputs.bias[i % window.outChannels])
    return { y, dx: outputs.dx.dataSync(), dfilter: outputs.dfilter.dataSync() }
  })
}, Effect.scoped)

const forms = {
  onnx: (window: Window, inputs: Inputs) => byOnnx(spectral, window, inputs),
  ...(hasTensorflow ? { tensorflow: byTensorflow } : {}),
}

/** The largest difference, as a share of the largest expected value, or of 1: windows may see nothing but padding. */
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
/** Taps, dilation, stride and padding of one to seven, two, three and seven pixels. */
const RandomAxis = Schema.Struct({
  beyond: between(0, 8),
  taps: between(1, 7),
  stride: between(1, 3),
  dilation: between(1, 2),
  before: between(0, 7),
  after: between(0, 7),
})
/** Large enough for one output. */
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

describe("a convolution in spectra and its gradients", () => {
  it.effect.prop(
    "are what they are by definition, for random windows, strides, dilations and paddings",
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

  it.effect("round no more than the direct form, by and large", () =>
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

  it.effect("are the same in slices of a batch whose spectra are too large", () =>
    Effect.gen(function* () {
      const window = windowOf(100, 8, 64, square(28, 5, 2), square(28, 5, 2))
      assert.isAbove(slicesOf(window, planOf(window)), 1)
      const inputs = inputsOf(window)
      const expected = yield* byOnnx(direct, window, inputs)
      for (const [engine, computed] of Object.entries(forms)) {
        const errors = errorsOf(yield* computed(window, inputs), expected)
        for (const [name, error] of Object.entries(errors)) {
          assert.isBelow(error, 5e-6, `${name} in ${engine}`)
        }
      }
    }),
  )
})

describe("a convolution is computed in spectra", () => {
  const [wide, first] = [
    (batch: number) => windowOf(batch, 32, 64, square(14, 5, 2), square(14, 5, 2)),
    (batch: number) => windowOf(batch, 1, 32, square(28, 5, 2), square(28, 5, 2)),
  ]
  for (const batch of [16, 50, 100, 1000]) {
    it(`in the second layer of the tutorials' network, not in the first, at batch ${batch}`, () => {
      assert.isTrue(paysInSpectra(wide(batch), true))
      assert.isFalse(paysInSpectra(first(batch), true))
    })
  }

  it("not where filters are small, images large, or channels few", () => {
    const windows = {
      "a pixel": windowOf(100, 64, 64, square(14, 1, 0), square(14, 1, 0)),
      "3×3 over a large image": windowOf(100, 32, 32, square(28, 3, 1), square(28, 3, 1)),
      "few channels": windowOf(100, 8, 16, square(14, 5, 2), square(14, 5, 2)),
      "a large image": windowOf(16, 32, 32, square(64, 5, 2), square(64, 5, 2)),
    }
    for (const [name, window] of Object.entries(windows)) assert.isFalse(paysInSpectra(window, true), name)
  })

  it("where both gradients share its spectra, before it is by itself", () => {
    const window = windowOf(100, 64, 64, square(14, 3, 1), square(14, 3, 1))
    assert.isTrue(paysInSpectra(window, true))
    assert.isFalse(paysInSpectra(window, false))
  })

  it("not where the spectra of the filters alone would be too large", () => {
    const of = (channels: number) => windowOf(50, channels, channels, square(8, 3, 1), square(8, 3, 1))
    assert.isTrue(paysInSpectra(of(128), true))
    assert.isFalse(paysInSpectra(of(512), true))
  })

  it("not where a batch cannot be cut into equal slices that are large enough", () => {
    assert.isFalse(paysInSpectra(wide(997), true))
  })

  it.effect("in training and in prediction, by the onnx engine on the fast path alone", () =>
    Effect.gen(function* () {
      const program = yield* programOf({
        model: [
          layers.conv2d({ filters: 32, kernelSize: 5, padding: "same", activation: "relu" }),
          layers.maxPooling2d(),
          layers.conv2d({ filters: 64, kernelSize: 5, padding: "same", activation: "relu" }),
          layers.flatten(),
          layers.dense({ units: 3 }),
        ],
        inputShape: [28, 28, 1],
        batchSize: 16,
      })
      const { feeds, inputShape, predict, step, variables } = program
      const trained = yield* record("onnx", variables, feeds, step)
      const images = { name: "images", shape: [250, ...inputShape] }
      const predicted = yield* record("onnx", variables, [images], (fed) => ({
        probabilities: predict(fed.images as Parameters<typeof predict>[0]),
      }))
      /** The products with a transposed operand are its gradients'; all that it is made of bears its layer's name. */
      const count = (model: Uint8Array, what: string) =>
        Buffer.from(model).toString("latin1").split(what).length - 1
      const blocked = emulatedBlocked(8)
      const [fast, portable] = [blocked, undefined].map((operators) => ({
        step: compileStep(trained, operators).model,
        predict: compilePredict(predicted, operators).model,
      }))
      assert.isAbove(count(fast.step, "FusedMatMul"), 0)
      assert.strictEqual(count(portable.step, "FusedMatMul"), 0)
      assert.isAbove(count(fast.predict, "/MatMul"), count(portable.predict, "/MatMul"))
    }),
  )
})
