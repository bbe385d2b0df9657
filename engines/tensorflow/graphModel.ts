/**
 * A trained network as a graph model of TensorFlow.js: (network, weights) -> the parts of its `model.json`, and the weights as
 * bytes. `tf.loadGraphModel` loads it, without the classes of layers: it holds the operations of any network.
 *
 * The trace and the lowering of the tensorflow engine, with these differences: weights are constants, which a graph model keeps
 * apart from its nodes; the batch has any size; and only operations that its converter 4.22 runs. `images` [batch, height,
 * width, channels] in, `probabilities` [batch, classes] out.
 */
import { Effect } from "effect"
import { ExportImpossible, isOfBatch, type Standalone, traceStandalone } from "../standalone.ts"
import { type Data, type DType, reachable, type Shape, sizeOf, type Value } from "../trace/graph.ts"
import { simplify } from "../trace/simplify.ts"
import type { Trace } from "../trace/trace.ts"
import { type Name, TensorFlowGraph, typeAttribute } from "./graph.ts"
import { elements, lower, reduction, type Rules } from "./lowering/lower.ts"
import { hasNamedPadding } from "./lowering/window.ts"
import { type AttrValue, dataType, type NodeDef } from "./proto.ts"

interface Weight {
  readonly name: string
  readonly shape: Shape
  readonly dtype: DType
  readonly data: Data
}

const format = "tfjs-graph-model"

/** Its constants are apart, with all their elements, and its sizes are right for any batch. */
class ModelGraph extends TensorFlowGraph {
  readonly weights: Array<Weight> = []
  readonly #known = new Map<string, Name>()

  weight(prefix: string, data: Data, shape: Shape, dtype: DType): Name {
    if ([...shape, ...(dtype === "int32" ? data : [])].some(isOfBatch)) {
      const { layer } = this
      const detail = "a constant of its graph has the size of the batch"
      throw new ExportImpossible({ format, kernel: "a batch of any size", layer, detail })
    }
    const name = this.named(prefix, "Const", [], { dtype: typeAttribute(dtype) })
    this.weights.push({ name, shape, dtype, data })
    return name
  }

  override constant(data: Data, shape: Shape, dtype: DType): Name {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64")
    const key = `${dtype}[${shape.join()}]${bytes}`
    const name = this.#known.get(key) ?? this.weight("constant", data, shape, dtype)
    this.#known.set(key, name)
    return name
  }

  override filled(value: number, shape: Shape = [], dtype: DType = "float32"): Name {
    const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }
    return this.constant(new arrays[dtype](sizeOf(shape)).fill(value), shape, dtype)
  }

  /** Sizes of a reshape or of a slice: -1 stands for the rest. */
  override integers(values: ReadonlyArray<number>): Name {
    return super.integers(values.map((size) => (isOfBatch(size) ? -1 : size)))
  }
}

const refuse = (value: Value, detail: string): never => {
  throw new ExportImpossible({ format, kernel: value.op, layer: value.layer, detail })
}

/** Throws for what would be right for one size of the batch only. */
const checkBatch = (value: Value) => {
  if (value.op === "Tile" && value.attributes.repeats.some(isOfBatch)) {
    refuse(value, "it repeats a value for each example of the batch; broadcast it instead")
  }
  if (value.op === "Reshape" && value.shape.filter(isOfBatch).length > 1) {
    refuse(value, "two axes depend on the size of the batch")
  }
  if (value.op !== "Slice") return
  const [x] = value.inputs
  if (value.shape.some((size, axis) => isOfBatch(size) && size !== x.shape[axis])) {
    refuse(value, "it takes some examples of the batch")
  }
}

/** In place of rules that use kernels of TensorFlow for gradients, which TensorFlow.js does not have. */
const modelRules: Partial<Rules> = {
  Mul: elements("Mul"),
  ReduceSum: reduction("Sum"),
}

/** Throws for padding of pooling that TensorFlow.js reads as another one. */
const checkPadding = (value: Value) => {
  if (value.op !== "MaxPool" && value.op !== "AveragePool") return
  if (!hasNamedPadding(value.attributes.window)) {
    refuse(value, "pooling has padding that is neither valid nor same; use tf.pad")
  }
}

const typeNames: Readonly<Record<DType, string>> = { float32: "DT_FLOAT", int32: "DT_INT32", bool: "DT_BOOL" }

/** As protobuf writes messages in JSON. */
const jsonOf = (attribute: AttrValue): unknown => {
  if ("type" in attribute) {
    const [name] = Object.entries(dataType).find(([, number]) => number === attribute.type) ?? [""]
    return { type: typeNames[name as DType] }
  }
  if ("s" in attribute) return { s: Buffer.from(attribute.s).toString("base64") }
  if ("i" in attribute) return { i: String(attribute.i) }
  if ("list" in attribute) return { list: { i: attribute.list.i.map(String) } }
  if ("shape" in attribute) return { shape: shapeJson(attribute.shape.dim.map(({ size }) => size)) }
  if ("tensor" in attribute) throw new Error("a graph model has its constants in another file")
  return attribute
}
const shapeJson = (shape: Shape) => ({ dim: shape.map((size) => ({ size: String(size) })) })

const nodeJson = ({ attr, input, name, op }: NodeDef) => ({
  name,
  op,
  input,
  attr: Object.fromEntries(Object.entries(attr).map(([key, attribute]) => [key, jsonOf(attribute)])),
})

const tensorInfo = (name: Name, shape: Shape) => ({
  name: `${name}:0`,
  dtype: "DT_FLOAT",
  tensorShape: shapeJson(shape),
})

const bytesOf = ({ data }: Weight) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/** Throws ExportImpossible. */
const graphOf = (network: Standalone, trace: Trace<"probabilities">) => {
  const { classes, inputShape, weights } = network
  const [output] = simplify([trace.outputs.probabilities])
  const values = reachable([output])
  for (const value of values) {
    checkBatch(value)
    checkPadding(value)
  }
  const graph = new ModelGraph()
  const names = new Map<Value, Name>()
  names.set(trace.feeds[0].input, graph.placeholder("images", [-1, ...inputShape]))
  const inputs = new Map(trace.variables.map(({ input, name }) => [name, input]))
  for (const { tensor, variable } of weights) {
    const input = inputs.get(variable)
    if (input === undefined || !values.includes(input)) continue
    names.set(input, graph.weight(tensor.name, tensor.data, tensor.shape, "float32"))
  }
  lower(values, names, graph, false, modelRules)
  const result = graph.named("probabilities", "Identity", [names.get(output) as Name], {
    T: typeAttribute("float32"),
  })
  return {
    modelTopology: {
      node: graph.nodes.map(nodeJson),
      library: {},
      // Of TensorFlow 2.21.
      versions: { producer: 1395, minConsumer: 12 },
    },
    signature: {
      inputs: { images: tensorInfo("images", [-1, ...inputShape]) },
      outputs: { probabilities: tensorInfo(result, [-1, classes]) },
    },
    weightSpecs: graph.weights.map(({ dtype, name, shape }) => ({ name, shape, dtype })),
    weightData: new Uint8Array(Buffer.concat(graph.weights.map(bytesOf))),
  }
}

export const encodeGraphModel = Effect.fn("encodeGraphModel")(function* (network: Standalone) {
  const trace = yield* traceStandalone(format, network)
  return yield* Effect.try({
    try: () => graphOf(network, trace),
    catch: (error) => {
      if (error instanceof ExportImpossible) return error
      throw error
    },
  })
})
