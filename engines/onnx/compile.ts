/**
 * Whole ONNX models of a program: (trace, blocked operators or none) -> bytes, feeds and variables.
 *
 * The step is the body of a Loop over K stacked iterations. The state is passed in and out once for all K, because ONNX Runtime
 * copies inputs and outputs (20 ms for Adam's state of the tutorials' network). Names in the model: a state input is `<variable>`,
 * or `packed/<variable>` for several small variables as one vector; its next value is `<name>:next`.
 */
import { reachable, sameShape, type Shape, sizeOf, type Value } from "../trace/graph.ts"
import { type Kept, pack } from "../trace/pack.ts"
import { simplify } from "../trace/simplify.ts"
import type { Trace } from "../trace/trace.ts"
import type { Blocked } from "./lowering/blocked.ts"
import { type Name, OnnxGraph } from "./graph.ts"
import { lower } from "./lowering/lower.ts"
import { Lowering } from "./lowering/Lowering.ts"
import { findTilings, lowerTiling } from "./lowering/tiles.ts"
import { dataType } from "./proto.ts"
import { type StateInput, stateInput } from "./stateInputs.ts"

export interface Compiled {
  readonly model: Uint8Array
  /** Feeds that the outputs depend on. */
  readonly feeds: ReadonlySet<string>
}

export interface CompiledStep extends Compiled {
  readonly state: ReadonlyArray<StateInput>
}

export interface CompiledPredict extends Compiled {
  /** The variables that are inputs, with their shapes. */
  readonly shapes: ReadonlyMap<string, Shape>
}

const fedAmong = (values: ReadonlyArray<Value>): ReadonlySet<string> => {
  const names = new Set<string>()
  for (const value of values) {
    if (value.op === "Input" && value.attributes.kind === "feed") names.add(value.attributes.name)
  }
  return names
}

export const nextName = (variable: string) => `${variable}:next`

/** The step in a Loop: the variables go through all iterations, losses and error rates are stacked. */
const addLoop = (model: OnnxGraph, step: OnnxGraph, kept: ReadonlyArray<StateInput>): void => {
  const iterations = model.input("iterations", [], "int64")
  const forever = model.constant(Uint8Array.of(1), [], "bool")
  const state = kept.map(({ name, shape }) => model.input(name, shape))
  const outputs = kept.map(({ name }) => nextName(name))
  model.ops("Loop", [iterations, forever, ...state], [...outputs, "losses", "errorRates"], {
    body: { g: step },
  })
  for (const { name, shape } of kept) model.output(nextName(name), shape)
  for (const name of ["losses", "errorRates"]) model.output(name, ["iterations"])
}

/** Larger variables gain nothing: joining gradients and cutting weights are two more passes. */
const largestPacked = 2 ** 15

/** Smaller feeds are copied in less time than a second thread needs to begin. */
const smallestCutBytes = 2 ** 20

/** The pieces in which an iteration's values of a feed are copied, each by one thread. */
const piecesOf = (shape: Shape, valueBytes: number): number =>
  valueBytes * sizeOf(shape) < smallestCutBytes
    ? 1
    : ([16, 8, 4, 2].find((pieces) => shape[0] % pieces === 0) ?? 1)

/** The values of a feed for one iteration, from those for all. ONNX Runtime copies a slice on one thread, several on all. */
const readFeed = (
  model: OnnxGraph,
  body: OnnxGraph,
  { input: { shape }, isBytes, name: all }: Trace<never>["feeds"][number],
  iteration: Name,
): Name => {
  const pieces = piecesOf(shape, isBytes ? 1 : 4)
  if (pieces === 1) return body.op("Gather", [all, iteration], { axis: { i: 0 } })
  const cut = model.reshape(all, [-1, shape[0] / pieces, ...shape.slice(1)])
  const first = body.op("Mul", [iteration, body.constant(BigInt64Array.of(BigInt(pieces)), [], "int64")])
  const places = body.op("Add", [first, body.ints(Array.from({ length: pieces }, (_, i) => i))])
  return body.reshape(body.op("Gather", [cut, places], { axis: { i: 0 } }), shape)
}

/**
 * `Feed.isBytes`. A product with 1/255 would have other bits. The values are one axis: ONNX Runtime divides images of one channel
 * pixel by pixel, 1,000 of MNIST in 4 ms in place of 0.1.
 */
const unitValuesOf = (body: OnnxGraph, bytes: Name, shape: Shape): Name => {
  const floats = body.op("Cast", [body.reshape(bytes, [-1])], { to: { i: dataType.float32 } })
  return body.reshape(body.op("Div", [floats, body.scalar(255)]), shape)
}

/** A variable's values as an input of the model: whole, in tiles, or cut from a vector if the step reads its members. */
const readState = (
  { input, members }: Kept,
  state: Name,
  shape: Shape,
  read: ReadonlySet<Value>,
  lowering: Lowering,
): void => {
  const { graph } = lowering
  lowering.write(input, "nhwc", sameShape(shape, input.shape) ? state : graph.reshape(state, input.shape))
  if (members[0].input === input || !members.some((member) => read.has(member.input))) return
  const sizes = members.map((member) => sizeOf(member.input.shape))
  const parts = graph.ops("Split", [state, graph.ints(sizes)], members.length, { axis: { i: 0 } })
  for (const [i, member] of members.entries()) {
    const { shape } = member.input
    lowering.write(member.input, "nhwc", shape.length === 1 ? parts[i] : graph.reshape(parts[i], shape))
  }
}

/** One run of the model makes `iterations` (int64 scalar) updates; feeds are [iterations, ...shape]; outputs `losses`, `errorRates`. */
export const compileStep = (
  trace: Trace<"loss" | "errorRate">,
  blocked: Blocked | undefined,
  /** Of the variables that become a part of a vector. The bits do not depend on it. */
  largest = largestPacked,
): CompiledStep => {
  const [loss, errorRate, ...simplified] = simplify([
    trace.outputs.loss,
    trace.outputs.errorRate,
    ...trace.variables.map((variable) => variable.next),
  ])
  const kept = pack(
    trace.variables.map((variable, i) => ({ ...variable, next: simplified[i] })),
    [loss, errorRate],
    largest,
  )
  const next = kept.map((each) => each.next)
  const values = reachable([loss, errorRate, ...next])
  const feeds = fedAmong(values)
  const model = new OnnxGraph("train")
  const body = new OnnxGraph("step", model)
  const lowering = new Lowering(body, values, blocked)

  const tilings = findTilings(next, values, (value) => lowering.users(value))
  const tiledInside = new Set(tilings.flatMap(({ inside }) => inside))
  const shapeOf = (value: Value): Shape =>
    tilings.find(({ outputs }) => outputs.includes(value))?.tiledShape ?? value.shape

  const iteration = body.input(body.fresh("iteration"), [], "int64")
  const condition = body.input(body.fresh("condition"), [], "bool")
  const tiled = new Map<Value, Name>()
  const read = new Set(values)
  for (const each of kept) {
    const shape = shapeOf(each.next)
    const state = body.input(body.fresh(each.name), shape)
    if (!sameShape(shape, each.input.shape)) tiled.set(each.input, state)
    readState(each, state, shape, read, lowering)
  }
  for (const feed of trace.feeds.filter(({ name }) => feeds.has(name))) {
    const { input, isBytes, name } = feed
    model.input(name, ["iterations", ...input.shape], isBytes ? "uint8" : "float32")
    const given = readFeed(model, body, feed, iteration)
    lowering.write(input, "nhwc", isBytes ? unitValuesOf(body, given, input.shape) : given)
  }
  lower(
    values.filter((value) => !tiledInside.has(value)),
    lowering,
  )
  const updated = new Map<Value, Name>(tilings.flatMap((tiling) => [...lowerTiling(tiling, lowering, tiled)]))
  body.yield(condition, [], "bool")
  for (const value of next) body.yield(updated.get(value) ?? lowering.read(value), shapeOf(value))
  for (const value of [loss, errorRate]) body.yield(lowering.read(value), [])

  const state = kept.map((each) => stateInput(each, shapeOf(each.next)))
  addLoop(model, body, state)
  return { model: model.encode(), feeds, state }
}

/** Inputs: `images` and the variables that they depend on. Output: `probabilities`. */
export const compilePredict = (
  trace: Trace<"probabilities">,
  blocked: Blocked | undefined,
): CompiledPredict => {
  const [probabilities] = simplify([trace.outputs.probabilities])
  const values = reachable([probabilities])
  const model = new OnnxGraph("predict")
  const lowering = new Lowering(model, values, blocked)
  const shapes = new Map<string, Shape>()
  for (const { input, name } of trace.variables) {
    if (values.includes(input)) shapes.set(name, input.shape)
  }
  for (const { input, name } of [...trace.feeds, ...trace.variables]) {
    if (values.includes(input)) lowering.write(input, "nhwc", model.input(name, input.shape))
  }
  lower(values, lowering)
  model.ops("Identity", [lowering.read(probabilities)], ["probabilities"])
  model.output("probabilities", probabilities.shape)
  return { model: model.encode(), feeds: fedAmong(values), shapes }
}
