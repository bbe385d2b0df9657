/**
 * DFT convolutions (`../../dft/convolution.ts`) in ONNX, all in MatMul: (convolution or gradient, Lowering) -> its value written.
 *
 * A DFT that two of the three use is computed once. If the DFTs of a whole batch are too large, a Scan iterates over slices of
 * the batch, and each of the three computes the DFTs of a slice again. Bias and ReLU are fused into the last product.
 */
import { batchSlices } from "../../dft/cost.ts"
import {
  DftConvolution,
  type DftOperations,
  type DftProduct,
  dftProducts,
  operandDfts,
} from "../../dft/convolution.ts"
import { planDft, shapeOf, type SideName } from "../../dft/plan.ts"
import type { Node, Value } from "../../trace/graph.ts"
import { type Name, OnnxGraph } from "../graph.ts"
import { imageShape, type Lowering } from "./Lowering.ts"

export type Convolution = Extract<Value, { readonly op: DftProduct }>

const operationsOf = (graph: OnnxGraph): DftOperations => ({
  constant: (matrix) => graph.constant(Float32Array.from(matrix.flat()), [matrix.length, matrix[0].length]),
  reshape: (x, shape) => graph.reshape(x, shape),
  matMul: (a, b) => graph.op("MatMul", [a, b]),
  lastMatMul: (a, b) => graph.op("Gemm", [a, b]),
  batchMatMul: (a, b, transpose) => {
    if (transpose === undefined) return graph.op("MatMul", [a, b])
    const attribute = transpose === "first" ? "transA" : "transB"
    return graph.op("FusedMatMul", [a, b], { [attribute]: { i: 1 } }, "com.microsoft")
  },
  pixelsFirst: (image) => graph.transpose(image, [1, 2, 0, 3]),
  examplesFirst: (pixels, [examples, rows, columns, channels]) =>
    graph.transpose(graph.reshape(pixels, [rows, columns, examples, channels]), [2, 0, 1, 3]),
})

/** Bias [channels] and ReLU as part of the last product, whose [rows, columns · examples · channels] has the channels last. */
const withBiasAndRelu = (
  graph: OnnxGraph,
  { attributes, inputs }: Node<"Conv2D">,
  examples: number,
  lowering: Lowering,
): DftOperations => ({
  ...operationsOf(graph),
  lastMatMul: (a, b) => {
    const { outChannels, outWidth } = attributes.window
    const added = inputs.slice(2).map((bias) => {
      const pixels = outWidth * examples
      const spread = graph.op("Expand", [lowering.read(bias), graph.ints([pixels, outChannels])])
      return graph.reshape(spread, [pixels * outChannels])
    })
    const sum = graph.op("Gemm", [a, b, ...added])
    return attributes.relu ? graph.op("Relu", [sum]) : sum
  },
})

const convolutionIn = (graph: OnnxGraph, value: Convolution, examples: number, lowering: Lowering) => {
  const operations =
    value.op === "Conv2D" ? withBiasAndRelu(graph, value, examples, lowering) : operationsOf(graph)
  return new DftConvolution(operations, value.attributes.window, examples)
}

/** The DFT of an operand for the whole batch, made once for all that use it. */
const sharedDft = (value: Convolution, side: SideName, operand: number, lowering: Lowering): Name => {
  const { window } = value.attributes
  const input = value.inputs[operand]
  return lowering.derive(input, `dft ${side} ${JSON.stringify(window)}`, () =>
    new DftConvolution(operationsOf(lowering.graph), window, window.batch).transform(
      side,
      lowering.read(input),
    ),
  )
}

const multiplyBatch = (value: Convolution, lowering: Lowering): Name => {
  const { batch } = value.attributes.window
  const dfts = operandDfts(value.op, (side, operand) => sharedDft(value, side, operand, lowering))
  return convolutionIn(lowering.graph, value, batch, lowering).multiply(value.op, dfts)
}

/** Slice by slice of the batch, no DFT of a slice kept: [slices, ...shape of one slice's result] */
const multiplySlices = (value: Convolution, lowering: Lowering, slices: number): Name => {
  const { graph } = lowering
  const { window } = value.attributes
  const { result } = dftProducts[value.op]
  const examples = window.batch / slices
  const body = new OnnxGraph("slice", graph)
  body.layer = graph.layer
  const convolution = convolutionIn(body, value, examples, lowering)
  const scanned: Array<Name> = []
  const dfts = operandDfts(value.op, (side, operand) => {
    if (side === "filter") return sharedDft(value, side, operand, lowering)
    const shape = shapeOf(window, side, examples)
    scanned.push(graph.reshape(lowering.read(value.inputs[operand]), [slices, ...shape]))
    return convolution.transform(side, body.input(body.fresh("slice"), shape))
  })
  body.yield(convolution.multiply(value.op, dfts), shapeOf(window, result, examples))
  return graph.op("Scan", scanned, { body: { g: body }, num_scan_inputs: { i: scanned.length } })
}

/** Writes an image in blocks if its channels fill them, as the direct form does. */
const writeImage = (value: Value, lowering: Lowering, image: Name): void => {
  const { blocked, graph } = lowering
  const shape = imageShape(value.shape)
  const whole = graph.reshape(image, value.shape)
  if (blocked !== undefined && shape[1] % blocked.block === 0) {
    lowering.write(value, "nchwc", blocked.reorderInput(graph, whole, shape, true))
  } else lowering.write(value, "nhwc", whole)
}

export const lowerDftConvolution = (value: Convolution, lowering: Lowering): void => {
  const { graph } = lowering
  const { window } = value.attributes
  const slices = batchSlices(window, planDft(window))
  const result = slices === 1 ? multiplyBatch(value, lowering) : multiplySlices(value, lowering, slices)
  if (value.op !== "Conv2DFilterGradient") return writeImage(value, lowering, result)
  const sum = () => graph.op("ReduceSum", [result, graph.ints([0])], { keepdims: { i: 0 } })
  lowering.write(value, "nhwc", slices === 1 ? result : sum())
}
