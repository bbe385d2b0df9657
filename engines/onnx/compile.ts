/**
 * Whole ONNX models of a program: (trace, blocked operators or none) -> bytes and the names to feed and fetch.
 *
 * The step is the body of a Loop over K stacked iterations: state enters and leaves once for all K, because what crosses
 * the border of ONNX Runtime is copied (20 ms for Adam's state of the tutorials' network). Model names: `<variable>` in,
 * `<variable>:next` out.
 */
import type { Value } from "../trace/graph.ts"
import { reachable } from "../trace/graph.ts"
import { simplify } from "../trace/simplify.ts"
import type { Trace } from "../trace/trace.ts"
import type { Blocked } from "./blocked.ts"
import { OnnxGraph } from "./graph.ts"
import { lower } from "./lower.ts"
import { Lowering } from "./Lowering.ts"

export interface Compiled {
  readonly model: Uint8Array
  /** Feeds that the outputs depend on. */
  readonly feeds: ReadonlySet<string>
  /** Variables that the outputs depend on. */
  readonly variables: ReadonlySet<string>
}

const inputsAmong = (values: ReadonlyArray<Value>, kind: "feed" | "variable") => {
  const names = new Set<string>()
  for (const value of values) {
    if (value.op === "Input" && value.attributes.kind === kind) names.add(value.attributes.name)
  }
  return names
}

export const nextName = (variable: string) => `${variable}:next`

/** One run of the model makes `iterations` (int64 scalar) updates; feeds are [iterations, ...shape]; outputs `losses`, `errors`. */
export const compileStep = (trace: Trace<"loss" | "error">, blocked: Blocked | undefined): Compiled => {
  const [loss, error, ...next] = simplify([
    trace.outputs.loss,
    trace.outputs.error,
    ...trace.variables.map((variable) => variable.next),
  ])
  const values = reachable([loss, error, ...next])
  const feeds = inputsAmong(values, "feed")
  const model = new OnnxGraph("train")
  const body = new OnnxGraph("step", model)
  const lowering = new Lowering(body, values, blocked)

  const iteration = body.input(body.fresh("iteration"), [], "int64")
  const condition = body.input(body.fresh("condition"), [], "bool")
  for (const { input, name } of trace.variables) {
    lowering.write(input, "nhwc", body.input(body.fresh(name), input.shape))
  }
  for (const { input, name } of trace.feeds.filter((feed) => feeds.has(feed.name))) {
    model.input(name, ["iterations", ...input.shape])
    lowering.write(input, "nhwc", body.op("Gather", [name, iteration], { axis: { i: 0 } }))
  }
  lower(values, lowering)
  body.yield(condition, [], "bool")
  for (const value of next) body.yield(lowering.read(value), value.shape)
  for (const value of [loss, error]) body.yield(lowering.read(value), [])

  const iterations = model.input("iterations", [], "int64")
  const forever = model.constant(Uint8Array.of(1), [], "bool")
  const state = trace.variables.map(({ input, name }) => model.input(name, input.shape))
  const outputs = [...trace.variables.map(({ name }) => nextName(name)), "losses", "errors"]
  model.ops("Loop", [iterations, forever, ...state], outputs, { body: { g: body } })
  for (const { input, name } of trace.variables) model.output(nextName(name), input.shape)
  for (const name of ["losses", "errors"]) model.output(name, ["iterations"])
  return { model: model.encode(), feeds, variables: new Set(trace.variables.map(({ name }) => name)) }
}

/** Inputs `images` and the variables that count, output `probabilities`. */
export const compilePredict = (trace: Trace<"probabilities">, blocked: Blocked | undefined): Compiled => {
  const [probabilities] = simplify([trace.outputs.probabilities])
  const values = reachable([probabilities])
  const model = new OnnxGraph("predict")
  const lowering = new Lowering(model, values, blocked)
  const variables = inputsAmong(values, "variable")
  for (const { input, name } of [...trace.feeds, ...trace.variables]) {
    if (values.includes(input)) lowering.write(input, "nhwc", model.input(name, input.shape))
  }
  lower(values, lowering)
  model.ops("Identity", [lowering.read(probabilities)], ["probabilities"])
  model.output("probabilities", probabilities.shape)
  return { model: model.encode(), feeds: inputsAmong(values, "feed"), variables }
}
