/**
 * Convolutions as products of spectra (`../dft/tables.ts`), all in MatMul.
 *
 * V, U and Oᵀ(dy) are made once for the two that need each, or again for every slice of a batch whose spectra are large.
 */
import {
  acrossMatrix,
  downMatrix,
  type Matrix,
  type Plan,
  planOf,
  type Side,
  slicesOf,
  transposed,
} from "../dft/tables.ts"
import type { Node, Shape, Value, Window } from "../trace/graph.ts"
import { type Name, OnnxGraph } from "./graph.ts"
import { imageShape, type Lowering } from "./Lowering.ts"

const constantOf = (graph: OnnxGraph, matrix: Matrix): Name =>
  graph.constant(Float32Array.from(matrix.flat()), [matrix.length, matrix[0].length])

/** [rows, columns, rest] -> [positions, rest] */
const analyze = (graph: OnnxGraph, plan: Plan, side: Side, x: Name, rest: number): Name => {
  const { columns, rows } = side
  const flat = graph.reshape(x, [rows.length, columns.length * rest])
  const down = graph.op("MatMul", [constantOf(graph, downMatrix(plan, side)), flat])
  const complex = graph.reshape(down, [plan.height / 2, 2 * columns.length, rest])
  return graph.op("MatMul", [constantOf(graph, acrossMatrix(plan, side)), complex])
}

/** The adjoint: [positions, rest] -> [rows, columns · rest], to which `bias` [columns · rest] is added. */
const synthesize = (
  graph: OnnxGraph,
  plan: Plan,
  side: Side,
  spectrum: Name,
  rest: number,
  bias: ReadonlyArray<Name> = [],
): Name => {
  const parts = graph.reshape(spectrum, [plan.height / 2, 3 * plan.width, rest])
  const complex = graph.op("MatMul", [constantOf(graph, transposed(acrossMatrix(plan, side))), parts])
  const flat = graph.reshape(complex, [plan.height, side.columns.length * rest])
  return graph.op("Gemm", [constantOf(graph, transposed(downMatrix(plan, side))), flat, ...bias])
}

/** [examples, rows, columns, channels] -> [positions, examples, channels] */
const imageSpectrum = (graph: OnnxGraph, plan: Plan, side: Side, image: Name, shape: Shape): Name => {
  const [examples, , , channels] = shape
  const pixelsFirst = graph.transpose(image, [1, 2, 0, 3])
  const spectrum = analyze(graph, plan, side, pixelsFirst, examples * channels)
  return graph.reshape(spectrum, [plan.positions, examples, channels])
}

/** [rows, columns · examples · channels] -> [examples, rows, columns, channels] */
const examplesFirst = (graph: OnnxGraph, image: Name, [examples, rows, columns, channels]: Shape): Name =>
  graph.transpose(graph.reshape(image, [rows, columns, examples, channels]), [2, 0, 1, 3])

/** [positions, in, out], made once. */
const filterSpectrum = (filter: Value, lowering: Lowering, window: Window): Name =>
  lowering.derive(filter, `spectrum ${JSON.stringify(window)}`, () => {
    const { graph } = lowering
    const { inChannels, outChannels } = window
    const plan = planOf(window)
    const spectrum = analyze(graph, plan, plan.filter, lowering.read(filter), inChannels * outChannels)
    return graph.reshape(spectrum, [plan.positions, inChannels, outChannels])
  })

/** A matrix product at every position, one of its operands transposed. */
const transposedProduct = (graph: OnnxGraph, a: Name, b: Name, which: "transA" | "transB"): Name =>
  graph.op("FusedMatMul", [a, b], { [which]: { i: 1 } }, "com.microsoft")

/**
 * What `make` computes of the spectra of images: at once, each spectrum made once and kept for who else wants it, or, where
 * they are too large, slice by slice of the batch with nothing kept: then [slices, ...shape of one].
 */
const overSlices = (
  lowering: Lowering,
  window: Window,
  images: ReadonlyArray<readonly [Value, "image" | "output"]>,
  make: (graph: OnnxGraph, spectra: ReadonlyArray<Name>, examples: number) => Name,
  shapeOf: (examples: number) => Shape,
): Name => {
  const { graph } = lowering
  const plan = planOf(window)
  const slices = slicesOf(window, plan)
  const examples = window.batch / slices
  if (slices === 1) {
    const spectra = images.map(([image, key]) =>
      lowering.derive(image, `spectrum ${key} ${JSON.stringify(window)}`, () =>
        imageSpectrum(graph, plan, plan[key], lowering.read(image), image.shape),
      ),
    )
    return make(graph, spectra, examples)
  }
  const body = new OnnxGraph("slice", graph)
  body.layer = graph.layer
  const spectra = images.map(([image, key]) => {
    const shape = [examples, ...image.shape.slice(1)]
    return imageSpectrum(body, plan, plan[key], body.input(body.fresh("slice"), shape), shape)
  })
  body.yield(make(body, spectra, examples), shapeOf(examples))
  const stacked = images.map(([image]) =>
    graph.reshape(lowering.read(image), [slices, examples, ...image.shape.slice(1)]),
  )
  return graph.op("Scan", stacked, { body: { g: body }, num_scan_inputs: { i: stacked.length } })
}

/** In blocks where the channels fill them, as the direct form leaves it. */
const writeImage = (value: Value, lowering: Lowering, image: Name): void => {
  const { blocked, graph } = lowering
  const shape = imageShape(value.shape)
  const whole = graph.reshape(image, value.shape)
  if (blocked !== undefined && shape[1] % blocked.block === 0) {
    lowering.write(value, "nchwc", blocked.reorderInput(graph, whole, shape, true))
  } else lowering.write(value, "nhwc", whole)
}

export const convolutionInSpectra = (value: Node<"Conv2D">, lowering: Lowering): void => {
  const { relu, window } = value.attributes
  const { outChannels, outWidth } = window
  const [x, filter, bias] = value.inputs as ReadonlyArray<Value | undefined> as [
    Value,
    Value,
    Value | undefined,
  ]
  const plan = planOf(window)
  const filters = filterSpectrum(filter, lowering, window)
  const biasName = bias === undefined ? undefined : lowering.read(bias)
  const shapeOf = (examples: number) => [examples, ...value.shape.slice(1)]
  const y = overSlices(
    lowering,
    window,
    [[x, "image"]],
    (graph, [images], examples) => {
      const rest = examples * outChannels
      const spread = (name: Name) => {
        const pixels = graph.op("Expand", [name, graph.ints([outWidth * examples, outChannels])])
        return graph.reshape(pixels, [outWidth * rest])
      }
      const spectrum = graph.op("MatMul", [images, filters])
      const added = biasName === undefined ? [] : [spread(biasName)]
      const sum = synthesize(graph, plan, plan.output, spectrum, rest, added)
      return examplesFirst(graph, relu ? graph.op("Relu", [sum]) : sum, shapeOf(examples))
    },
    shapeOf,
  )
  writeImage(value, lowering, y)
}

export const inputGradientInSpectra = (value: Node<"Conv2DInputGradient">, lowering: Lowering): void => {
  const { window } = value.attributes
  const [dy, filter] = value.inputs
  const plan = planOf(window)
  const filters = filterSpectrum(filter, lowering, window)
  const shapeOf = (examples: number) => [examples, ...value.shape.slice(1)]
  const dx = overSlices(
    lowering,
    window,
    [[dy, "output"]],
    (graph, [gradients], examples) => {
      const spectrum = transposedProduct(graph, gradients, filters, "transB")
      const image = synthesize(graph, plan, plan.image, spectrum, examples * window.inChannels)
      return examplesFirst(graph, image, shapeOf(examples))
    },
    shapeOf,
  )
  writeImage(value, lowering, dx)
}

export const filterGradientInSpectra = (value: Node<"Conv2DFilterGradient">, lowering: Lowering): void => {
  const { window } = value.attributes
  const [x, dy] = value.inputs
  const plan = planOf(window)
  const parts = overSlices(
    lowering,
    window,
    [
      [x, "image"],
      [dy, "output"],
    ],
    (graph, [images, gradients]) => {
      const spectrum = transposedProduct(graph, images, gradients, "transA")
      const { inChannels, outChannels } = window
      const gradient = synthesize(graph, plan, plan.filter, spectrum, inChannels * outChannels)
      return graph.reshape(gradient, value.shape)
    },
    () => value.shape,
  )
  const { graph } = lowering
  const sum = () => graph.op("ReduceSum", [parts, graph.ints([0])], { keepdims: { i: 0 } })
  lowering.write(value, "nhwc", slicesOf(window, plan) === 1 ? parts : sum())
}
