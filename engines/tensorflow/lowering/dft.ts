/**
 * DFT convolutions (`../../dft/convolution.ts`) in TensorFlow, all in MatMul and BatchMatMulV2.
 *
 * A DFT that two of the three use is computed once. If the DFTs of a whole batch are too large, each of the three iterates over
 * slices of the batch and computes the DFTs of a slice again. A slice waits for the one before it, so that a convolution has
 * one slice in memory. TensorFlow's own optimizer fuses bias and ReLU.
 */
import { batchSlices, isDftFaster } from "../../dft/cost.ts"
import {
  DftConvolution,
  type DftOperations,
  type DftProduct,
  dftProducts,
  operandDfts,
} from "../../dft/convolution.ts"
import { planDft, shapeOf, type SideName } from "../../dft/plan.ts"
import type { Node, Shape, Value, Window } from "../../trace/graph.ts"
import { after, type Name, type TensorFlowGraph, typeAttribute } from "../graph.ts"

const T = typeAttribute("float32")
const index = typeAttribute("int32")

const operationsOf = (graph: TensorFlowGraph): DftOperations => {
  const reshape = (x: Name, shape: Shape) =>
    graph.op("Reshape", [x, graph.integers(shape)], { T, Tshape: index })
  /** [a, b, c] -> [b, a, c]: with three axes, TensorFlow's own kernel, faster than oneDNN's with four. */
  const swap = (x: Name, shape: Shape) =>
    graph.op("Transpose", [reshape(x, shape), graph.integers([1, 0, 2])], { T, Tperm: index })
  const matMul = (a: Name, b: Name) => graph.op("MatMul", [a, b], { T })
  return {
    constant: (matrix) =>
      graph.constant(Float32Array.from(matrix.flat()), [matrix.length, matrix[0].length], "float32"),
    reshape,
    matMul,
    lastMatMul: matMul,
    batchMatMul: (a, b, transpose) => {
      const adjoint = { adj_x: { b: transpose === "first" }, adj_y: { b: transpose === "second" } }
      return graph.op("BatchMatMulV2", [a, b], { T, ...adjoint })
    },
    pixelsFirst: (image, [examples, rows, columns, channels]) =>
      swap(image, [examples, rows * columns, channels]),
    examplesFirst: (pixels, shape) => {
      const [examples, rows, columns, channels] = shape
      return reshape(swap(pixels, [rows * columns, examples, channels]), shape)
    },
  }
}

/** Writes the convolutions of one list of values, with the DFTs that they share. */
export class DftConvolutions {
  readonly #graph: TensorFlowGraph
  /** The filters and dy that an input's gradient is computed from. */
  readonly #shared: ReadonlySet<Value>
  readonly #dfts = new Map<string, Name>()

  constructor(graph: TensorFlowGraph, values: ReadonlyArray<Value>) {
    this.#graph = graph
    this.#shared = new Set(values.flatMap(({ inputs, op }) => (op === "Conv2DInputGradient" ? inputs : [])))
  }

  /** Whether the DFT is faster. It needs fewer transforms if the input's gradient shares operands with the two others. */
  isFaster({ attributes, inputs }: Node<DftProduct>): boolean {
    return isDftFaster(
      attributes.window,
      inputs.some((input) => this.#shared.has(input)),
    )
  }

  /** A convolution without bias, or one of its gradients. */
  lower(product: DftProduct, window: Window, inputs: ReadonlyArray<Name>): Name {
    const slices = batchSlices(window, planDft(window))
    const examples = window.batch / slices
    const convolution = new DftConvolution(operationsOf(this.#graph), window, examples)
    const parts: Array<Name> = []
    for (let slice = 0; slice < slices; slice++) {
      const dfts = operandDfts(product, (side, operand) => {
        const input = inputs[operand]
        if (slices === 1 || side === "filter") return this.#sharedDft(convolution, window, side, input)
        const shape = shapeOf(window, side, examples)
        return convolution.transform(side, this.#slice(input, slice * examples, shape, parts.at(-1)))
      })
      parts.push(convolution.multiply(product, dfts))
    }
    if (slices === 1) return parts[0]
    return dftProducts[product].result === "filter" ? this.#sum(parts) : this.#join(parts)
  }

  #sharedDft(convolution: DftConvolution, window: Window, side: SideName, operand: Name): Name {
    const key = `${operand} ${side} ${JSON.stringify(window)}`
    const dft = this.#dfts.get(key) ?? convolution.transform(side, operand)
    this.#dfts.set(key, dft)
    return dft
  }

  /** The examples from `from` on, after `before` has been computed. */
  #slice(image: Name, from: number, shape: Shape, before: Name | undefined): Name {
    const control = before === undefined ? [] : [after(before)]
    const [begin, size] = [[from, 0, 0, 0], shape].map((values) => this.#graph.integers(values))
    return this.#graph.op("Slice", [image, begin, size, ...control], { T, Index: index })
  }

  #sum(parts: ReadonlyArray<Name>): Name {
    return this.#graph.op("AddN", parts, { T, N: { i: parts.length } })
  }

  #join(parts: ReadonlyArray<Name>): Name {
    const inputs = [...parts, this.#graph.filled(0, [], "int32")]
    return this.#graph.op("ConcatV2", inputs, { T, N: { i: parts.length }, Tidx: index })
  }
}
