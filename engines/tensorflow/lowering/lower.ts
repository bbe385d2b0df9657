/**
 * Lowers traced values to TensorFlow nodes: (values, inputs before users; names of the inputs) -> the names of all. One rule
 * for each operation.
 *
 * TensorFlow.js took its kernels from TensorFlow, so most rules are just a name. Product, bias and ReLU are separate nodes,
 * which TensorFlow's own optimizer fuses.
 */
import { rulesOf } from "../../operators.ts"
import type { Node, Operation, Value } from "../../trace/graph.ts"
import { DftConvolutions } from "./dft.ts"
import { type Attributes, type Name, type TensorFlowGraph, typeAttribute } from "../graph.ts"
import { fusedNormalizations } from "./normalization.ts"
import { convolutionAttributes, poolingAttributes } from "./window.ts"

/** What some rules need besides a node. */
interface Context {
  readonly nameOf: (value: Value) => Name
  /** Absent where DFT convolutions are not used. */
  readonly dft: DftConvolutions | undefined
}
type Rule<K extends Operation> = (
  node: Node<K>,
  inputs: ReadonlyArray<Name>,
  graph: TensorFlowGraph,
  context: Context,
) => Name

const ofType = (value: { readonly dtype: Value["dtype"] }): Attributes => ({ T: typeAttribute(value.dtype) })
const index = typeAttribute("int32")

/** One node on elements. Its type is that of its first operand; operations on booleans have no type. */
export const elements =
  (op: string) =>
  (node: Node<Operation>, inputs: ReadonlyArray<Name>, graph: TensorFlowGraph): Name =>
    graph.op(op, inputs, node.inputs[0].dtype === "bool" ? {} : ofType(node.inputs[0]))

type Reduction = "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd"
export const reduction =
  (op: string) =>
  (node: Node<Reduction>, inputs: ReadonlyArray<Name>, graph: TensorFlowGraph): Name => {
    const { axes, keepDims } = node.attributes
    const attributes = { ...ofType(node.inputs[0]), Tidx: index, keep_dims: { b: keepDims } }
    return graph.op(op, [...inputs, graph.integers(axes)], attributes)
  }

/**
 * The sum over all axes except the last is a bias gradient, which has a faster kernel. Pooling's gradient passes each dy to one element
 * of its channel, so the smaller dy is summed.
 */
const reduceSum: Rule<"ReduceSum"> = (node, inputs, graph, { dft, nameOf }) => {
  const { axes, keepDims } = node.attributes
  const [x] = node.inputs
  const rank = x.shape.length
  const perChannel =
    rank >= 2 && !keepDims && axes.length === rank - 1 && axes.every((axis) => axis < rank - 1)
  const summed =
    perChannel && x.op === "MaxPoolGradient" && dft !== undefined ? [nameOf(x.inputs[0])] : inputs
  return perChannel && x.dtype === "float32"
    ? graph.op("BiasAddGrad", summed, ofType(x))
    : reduction("Sum")(node, inputs, graph)
}

/**
 * With a stride, a 1×1 filter reads only some rows and columns. They are sliced out first, because the gradient of oneDNN 3.7
 * is wrong there (by 10 to 20 % with 16 filters and more than 12 images, on AVX2).
 */
const filterGradient: Rule<"Conv2DFilterGradient"> = (node, [x, dy], graph, { dft }) => {
  const { window } = node.attributes
  if (dft?.isFaster(node)) return dft.lower(node.op, window, [x, dy])
  const { height, strideHeight, strideWidth, width } = window
  const isSparse = height === 1 && width === 1 && (strideHeight > 1 || strideWidth > 1)
  const zeros = graph.integers([0, 0, 0, 0])
  const covered = isSparse
    ? graph.op("StridedSlice", [x, zeros, zeros, graph.integers([1, strideHeight, strideWidth, 1])], {
        ...ofType(node),
        Index: index,
        // All axes from their beginning to their end.
        begin_mask: { i: 15 },
        end_mask: { i: 15 },
      })
    : x
  const dense = { inHeight: window.outHeight, inWidth: window.outWidth, strideHeight: 1, strideWidth: 1 }
  return graph.op("Conv2DBackpropFilter", [covered, graph.integers(node.shape), dy], {
    ...ofType(node),
    ...convolutionAttributes(isSparse ? { ...window, ...dense } : window),
  })
}

/** dy · step(x) in one pass. */
const multiplication: Rule<"Mul"> = (node, inputs, graph, { nameOf }) => {
  for (const at of [0, 1]) {
    const step = node.inputs[at]
    const other = node.inputs[1 - at]
    if (step.op !== "Step" || step.attributes.alpha !== 0) continue
    if (step.shape.join() !== other.shape.join()) continue
    return graph.op("ReluGrad", [inputs[1 - at], nameOf(step.inputs[0])], ofType(node))
  }
  return graph.op("Mul", inputs, ofType(node))
}

/** A product or convolution, then bias, then ReLU. */
const withBiasAndRelu = (
  product: Name,
  bias: Name | undefined,
  relu: boolean,
  graph: TensorFlowGraph,
): Name => {
  const T = typeAttribute("float32")
  const sum = bias === undefined ? product : graph.op("BiasAdd", [product, bias], { T })
  return relu ? graph.op("Relu", [sum], { T }) : sum
}

export type Rules = { readonly [K in Operation]: Rule<K> }

const rules: Rules = {
  Input: ({ attributes }) => {
    throw new Error(`input ${attributes.name} has no name in the graph`)
  },
  Constant: (node, _, graph) => graph.constant(node.attributes.data, node.shape, node.dtype),
  Fill: (node, _, graph) => graph.filled(node.attributes.value, node.shape, node.dtype),
  ...rulesOf(({ tensorflow }) => elements(tensorflow)),
  Mul: multiplication,
  LeakyRelu: (node, inputs, graph) =>
    graph.op("LeakyRelu", inputs, { ...ofType(node), alpha: { f: node.attributes.alpha } }),
  Step: (node, [x], graph) => {
    const positive = graph.op("Greater", [x, graph.filled(0)], ofType(node))
    return graph.op(
      "SelectV2",
      [positive, graph.filled(1), graph.filled(node.attributes.alpha)],
      ofType(node),
    )
  },
  Cast: (node, inputs, graph) =>
    graph.op("Cast", inputs, { SrcT: typeAttribute(node.inputs[0].dtype), DstT: typeAttribute(node.dtype) }),
  Softmax: elements("Softmax"),
  Select: (node, inputs, graph) => graph.op("SelectV2", inputs, ofType(node)),
  Reshape: (node, [x], graph) =>
    graph.op("Reshape", [x, graph.integers(node.shape)], { ...ofType(node), Tshape: index }),
  Transpose: (node, [x], graph) =>
    graph.op("Transpose", [x, graph.integers(node.attributes.permutation)], {
      ...ofType(node),
      Tperm: index,
    }),
  Concat: (node, inputs, graph) =>
    graph.op("ConcatV2", [...inputs, graph.filled(node.attributes.axis, [], "int32")], {
      ...ofType(node),
      N: { i: inputs.length },
      Tidx: index,
    }),
  Slice: (node, [x], graph) =>
    graph.op("Slice", [x, graph.integers(node.attributes.begin), graph.integers(node.shape)], {
      ...ofType(node),
      Index: index,
    }),
  Pad: (node, [x], graph) => {
    const { after, before, value } = node.attributes
    const pairs = Int32Array.from(before.flatMap((size, axis) => [size, after[axis]]))
    const sizes = graph.constant(pairs, [before.length, 2], "int32")
    return graph.op("PadV2", [x, sizes, graph.filled(value, [], node.dtype)], {
      ...ofType(node),
      Tpaddings: index,
    })
  },
  Gather: (node, [x, places], graph) =>
    graph.op("GatherV2", [x, places, graph.filled(node.attributes.axis, [], "int32")], {
      Tparams: typeAttribute(node.dtype),
      Tindices: typeAttribute(node.inputs[1].dtype),
      Taxis: index,
      batch_dims: { i: 0 },
    }),
  Tile: (node, [x], graph) =>
    graph.op("Tile", [x, graph.integers(node.attributes.repeats)], { ...ofType(node), Tmultiples: index }),
  ReduceSum: reduceSum,
  ReduceMean: reduction("Mean"),
  ReduceMax: reduction("Max"),
  ReduceMin: reduction("Min"),
  ReduceProd: reduction("Prod"),
  ArgMax: (node, [x], graph) =>
    graph.op("ArgMax", [x, graph.filled(node.attributes.axis, [], "int32")], {
      ...ofType(node.inputs[0]),
      Tidx: index,
      output_type: index,
    }),
  MatMul: (node, [a, b, bias], graph) => {
    const { relu, transposeA, transposeB } = node.attributes
    const attributes = { ...ofType(node), transpose_a: { b: transposeA }, transpose_b: { b: transposeB } }
    return withBiasAndRelu(graph.op("MatMul", [a, b], attributes), bias, relu, graph)
  },
  BatchMatMul: (node, inputs, graph) =>
    graph.op("BatchMatMulV2", inputs, {
      ...ofType(node),
      adj_x: { b: node.attributes.transposeA },
      adj_y: { b: node.attributes.transposeB },
    }),
  Conv2D: (node, [x, filter, bias], graph, { dft }) => {
    const { relu, window } = node.attributes
    const convolved = dft?.isFaster(node)
      ? dft.lower(node.op, window, [x, filter])
      : graph.op("Conv2D", [x, filter], { ...ofType(node), ...convolutionAttributes(window) })
    return withBiasAndRelu(convolved, bias, relu, graph)
  },
  Conv2DInputGradient: (node, [dy, filter], graph, { dft }) => {
    const { window } = node.attributes
    return dft?.isFaster(node)
      ? dft.lower(node.op, window, [dy, filter])
      : graph.op("Conv2DBackpropInput", [graph.integers(node.shape), filter, dy], {
          ...ofType(node),
          ...convolutionAttributes(window),
        })
  },
  Conv2DFilterGradient: filterGradient,
  DepthwiseConv2D: (node, [x, filter, bias], graph) => {
    const attributes = { ...ofType(node), ...convolutionAttributes(node.attributes.window) }
    const convolved = graph.op("DepthwiseConv2dNative", [x, filter], attributes)
    return withBiasAndRelu(convolved, bias, node.attributes.relu, graph)
  },
  DepthwiseConv2DInputGradient: (node, [dy, filter], graph) =>
    graph.op("DepthwiseConv2dNativeBackpropInput", [graph.integers(node.shape), filter, dy], {
      ...ofType(node),
      ...convolutionAttributes(node.attributes.window),
    }),
  DepthwiseConv2DFilterGradient: (node, [x, dy], graph) =>
    graph.op("DepthwiseConv2dNativeBackpropFilter", [x, graph.integers(node.shape), dy], {
      ...ofType(node),
      ...convolutionAttributes(node.attributes.window),
    }),
  MaxPool: (node, inputs, graph) =>
    graph.op("MaxPool", inputs, { ...ofType(node), ...poolingAttributes(node.attributes.window) }),
  MaxPoolGradient: (node, [dy, x, y], graph) =>
    graph.op("MaxPoolGrad", [x, y, dy], { ...ofType(node), ...poolingAttributes(node.attributes.window) }),
  AveragePool: (node, inputs, graph) =>
    graph.op("AvgPool", inputs, { ...ofType(node), ...poolingAttributes(node.attributes.window) }),
  AveragePoolGradient: (node, [dy], graph) =>
    graph.op("AvgPoolGrad", [graph.integers(node.shape), dy], {
      ...ofType(node),
      ...poolingAttributes(node.attributes.window),
    }),
}

/**
 * Lowers `values`, inputs before users, into `graph`. Values that are already in `names`, such as inputs, are skipped. `others`:
 * rules in place of those above.
 */
export const lower = (
  values: ReadonlyArray<Value>,
  names: Map<Value, Name>,
  graph: TensorFlowGraph,
  isOnCpu: boolean,
  others: Partial<Rules> = {},
): void => {
  const dft = isOnCpu ? new DftConvolutions(graph, values) : undefined
  const nameOf = (value: Value) => {
    const name = names.get(value)
    if (name === undefined)
      throw new Error(`${value.op} of layer ${value.layer} is read before it is lowered`)
    return name
  }
  const fused = isOnCpu ? fusedNormalizations(values, graph, nameOf) : undefined
  for (const value of values) {
    if (names.has(value)) continue
    graph.layer = value.layer
    const node = fused?.get(value)
    if (node !== undefined) {
      names.set(value, node())
      continue
    }
    const rule = (others[value.op] ?? rules[value.op]) as Rule<Operation>
    names.set(value, rule(value, value.inputs.map(nameOf), graph, { nameOf, dft }))
  }
}
