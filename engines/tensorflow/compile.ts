/**
 * A program as one SavedModel: (traces of step and predict) -> bytes, with four signatures over the same variables.
 *
 * `step`: feeds -> `results`, [loss, error rate], after one update of every variable (`step.ts`). `predict`: images ->
 * probabilities. `read`: () -> every variable. `load`: a value for every variable -> `loaded`. The variables stay in TensorFlow
 * between the calls, so only feeds and results are copied.
 */
import { inPartsOfBatch } from "./batchParts.ts"
import { reachable, type Shape, type Value } from "../trace/graph.ts"
import { simplify } from "../trace/simplify.ts"
import type { Trace } from "../trace/trace.ts"
import { type Name, TensorFlowGraph } from "./graph.ts"
import { lower } from "./lowering/lower.ts"
import { encodeSavedModel, type SignatureDef } from "./proto.ts"
import { signature, type Tensors } from "./signature.ts"
import { addStep, gate } from "./step.ts"
import { Variables } from "./variables.ts"

export const tag = "tidemark"

export interface Compiled {
  readonly savedModel: Uint8Array
  /** Feeds that the step depends on. */
  readonly feeds: ReadonlySet<string>
}

export const savedModelOf = (
  graph: TensorFlowGraph,
  signatures: Readonly<Record<string, SignatureDef>>,
): Uint8Array =>
  encodeSavedModel({
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { tags: [tag] },
        // 1395 is the version of TensorFlow 2.21. An older one would enable compatibility behaviour.
        graphDef: { node: graph.nodes, versions: { producer: 1395 } },
        signatureDef: signatures,
      },
    ],
  })

const addPredict = (
  graph: TensorFlowGraph,
  variables: Variables,
  trace: Trace<"probabilities">,
  isOnCpu: boolean,
) => {
  const simplified = simplify([trace.outputs.probabilities])
  const [probabilities] = inPartsOfBatch(simplified, trace.feeds, isOnCpu)
  const values = reachable([probabilities])
  const names = new Map<Value, Name>()
  const [{ input: images }] = trace.feeds
  const placeholder = graph.placeholder("images", images.shape)
  names.set(images, placeholder)
  for (const { input, name } of trace.variables) {
    if (values.includes(input)) names.set(input, variables.read(name, "predict"))
  }
  lower(values, names, graph, isOnCpu)
  return signature(
    { images: { name: placeholder, shape: images.shape } },
    { probabilities: { name: names.get(probabilities) as Name, shape: probabilities.shape } },
  )
}

/** `isOnCpu`: DFT convolutions and fused normalizations are for the processor only. */
export const compile = (
  step: Trace<"loss" | "errorRate">,
  predict: Trace<"probabilities">,
  isOnCpu: boolean,
): Compiled => {
  const graph = new TensorFlowGraph()
  const shapes = new Map(step.variables.map(({ input, name }) => [name, input.shape]))
  const variables = new Variables(graph, shapes)
  const tensors = (nameOf: (variable: string, shape: Shape) => Name): Tensors =>
    Object.fromEntries([...shapes].map(([name, shape]) => [name, { name: nameOf(name, shape), shape }]))

  const signatures: Record<string, SignatureDef> = {
    step: addStep(graph, variables, step, isOnCpu),
    predict: addPredict(graph, variables, predict, isOnCpu),
    read: signature(
      {},
      tensors((name) => variables.read(name, "read")),
    ),
  }
  const given = tensors((name, shape) => graph.placeholder(`load/${name}`, shape))
  const loads = Object.entries(given).map(([variable, { name }]) => variables.assign(variable, name, "load"))
  const loaded = gate(graph, "loaded", graph.filled(0), loads)
  signatures.load = signature(given, { loaded: { name: loaded, shape: [] } })

  return { savedModel: savedModelOf(graph, signatures), feeds: new Set(Object.keys(signatures.step.inputs)) }
}
