/**
 * A trained network as one ONNX file for other programs: (network, weights, metadata) -> bytes.
 *
 * The trace and the portable lowering of the onnx engine, with three differences: weights are constants, the batch has any
 * size, and all operators are standard (opset 17, of 2021). `images` [batch, height, width, channels] in, `probabilities`
 * [batch, classes] out.
 */
import { Effect } from "effect"
import { ExportImpossible, isOfBatch, type Standalone, traceStandalone } from "../standalone.ts"
import { reachable, type Value } from "../trace/graph.ts"
import { simplify } from "../trace/simplify.ts"
import type { Trace } from "../trace/trace.ts"
import { type Name, OnnxGraph } from "./graph.ts"
import { lower } from "./lowering/lower.ts"
import { Lowering } from "./lowering/Lowering.ts"
import { encodeModel, type GraphProto, type ModelProto } from "./proto.ts"

/** Its reshapes work for any batch size. */
class AnyBatchGraph extends OnnxGraph {
  override reshape(x: Name, shape: ReadonlyArray<number>): Name {
    return super.reshape(
      x,
      shape.map((size) => (isOfBatch(size) ? -1 : size)),
    )
  }
}

/** Whether a constant of the graph depends on the batch: then it would be right for one size only. */
const dependsOnBatch = ({ initializer }: GraphProto) =>
  initializer.some(
    ({ dataType, dims, rawData }) =>
      dims.some(isOfBatch) ||
      (dataType === 7 &&
        new BigInt64Array(Uint8Array.from(rawData).buffer).some((value) => isOfBatch(Number(value)))),
  )

const rename = (graph: GraphProto, names: ReadonlyMap<Name, string>): GraphProto => ({
  ...graph,
  node: graph.node.map((node) => ({ ...node, input: node.input.map((name) => names.get(name) ?? name) })),
  initializer: graph.initializer.map((tensor) => ({
    ...tensor,
    name: names.get(tensor.name) ?? tensor.name,
  })),
})

/** Adds the weights that the values read. Returns the weight's name for each constant. */
const addWeights = (
  { weights }: Standalone,
  { variables }: Trace<"probabilities">,
  values: ReadonlyArray<Value>,
  lowering: Lowering,
): ReadonlyMap<Name, string> => {
  const inputs = new Map(variables.map(({ input, name }) => [name, input]))
  const names = new Map<Name, string>()
  for (const { tensor, variable } of weights) {
    const input = inputs.get(variable)
    if (input === undefined || !values.includes(input)) continue
    const constant = lowering.graph.constant(tensor.data, tensor.shape)
    names.set(constant, tensor.name)
    lowering.write(input, "nhwc", constant)
  }
  return names
}

const graphOf = (network: Standalone, trace: Trace<"probabilities">): GraphProto => {
  const [probabilities] = simplify([trace.outputs.probabilities])
  const values = reachable([probabilities])
  const graph = new AnyBatchGraph("predict")
  const lowering = new Lowering(graph, values, undefined)
  const [{ input: images }] = trace.feeds
  lowering.write(images, "nhwc", graph.input("images", ["batch", ...network.inputShape]))
  const names = addWeights(network, trace, values, lowering)
  lower(values, lowering)
  graph.ops("Identity", [lowering.read(probabilities)], ["probabilities"])
  graph.output("probabilities", ["batch", network.classes])
  return rename(graph.toProto(), names)
}

/** `metadata`: properties of the file. */
export const encodeStandaloneModel = Effect.fn("encodeStandaloneModel")(function* (
  network: Standalone,
  metadata: Readonly<Record<string, string>>,
) {
  const trace = yield* traceStandalone("onnx", network)
  const graph = graphOf(network, trace)
  if (dependsOnBatch(graph)) {
    return yield* new ExportImpossible({
      format: "onnx",
      kernel: "a batch of any size",
      layer: "model",
      detail: "a constant of its graph has the size of the batch",
    })
  }
  const model: ModelProto & { readonly metadataProps: ReadonlyArray<{ key: string; value: string }> } = {
    irVersion: 8,
    producerName: "tidemark",
    opsetImport: [{ domain: "", version: 17 }],
    graph,
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  }
  return encodeModel(model)
})
