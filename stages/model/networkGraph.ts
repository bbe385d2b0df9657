/**
 * The graph that TensorBoard draws: (program) -> its predict function as a GraphDef, each layer a name scope.
 *
 * Made from the trace of the function, so it is the same whichever engine trains. Names are made from layers, operations and
 * the order of the trace. Fails if the program cannot be traced.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { Effect } from "effect"
import { traceProgram } from "../../engines/trace/traceProgram.ts"
import { reachable, type Shape, type Value } from "../../engines/trace/graph.ts"
import type { Network } from "./model.ts"
import { type AttrValue, dataType, type GraphDef, type NodeDef } from "../../storage/tensorboard/proto.ts"

const shapeOf = (shape: Shape) => ({ dim: shape.map((size) => ({ size })) })

/** The name of the operation in TensorFlow, which decides how TensorBoard draws it. */
const operationOf = (value: Value): string => {
  switch (value.op) {
    case "Input":
      return value.attributes.kind === "variable" ? "VariableV2" : "Placeholder"
    case "Constant":
    case "Fill":
      return "Const"
    case "AveragePool":
      return "AvgPool"
    case "BatchMatMul":
      return "BatchMatMulV2"
    case "Gather":
      return "GatherV2"
    case "Pad":
      return "PadV2"
    case "Concat":
      return "ConcatV2"
    case "DepthwiseConv2D":
      return "DepthwiseConv2dNative"
    default:
      return value.op
  }
}

const attributesOf = (value: Value): Record<string, AttrValue> => {
  const attributes: Record<string, AttrValue> = {
    dtype: { type: dataType[value.dtype] },
    // TensorBoard writes this shape next to an edge.
    _output_shapes: { list: { shape: [shapeOf(value.shape)] } },
  }
  if ("window" in value.attributes) {
    const { height, strideHeight, strideWidth, width } = value.attributes.window
    attributes.ksize = { list: { i: [1, height, width, 1] } }
    attributes.strides = { list: { i: [1, strideHeight, strideWidth, 1] } }
  }
  return attributes
}

export const networkGraph = Effect.fn("networkGraph")(function* (program: Network) {
  const feed = { name: "images", shape: [program.batchSize, ...program.inputShape] }
  const { outputs } = yield* traceProgram("TensorBoard", program.variables, [feed], ({ images }) => ({
    probabilities: program.predict(images as tf.Tensor4D),
  }))
  // Averages that replace weights in predict are drawn as the weights.
  const weights = new Map(program.weights.map(({ name, predictsWith }) => [predictsWith, name]))
  const names = new Map<Value, string>()
  const taken = new Map<string, number>()
  /** Numbered as in TensorFlow: the second Add of a layer is `<layer>/Add_1`. */
  const nameOf = (value: Value) => {
    if (value.op === "Input") return weights.get(value.attributes.name) ?? value.attributes.name
    const name = `${value.layer}/${operationOf(value)}`
    const before = taken.get(name) ?? 0
    taken.set(name, before + 1)
    return before === 0 ? name : `${name}_${before}`
  }
  const node: Array<NodeDef> = []
  for (const value of reachable([outputs.probabilities])) {
    const name = nameOf(value)
    names.set(value, name)
    node.push({
      name,
      op: operationOf(value),
      input: value.inputs.map((input) => names.get(input) ?? ""),
      attr: attributesOf(value),
    })
  }
  return { node, versions: { producer: 1 } } satisfies GraphDef
})
