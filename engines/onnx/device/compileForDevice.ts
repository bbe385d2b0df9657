/**
 * Whole ONNX models of a program for a device: (trace) -> step, reader and prediction, over the same state.
 *
 * A Loop would run on the processor and copy the state in every iteration. So a run of the step makes one update, and its
 * outputs, which stay on the device, are the inputs of the next. The losses stay there too: row `at` of [stepsPerRead] is set, and
 * the rest is passed on. A tensor on the device has no data that JavaScript could read: the reader's outputs are its inputs.
 */
import { reachable, type Shape, sizeOf, type Value } from "../../trace/graph.ts"
import { pack } from "../../trace/pack.ts"
import { simplify } from "../../trace/simplify.ts"
import type { Trace } from "../../trace/trace.ts"
import { type Name, OnnxGraph } from "../graph.ts"
import { lower } from "../lowering/lower.ts"
import { Lowering } from "../lowering/Lowering.ts"
import { type StateInput, stateInput } from "../stateInputs.ts"
import { DeviceGraph } from "./DeviceGraph.ts"
import { deviceRules } from "./lowerForDevice.ts"

/** Steps between two readings of the losses. */
export const stepsPerRead = 50

/** Losses and error rates of the steps since the last reading. */
export const logNames = ["losses", "errorRates"] as const

export interface FeedInput {
  readonly name: string
  readonly shape: Shape
}

/** An input of the step, and the output that is its next value. */
export interface Carried {
  readonly name: string
  readonly shape: Shape
  readonly output: Name
}

export interface DeviceStep {
  readonly step: Uint8Array
  /** Every carried tensor `name` -> `name:read`. */
  readonly reader: Uint8Array
  readonly state: ReadonlyArray<StateInput>
  /** The state, then the logs. */
  readonly carried: ReadonlyArray<Carried>
  /** Feeds that the step depends on. */
  readonly feeds: ReadonlyArray<FeedInput>
}

export const readName = (name: string) => `${name}:read`

/** Gives the variables among `values` their names: the inputs of the graph, or parts of them. */
const writeVariables = (
  trace: Trace<never>,
  state: ReadonlyArray<StateInput>,
  values: ReadonlySet<Value>,
  lowering: Lowering,
): void => {
  const { graph } = lowering
  const inputOf = new Map(trace.variables.map(({ input, name }) => [name, input]))
  for (const { members, name } of state) {
    for (const { name: variable, offset, shape } of members) {
      const input = inputOf.get(variable)
      if (input === undefined || !values.has(input)) continue
      const range = [graph.ints([offset]), graph.ints([offset + sizeOf(shape)])]
      const element = members.length === 1 ? name : graph.reshape(graph.op("Slice", [name, ...range]), shape)
      lowering.write(input, "nhwc", element)
    }
  }
}

const writeFeeds = (trace: Trace<never>, values: ReadonlySet<Value>, lowering: Lowering) =>
  trace.feeds
    .filter(({ input }) => values.has(input))
    .map(({ input, name }) => {
      lowering.write(input, "nhwc", lowering.graph.input(name, input.shape))
      return { name, shape: input.shape }
    })

const compileReader = (tensors: ReadonlyArray<Pick<Carried, "name" | "shape">>): Uint8Array => {
  const reader = new OnnxGraph("read")
  for (const { name, shape } of tensors) {
    reader.ops("Identity", [reader.input(name, shape)], [readName(name)])
    reader.output(readName(name), shape)
  }
  return reader.encode()
}

export const compileDeviceStep = (trace: Trace<"loss" | "errorRate">): DeviceStep => {
  const [loss, errorRate, ...simplified] = simplify([
    trace.outputs.loss,
    trace.outputs.errorRate,
    ...trace.variables.map(({ next }) => next),
  ])
  const kept = pack(
    trace.variables.map((variable, i) => ({ ...variable, next: simplified[i] })),
    [loss, errorRate],
    Number.POSITIVE_INFINITY,
  )
  const state = kept.map((each) => stateInput(each, each.input.shape))
  const values = reachable([loss, errorRate, ...kept.map(({ next }) => next)])
  const graph = new DeviceGraph("step")
  const lowering = new Lowering(graph, values, undefined)
  for (const { input, name } of kept) lowering.write(input, "nhwc", graph.input(name, input.shape))
  writeVariables(trace, state, new Set(values), lowering)
  const feeds = writeFeeds(trace, new Set(values), lowering)
  lower(values, lowering, deviceRules)
  graph.layer = "loss"
  const isHere = graph.op("Greater", [graph.input("at", [stepsPerRead]), graph.scalar(0.5)])
  const logs = [loss, errorRate].map((value, i) =>
    graph.op("Where", [isHere, lowering.read(value), graph.input(logNames[i], [stepsPerRead])]),
  )
  const shapes = [...state, ...logNames.map((name) => ({ name, shape: [stepsPerRead] }))]
  // Under the names that they have: an Identity would be another pass over the state.
  const carried = [...kept.map(({ next }) => lowering.read(next)), ...logs].map((output, i) => {
    const { name, shape } = shapes[i]
    return { name, shape, output: graph.yield(output, shape) }
  })
  return { step: graph.encode(), reader: compileReader(carried), state, carried, feeds }
}

export interface DevicePrediction {
  readonly model: Uint8Array
  /** A reader of that alone: asked for a part of the outputs, ONNX Runtime 1.30 returned them on the processor. */
  readonly mover: Uint8Array
  /** The names of the state inputs that it reads. */
  readonly reads: ReadonlyArray<string>
}

/** Inputs: `images` and state inputs of the step. Output: `probabilities`. */
export const compileDevicePredict = (
  trace: Trace<"probabilities">,
  state: ReadonlyArray<StateInput>,
): DevicePrediction => {
  const [probabilities] = simplify([trace.outputs.probabilities])
  const values = reachable([probabilities])
  const names = new Set(values.flatMap((value) => (value.op === "Input" ? [value.attributes.name] : [])))
  const used = state.filter(({ members }) => members.some(({ name }) => names.has(name)))
  const graph = new DeviceGraph("predict")
  const lowering = new Lowering(graph, values, undefined)
  for (const { name, shape } of used) graph.input(name, shape)
  writeVariables(trace, used, new Set(values), lowering)
  writeFeeds(trace, new Set(values), lowering)
  lower(values, lowering, deviceRules)
  graph.ops("Identity", [lowering.read(probabilities)], ["probabilities"])
  graph.output("probabilities", probabilities.shape)
  return { model: graph.encode(), mover: compileReader(used), reads: used.map(({ name }) => name) }
}
