/**
 * A trained network as one ONNX file: (network, weights, description) -> bytes.
 *
 * The onnx engine's own trace and portable lowering, with three differences: weights are constants, the batch has any
 * size, and there are none but standard operators (opset 17, of 2021). `images` [batch, height, width, channels] in,
 * `probabilities` [batch, classes] out.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { Effect } from "effect"
import { KernelNotSupported, type State } from "../../engines/Engine.ts"
import { type Name, OnnxGraph } from "../../engines/onnx/graph.ts"
import { lower } from "../../engines/onnx/lower.ts"
import { Lowering } from "../../engines/onnx/Lowering.ts"
import { encodeModel, type GraphProto, type ModelProto } from "../../engines/onnx/proto.ts"
import { record } from "../../engines/trace/traceProgram.ts"
import { reachable } from "../../engines/trace/graph.ts"
import { simplify } from "../../engines/trace/simplify.ts"
import type { Network } from "../model/model.ts"
import { asText, type Description } from "./description.ts"

/** Traces have a batch of some size: one that no network has by chance stands for any. */
const anyBatch = 7919

/** Reshapes whatever the batch is. */
class AnyBatchGraph extends OnnxGraph {
  override reshape(x: Name, shape: ReadonlyArray<number>): Name {
    return super.reshape(
      x,
      shape.map((size) => (size === anyBatch ? -1 : size)),
    )
  }
}

/** Whether a constant of the graph knows the batch: then it would hold for one size alone. */
const knowsBatch = ({ initializer }: GraphProto) =>
  initializer.some(
    ({ dataType, dims, rawData }) =>
      dims.includes(anyBatch) ||
      (dataType === 7 &&
        new BigInt64Array(Uint8Array.from(rawData).buffer).some((value) => value === BigInt(anyBatch))),
  )

/** Values by the names of the variables they are. */
const renamed = (graph: GraphProto, names: ReadonlyMap<Name, string>): GraphProto => ({
  ...graph,
  node: graph.node.map((node) => ({ ...node, input: node.input.map((name) => names.get(name) ?? name) })),
  initializer: graph.initializer.map((tensor) => ({
    ...tensor,
    name: names.get(tensor.name) ?? tensor.name,
  })),
})

export const encodeOnnxModel = Effect.fn("encodeOnnxModel")(function* (
  network: Network,
  weights: State,
  description: Description,
) {
  const fed = { name: "images", shape: [anyBatch, ...network.inputShape] }
  const traced = yield* record("onnx", network.variables, [fed], ({ images }) => ({
    probabilities: network.probabilities(images as tf.Tensor4D),
  }))
  const [probabilities] = simplify([traced.outputs.probabilities])
  const values = reachable([probabilities])
  const graph = new AnyBatchGraph("predict")
  const lowering = new Lowering(graph, values, undefined)
  const [{ input: images }] = traced.feeds
  lowering.write(images, "nhwc", graph.input("images", ["batch", ...network.inputShape]))
  const byName = new Map(weights.map((tensor) => [tensor.name, tensor]))
  const names = new Map<Name, string>()
  const inputs = new Map(traced.variables.map(({ input, name }) => [name, input]))
  for (const { name, predictsWith } of network.weights) {
    const input = inputs.get(predictsWith)
    const tensor = byName.get(name)
    if (input === undefined || !values.includes(input) || tensor === undefined) continue
    const constant = graph.constant(tensor.data, tensor.shape)
    names.set(constant, name)
    lowering.write(input, "nhwc", constant)
  }
  lower(values, lowering)
  graph.ops("Identity", [lowering.read(probabilities)], ["probabilities"])
  graph.output("probabilities", ["batch", network.classes])

  const proto = graph.toProto()
  if (knowsBatch(proto)) {
    return yield* new KernelNotSupported({
      engine: "onnx",
      kernel: "a batch of any size",
      layer: "model",
      detail: "a constant of its graph has the size of the batch",
    })
  }
  const model: ModelProto & { readonly metadataProps: ReadonlyArray<{ key: string; value: string }> } = {
    irVersion: 8,
    producerName: "tidemark",
    opsetImport: [{ domain: "", version: 17 }],
    graph: renamed(proto, names),
    metadataProps: Object.entries(asText(description)).map(([key, value]) => ({ key, value })),
  }
  return encodeModel(model)
})
