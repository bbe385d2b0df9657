/**
 * A program as one SavedModel: (traces of step and predict) -> bytes, with four signatures over the same variables.
 *
 * `step`: feeds -> `results`, [loss, error], after one update of every variable. `predict`: images -> probabilities.
 * `read`: () -> every variable. `load`: a value for every variable -> `loaded`. Variables live in TensorFlow between the
 * calls, so nothing but feeds and results crosses the border. The invariant: a step reads a variable before anything writes
 * it; what updates one in place waits for all that use what was read, or else TensorFlow would copy the variable first.
 */
import { reachable, type Shape, type Value } from "../trace/graph.ts"
import { simplify } from "../trace/simplify.ts"
import type { Trace } from "../trace/trace.ts"
import { after, type Name, shapeAttribute, TensorFlowGraph, textAttribute, typeAttribute } from "./graph.ts"
import { lower } from "./lowering/lower.ts"
import { dataType, encodeSavedModel, type SignatureDef, type TensorInfo } from "./proto.ts"
import { lowerAverage, lowerUpdate, valuesOf, writtenBy } from "./lowering/updates.ts"

export const tag = "tidemark"

export interface Compiled {
  readonly savedModel: Uint8Array
  /** Feeds that the step depends on. */
  readonly feeds: ReadonlySet<string>
}

/** By the key they have in a signature. */
type Tensors = Readonly<Record<string, { readonly name: Name; readonly shape: Shape }>>

const infos = (tensors: Tensors): Record<string, TensorInfo> =>
  Object.fromEntries(
    Object.entries(tensors).map(([key, { name, shape }]) => [
      key,
      { name: `${name}:0`, dtype: dataType.float32, tensorShape: shapeAttribute(shape) },
    ]),
  )

export const signature = (inputs: Tensors, outputs: Tensors): SignatureDef => ({
  inputs: infos(inputs),
  outputs: infos(outputs),
  methodName: "tensorflow/serving/predict",
})

export const savedModelOf = (
  graph: TensorFlowGraph,
  signatures: Readonly<Record<string, SignatureDef>>,
): Uint8Array =>
  encodeSavedModel({
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { tags: [tag] },
        // 1395: TensorFlow 2.21's own; older ones would turn compatibility behaviour on.
        graphDef: { node: graph.nodes, versions: { producer: 1395 } },
        signatureDef: signatures,
      },
    ],
  })

/** The variables of a program as nodes. */
class Variables {
  readonly #graph: TensorFlowGraph
  readonly #handles: ReadonlyMap<string, Name>

  constructor(graph: TensorFlowGraph, shapes: ReadonlyMap<string, Shape>) {
    this.#graph = graph
    const handle = (name: string, shape: Shape) =>
      graph.named(`variables/${name}`, "VarHandleOp", [], {
        dtype: typeAttribute("float32"),
        shape: { shape: shapeAttribute(shape) },
        shared_name: textAttribute(name),
        container: textAttribute(""),
      })
    this.#handles = new Map([...shapes].map(([name, shape]) => [name, handle(name, shape)]))
  }

  handle(variable: string): Name {
    const found = this.#handles.get(variable)
    if (found === undefined) throw new Error(`${variable} is not a variable of the program`)
    return found
  }

  read(variable: string, prefix: string): Name {
    const dtype = typeAttribute("float32")
    return this.#graph.named(`${prefix}/${variable}`, "ReadVariableOp", [this.handle(variable)], { dtype })
  }

  assign(variable: string, value: Name, prefix: string, control: ReadonlyArray<string> = []): Name {
    const inputs = [this.handle(variable), value, ...control]
    const dtype = typeAttribute("float32")
    return this.#graph.named(`${prefix}/${variable}`, "AssignVariableOp", inputs, { dtype })
  }
}

/** `value`, once everything in `control` has run. */
const gate = (graph: TensorFlowGraph, name: string, value: Name, control: ReadonlyArray<Name>): Name =>
  graph.named(name, "Identity", [value, ...control.map(after)], { T: typeAttribute("float32") })

const addStep = (
  graph: TensorFlowGraph,
  variables: Variables,
  trace: Trace<"loss" | "error">,
  usesDft: boolean,
) => {
  const moves = trace.updates.filter((update) => update.kind !== "average")
  const averages = trace.updates.filter((update) => update.kind === "average")
  const fused = new Set(trace.updates.flatMap(writtenBy))
  const plain = trace.variables.filter(({ input, name, next }) => !fused.has(name) && next !== input)
  const [loss, error, ...rest] = simplify([
    trace.outputs.loss,
    trace.outputs.error,
    ...plain.map(({ next }) => next),
    ...moves.flatMap(valuesOf),
    ...averages.map(({ rate }) => rate),
  ])
  const values = reachable([loss, error, ...rest])
  const names = new Map<Value, Name>()
  const feeds: Record<string, { name: Name; shape: Shape }> = {}
  for (const { input, name } of trace.feeds) {
    if (!values.includes(input)) continue
    names.set(input, graph.placeholder(`feeds/${name}`, input.shape))
    feeds[name] = { name: names.get(input) as Name, shape: input.shape }
  }
  const reads = new Map<string, Name>()
  const read = (name: string): Name => {
    const node = reads.get(name) ?? variables.read(name, "step")
    reads.set(name, node)
    return node
  }
  for (const { input, name } of trace.variables) if (values.includes(input)) names.set(input, read(name))
  lower(values, names, graph, usesDft)
  const nameOf = (value: Value) => names.get(value) as Name

  const inputs = new Map(trace.variables.map(({ input, name }) => [name, input]))
  const readOf = (name: string) => {
    const node = reads.get(name)
    return node === undefined ? [] : [after(node)]
  }
  /**
   * What uses a variable without being on the way to its gradient: the gradient of a layer's input. All else has run by
   * then, and a control edge would keep TensorFlow from joining a convolution with its bias and ReLU.
   */
  const usersOf = (name: string, gradient: Value) => {
    const before = new Set(reachable([gradient]))
    const variable = inputs.get(name)
    return values
      .filter((value) => value.inputs.some((input) => input === variable) && !before.has(value))
      .map((value) => after(nameOf(value)))
  }
  const updates = moves.map((update, i) => {
    const gradient = rest[plain.length + 2 * i]
    return lowerUpdate(update, {
      graph,
      handle: (name) => variables.handle(name),
      read,
      gradient: nameOf(gradient),
      learningRate: nameOf(rest[plain.length + 2 * i + 1]),
      after: writtenBy(update).flatMap((name) => [...readOf(name), ...usersOf(name, gradient)]),
    })
  })
  // Last, because an update may have been the first to read a variable (the powers of beta).
  const assignments = plain.map(({ name }, i) =>
    variables.assign(name, nameOf(rest[i]), "next", readOf(name)),
  )
  const writers = new Map([
    ...moves.map(({ variable }, i) => [variable, updates[i]] as const),
    ...plain.map(({ name }, i) => [name, assignments[i]] as const),
  ])
  const averaged = averages.map((update, i) => {
    const rate = nameOf(rest[plain.length + 2 * moves.length + i])
    const moved = after(writers.get(update.variable) as Name)
    return lowerAverage(update, rate, moved, { graph, handle: (name) => variables.handle(name), read })
  })
  const both = graph.named("loss_and_error", "Pack", [nameOf(loss), nameOf(error)], {
    T: typeAttribute("float32"),
    N: { i: 2 },
    axis: { i: 0 },
  })
  const results = gate(graph, "results", both, [...updates, ...assignments, ...averaged])
  return signature(feeds, { results: { name: results, shape: [2] } })
}

const addPredict = (
  graph: TensorFlowGraph,
  variables: Variables,
  trace: Trace<"probabilities">,
  usesDft: boolean,
) => {
  const [probabilities] = simplify([trace.outputs.probabilities])
  const values = reachable([probabilities])
  const names = new Map<Value, Name>()
  const [{ input: images }] = trace.feeds
  const placeholder = graph.placeholder("images", images.shape)
  names.set(images, placeholder)
  for (const { input, name } of trace.variables) {
    if (values.includes(input)) names.set(input, variables.read(name, "predict"))
  }
  lower(values, names, graph, usesDft)
  return signature(
    { images: { name: placeholder, shape: images.shape } },
    { probabilities: { name: names.get(probabilities) as Name, shape: probabilities.shape } },
  )
}

/** `usesDft`: whether a convolution may be a DFT convolution. */
export const compile = (
  step: Trace<"loss" | "error">,
  predict: Trace<"probabilities">,
  usesDft: boolean,
): Compiled => {
  const graph = new TensorFlowGraph()
  const shapes = new Map(step.variables.map(({ input, name }) => [name, input.shape]))
  const variables = new Variables(graph, shapes)
  const tensors = (nameOf: (variable: string, shape: Shape) => Name): Tensors =>
    Object.fromEntries([...shapes].map(([name, shape]) => [name, { name: nameOf(name, shape), shape }]))

  const signatures: Record<string, SignatureDef> = {
    step: addStep(graph, variables, step, usesDft),
    predict: addPredict(graph, variables, predict, usesDft),
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
