/**
 * Whole ONNX models of a program for a device: (trace) -> step, reader and prediction, over the same entries.
 *
 * A Loop would run on the processor and copy the state in every iteration. So a run of the step makes one update, and its
 * outputs, which stay on the device, are the inputs of the next. The losses stay there too: row `at` of [stepsPerRead] is set, and
 * the rest is passed on. A tensor on the device has no data that JavaScript could read: the reader's outputs are its inputs.
 */
import { reachable, type Shape, type Value } from "../../trace/graph.ts"
import { simplify } from "../../trace/simplify.ts"
import type { Trace } from "../../trace/trace.ts"
import { type Name, OnnxGraph } from "../graph.ts"
import { Lowering } from "../lowering/Lowering.ts"
import { DeviceGraph } from "./DeviceGraph.ts"
import { lowerForDevice } from "./lowerForDevice.ts"
import { type Entry, type Formula, pack, valuesOf } from "./pack.ts"

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
  readonly entries: ReadonlyArray<Entry>
  /** The entries, then the logs. */
  readonly carried: ReadonlyArray<Carried>
  /** Feeds that the step depends on. */
  readonly feeds: ReadonlyArray<FeedInput>
}

export const readName = (name: string) => `${name}:read`

/** Gives the variables among `values` their names: parts of the entries, which become inputs of the graph. */
const writeVariables = (
  trace: Trace<never>,
  entries: ReadonlyArray<Entry>,
  values: ReadonlySet<Value>,
  lowering: Lowering,
): void => {
  const { graph } = lowering
  const inputOf = new Map(trace.variables.map(({ input, name }) => [name, input]))
  for (const { name, parts } of entries) {
    for (const { offset, shape, variable } of parts) {
      const input = inputOf.get(variable)
      if (input === undefined || !values.has(input)) continue
      const size = shape.reduce((product, length) => product * length, 1)
      const range = [graph.ints([offset]), graph.ints([offset + size])]
      const element = parts.length === 1 ? name : graph.reshape(graph.op("Slice", [name, ...range]), shape)
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

/** Formulas -> names. A formula that several entries share is computed once. */
const makeCompute = (lowering: Lowering) => {
  const { graph } = lowering
  const known = new Map<Formula, Name>()
  const make = (formula: Formula): Name => {
    switch (formula.kind) {
      case "value":
        return lowering.read(formula.value)
      case "entry":
        return formula.entry
      case "join": {
        const flat = formula.values.map((value) => graph.reshape(lowering.read(value), [-1]))
        return graph.op("Concat", flat, { axis: { i: 0 } })
      }
      case "operation":
        return graph.op(formula.operator, formula.inputs.map(compute))
    }
  }
  const compute = (formula: Formula): Name => {
    const name = known.get(formula) ?? make(formula)
    known.set(formula, name)
    return name
  }
  return compute
}

const compileReader = (carried: ReadonlyArray<Carried>): Uint8Array => {
  const reader = new OnnxGraph("read")
  for (const { name, shape } of carried) {
    reader.ops("Identity", [reader.input(name, shape)], [readName(name)])
    reader.output(readName(name), shape)
  }
  return reader.encode()
}

export const compileDeviceStep = (trace: Trace<"loss" | "errorRate">): DeviceStep => {
  const [loss, errorRate, ...nextValues] = simplify([
    trace.outputs.loss,
    trace.outputs.errorRate,
    ...trace.variables.map(({ next }) => next),
  ])
  const { entries, next } = pack(trace, nextValues)
  const values = reachable([loss, errorRate, ...next.flatMap(valuesOf)])
  const graph = new DeviceGraph("step")
  const lowering = new Lowering(graph, values, undefined)
  for (const { name, shape } of entries) graph.input(name, shape)
  writeVariables(trace, entries, new Set(values), lowering)
  const feeds = writeFeeds(trace, new Set(values), lowering)
  lowerForDevice(values, graph, lowering)
  graph.layer = "optimizer"
  const computed = next.map(makeCompute(lowering))
  graph.layer = "loss"
  const isHere = graph.op("Greater", [graph.input("at", [stepsPerRead]), graph.scalar(0.5)])
  const logs = [loss, errorRate].map((value, i) =>
    graph.op("Where", [isHere, lowering.read(value), graph.input(logNames[i], [stepsPerRead])]),
  )
  const shapes = [...entries, ...logNames.map((name) => ({ name, shape: [stepsPerRead] }))]
  // Under the names that they have: an Identity would be another pass over the state.
  const carried = [...computed, ...logs].map((output, i) => {
    const { name, shape } = shapes[i]
    return { name, shape, output: graph.yield(output, shape) }
  })
  return { step: graph.encode(), reader: compileReader(carried), entries, carried, feeds }
}

export interface DevicePrediction {
  readonly model: Uint8Array
  /** The entries that it reads. */
  readonly entries: ReadonlyArray<string>
}

/** Inputs: `images` and entries of the step. Output: `probabilities`. */
export const compileDevicePredict = (
  trace: Trace<"probabilities">,
  entries: ReadonlyArray<Entry>,
): DevicePrediction => {
  const [probabilities] = simplify([trace.outputs.probabilities])
  const values = reachable([probabilities])
  const names = new Set(values.flatMap((value) => (value.op === "Input" ? [value.attributes.name] : [])))
  const used = entries.filter(({ parts }) => parts.some(({ variable }) => names.has(variable)))
  const graph = new DeviceGraph("predict")
  const lowering = new Lowering(graph, values, undefined)
  for (const { name, shape } of used) graph.input(name, shape)
  writeVariables(trace, used, new Set(values), lowering)
  writeFeeds(trace, new Set(values), lowering)
  lowerForDevice(values, graph, lowering)
  graph.ops("Identity", [lowering.read(probabilities)], ["probabilities"])
  graph.output("probabilities", probabilities.shape)
  return { model: graph.encode(), entries: used.map(({ name }) => name) }
}
