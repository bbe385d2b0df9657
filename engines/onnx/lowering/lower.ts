/**
 * Lowers traced values to ONNX nodes: (values, inputs before users; Lowering) -> the nodes in its graph. One rule for each
 * operation, which computes in the layout that is best for it. Long rules have files of their own.
 */
import { rulesOf } from "../../operators.ts"
import type { Node, Operation, Value } from "../../trace/graph.ts"
import { sizeOf } from "../../trace/graph.ts"
import type { Attributes, Name, OnnxGraph } from "../graph.ts"
import { dataType } from "../proto.ts"
import { concat, slice } from "./channels.ts"
import { channelwise, overPixels } from "./channelwise.ts"
import { convolution } from "./convolution.ts"
import { depthwise, depthwiseFilterGradient, depthwiseInputGradient } from "./depthwise.ts"
import { elementwise } from "./elementwise.ts"
import { filterGradient } from "./filterGradient.ts"
import { inputGradient } from "./inputGradient.ts"
import type { Lowering } from "./Lowering.ts"
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient } from "./pooling.ts"

export type Rule<K extends Operation> = (value: Node<K>, lowering: Lowering) => void

/** One ONNX operator on elements in any layout. */
const elements =
  (type: string, attributes: Attributes = {}) =>
  (value: Value, lowering: Lowering) =>
    elementwise(value, lowering, (graph, inputs) => graph.op(type, inputs, attributes))

/** The same, or in blocks together with the operations around it. */
const arithmetic = (type: "Add" | "Sub" | "Mul" | "Relu"): Rule<typeof type> => {
  const lowerAlone = elements(type)
  return (value, lowering) => {
    if (!channelwise(value, lowering)) lowerAlone(value as Value, lowering)
  }
}

type Reduction = "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd"

/** Since opset 13 the axes of a sum are an input. Those of the other reductions are still an attribute. */
export const reduce = (
  graph: OnnxGraph,
  type: Reduction,
  x: Name,
  axes: ReadonlyArray<number>,
  keepDims: boolean,
) => {
  const keepdims = { i: keepDims ? 1 : 0 }
  return type === "ReduceSum"
    ? graph.op(type, [x, graph.ints(axes)], { keepdims })
    : graph.op(type, [x], { axes: { ints: axes }, keepdims })
}

const reduction: Rule<Reduction> = (value, lowering) => {
  const { axes, keepDims } = value.attributes
  const x = lowering.read(value.inputs[0])
  lowering.write(value as Value, "nhwc", reduce(lowering.graph, value.op, x, axes, keepDims))
}

/** Pooling's gradient passes each dy to one element of its channel. So the sums of both over an image are the same. */
const summedInstead = (x: Value, { blocked }: Lowering): Value =>
  x.op === "MaxPoolGradient" && blocked !== undefined ? x.inputs[0] : x

/**
 * Reductions over batch, height and width, such as a bias gradient or a normalization, in the layout of the image. If there is
 * a choice, blocks take a third of the time.
 */
export const channelReduction: Rule<"ReduceSum" | "ReduceMean"> = (value, lowering) => {
  const { blocked, graph } = lowering
  const { axes, keepDims } = value.attributes
  const x = value.op === "ReduceSum" ? summedInstead(value.inputs[0], lowering) : value.inputs[0]
  const isInBlocks = lowering.has(x, "nchwc")
  if (x.shape.length !== 4 || axes.join() !== "0,1,2" || (lowering.has(x, "nhwc") && !isInBlocks)) {
    reduction(value, lowering)
    return
  }
  const over = (name: Name, along: ReadonlyArray<number>) => reduce(graph, value.op, name, along, false)
  const perChannel = (): Name =>
    lowering.has(x, "nchw") || blocked === undefined
      ? over(lowering.read(x, "nchw"), [0, 2, 3])
      : over(overPixels(value.op, x, lowering, blocked), [0])
  const reduced = perChannel()
  lowering.write(value as Value, "nhwc", keepDims ? graph.reshape(reduced, value.shape) : reduced)
}

const filled = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }

export type Rules = { readonly [K in Operation]: Rule<K> }

const rules: Rules = {
  Input: (value) => {
    throw new Error(`input ${value.attributes.name} has no name in the graph`)
  },
  Constant: (value, lowering) =>
    lowering.write(value, "nhwc", lowering.graph.constant(value.attributes.data, value.shape, value.dtype)),
  Fill: (value, lowering) => {
    const data = new filled[value.dtype](sizeOf(value.shape)).fill(value.attributes.value)
    lowering.write(value, "nhwc", lowering.graph.constant(data, value.shape, value.dtype))
  },
  ...rulesOf(({ onnx }) => elements(onnx)),
  Add: arithmetic("Add"),
  Sub: arithmetic("Sub"),
  Mul: arithmetic("Mul"),
  Relu: arithmetic("Relu"),
  Select: elements("Where"),
  LeakyRelu: (value, lowering) =>
    elements("LeakyRelu", { alpha: { f: value.attributes.alpha } })(value, lowering),
  /** One pass instead of a comparison and a cast: min(1, max(0, 3e38·x)) is 1 for every positive x that is not subnormal. */
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
  Pad: (value, lowering) => {
    const { after, before, value: element } = value.attributes
    const { graph } = lowering
    const sizes = graph.ints([...before, ...after])
    // Its type is that of the values.
    const filling = graph.constant(new filled[value.dtype]([element]), [], value.dtype)
    lowering.write(value, "nhwc", graph.op("Pad", [lowering.read(value.inputs[0]), sizes, filling]))
  },
  Gather: (value, lowering) => {
    const inputs = value.inputs.map((input) => lowering.read(input))
    const { axis } = value.attributes
    lowering.write(value, "nhwc", lowering.graph.op("Gather", inputs, { axis: { i: axis } }))
  },
  Tile: (value, lowering) => {
    const repeats = lowering.graph.ints(value.attributes.repeats)
    lowering.write(value, "nhwc", lowering.graph.op("Tile", [lowering.read(value.inputs[0]), repeats]))
  },
  ReduceSum: channelReduction,
  ReduceMean: channelReduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
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
  BatchMatMul: (value, lowering) => {
    const { transposeA, transposeB } = value.attributes
    const [a, b] = value.inputs.map((input, i) => {
      const name = lowering.read(input)
      if (!(i === 0 ? transposeA : transposeB)) return name
      const axes = input.shape.map((_, axis) => axis)
      return lowering.graph.transpose(name, [...axes.slice(0, -2), axes.length - 1, axes.length - 2])
    })
    lowering.write(value, "nhwc", lowering.graph.op("MatMul", [a, b]))
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

/**
 * Lowers `values`, inputs before users. Values that `lowering` already has, such as inputs, are skipped. `others`: rules in
 * place of those above.
 */
export const lower = (
  values: ReadonlyArray<Value>,
  lowering: Lowering,
  others: Partial<Rules> = {},
): void => {
  for (const value of values) {
    if (lowering.knows(value)) continue
    lowering.graph.begin(value)
    const rule = (others[value.op] ?? rules[value.op]) as Rule<Operation>
    rule(value, lowering)
  }
}
