/**
 * Traced values to ONNX nodes: (values in order, Lowering) -> the graph filled in. One rule an operation.
 *
 * A rule computes its value in the layout that suits it; see `convolution.ts` and `pooling.ts` for the long ones.
 */
import { rulesOf } from "../operators.ts"
import type { Node, Operation, Value } from "../trace/graph.ts"
import { sizeOf } from "../trace/graph.ts"
import { concat, slice } from "./channels.ts"
import { convolution, filterGradient, inputGradient } from "./convolution.ts"
import { depthwise, depthwiseFilterGradient, depthwiseInputGradient } from "./depthwise.ts"
import { elementwise } from "./elementwise.ts"
import type { Attributes } from "./graph.ts"
import type { Lowering } from "./Lowering.ts"
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient } from "./pooling.ts"
import { dataType } from "./proto.ts"

type Rule<K extends Operation> = (value: Node<K>, lowering: Lowering) => void

/** One ONNX operator over elements of any layout. */
const elements =
  (type: string, attributes: Attributes = {}) =>
  (value: Value, lowering: Lowering) =>
    elementwise(value, lowering, (graph, inputs) => graph.op(type, inputs, attributes))

const reduction =
  (type: string) =>
  (value: Node<"ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd">, lowering: Lowering) => {
    const { axes, keepDims } = value.attributes
    const attributes = { axes: { ints: axes }, keepdims: { i: keepDims ? 1 : 0 } }
    lowering.write(
      value as Value,
      "nhwc",
      lowering.graph.op(type, [lowering.read(value.inputs[0])], attributes),
    )
  }

/** Sums over batch, height and width, as of a convolution's bias gradient, are taken in the layout the image is in. */
const reduceSum: Rule<"ReduceSum"> = (value, lowering) => {
  const { blocked, graph } = lowering
  const [x] = value.inputs
  const { axes, keepDims } = value.attributes
  const perChannel = x.shape.length === 4 && axes.join() === "0,1,2" && !keepDims && !lowering.has(x, "nhwc")
  const sum = (name: string, over: ReadonlyArray<number>) =>
    graph.op("ReduceSum", [name, graph.ints(over)], { keepdims: { i: keepDims ? 1 : 0 } })
  if (perChannel && lowering.has(x, "nchw")) {
    lowering.write(value, "nhwc", sum(lowering.read(x, "nchw"), [0, 2, 3]))
  } else if (perChannel && blocked !== undefined) {
    const [batch, height, width, channels] = x.shape
    const { block } = blocked
    const blocks = graph.reshape(lowering.read(x, "nchwc"), [
      (batch * channels) / block,
      height * width,
      block,
    ])
    lowering.write(value, "nhwc", sum(graph.reshape(sum(blocks, [1]), [batch, channels]), [0]))
  } else {
    lowering.write(value, "nhwc", sum(lowering.read(x), axes))
  }
}

const filled = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }

const rules: { readonly [K in Operation]: Rule<K> } = {
  Input: (value) => {
    throw new Error(`input ${value.attributes.name} is not given`)
  },
  Constant: (value, lowering) =>
    lowering.write(value, "nhwc", lowering.graph.constant(value.attributes.data, value.shape, value.dtype)),
  Fill: (value, lowering) => {
    const data = new filled[value.dtype](sizeOf(value.shape)).fill(value.attributes.value)
    lowering.write(value, "nhwc", lowering.graph.constant(data, value.shape, value.dtype))
  },
  ...rulesOf(({ onnx }) => elements(onnx)),
  Select: elements("Where"),
  LeakyRelu: (value, lowering) =>
    elements("LeakyRelu", { alpha: { f: value.attributes.alpha } })(value, lowering),
  /** One pass instead of a comparison and a cast: min(1, max(0, 3e38·x)) is 1 for any positive x that is not subnormal. */
  Step: (value, lowering) => {
    const { alpha } = value.attributes
    elementwise(value, lowering, (graph, [x]) => {
      if (alpha === 0) return graph.op("HardSigmoid", [x], { alpha: { f: 3e38 }, beta: { f: 0 } })
      const positive = graph.op("Greater", [x, graph.scalar(0)])
      return graph.op("Where", [positive, graph.scalar(1), graph.scalar(alpha)])
    })
  },
  Cast: (value, lowering) => elements("Cast", { to: { i: dataType[value.dtype] } })(value, lowering),
  Softmax: (value, lowering) => {
    const x = lowering.read(value.inputs[0])
    lowering.write(value, "nhwc", lowering.graph.op("Softmax", [x], { axis: { i: -1 } }))
  },
  Reshape: (value, lowering) =>
    lowering.write(value, "nhwc", lowering.graph.reshape(lowering.read(value.inputs[0]), value.shape)),
  Transpose: (value, lowering) => {
    const x = lowering.read(value.inputs[0])
    lowering.write(value, "nhwc", lowering.graph.transpose(x, value.attributes.permutation))
  },
  Concat: concat,
  Slice: slice,
  Tile: (value, lowering) => {
    const repeats = lowering.graph.ints(value.attributes.repeats)
    lowering.write(value, "nhwc", lowering.graph.op("Tile", [lowering.read(value.inputs[0]), repeats]))
  },
  ReduceSum: reduceSum,
  ReduceMean: reduction("ReduceMean"),
  ReduceMax: reduction("ReduceMax"),
  ReduceMin: reduction("ReduceMin"),
  ReduceProd: reduction("ReduceProd"),
  ArgMax: (value, lowering) => {
    const index = lowering.graph.op("ArgMax", [lowering.read(value.inputs[0])], {
      axis: { i: value.attributes.axis },
      keepdims: { i: 0 },
    })
    lowering.write(value, "nhwc", lowering.graph.op("Cast", [index], { to: { i: dataType.int32 } }))
  },
  MatMul: (value, lowering) => {
    const { relu, transposeA, transposeB } = value.attributes
    const inputs = value.inputs.map((input) => lowering.read(input))
    const product = lowering.graph.op("Gemm", inputs, {
      transA: { i: transposeA ? 1 : 0 },
      transB: { i: transposeB ? 1 : 0 },
    })
    lowering.write(value, "nhwc", relu ? lowering.graph.op("Relu", [product]) : product)
  },
  Conv2D: convolution,
  Conv2DInputGradient: inputGradient,
  Conv2DFilterGradient: filterGradient,
  DepthwiseConv2D: depthwise,
  DepthwiseConv2DInputGradient: depthwiseInputGradient,
  DepthwiseConv2DFilterGradient: depthwiseFilterGradient,
  MaxPool: maxPool,
  MaxPoolGradient: maxPoolGradient,
  AveragePool: averagePool,
  AveragePoolGradient: averagePoolGradient,
}

/** Lowers `values`, inputs before users; those that `lowering` knows already, as the inputs, are left alone. */
export const lower = (values: ReadonlyArray<Value>, lowering: Lowering): void => {
  for (const value of values) {
    if (lowering.knows(value)) continue
    lowering.graph.layer = value.layer
    const rule = rules[value.op] as Rule<Operation>
    rule(value, lowering)
  }
}
