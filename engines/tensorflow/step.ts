/**
 * The step of a program: (trace) -> its nodes in the graph, and the signature `step`.
 *
 * The invariant: a step reads a variable before anything writes it. An operation that updates a variable in place waits for
 * everything that uses the value read before; otherwise TensorFlow would copy the variable first.
 */
import { reachable, type Value } from "../trace/graph.ts"
import { simplify } from "../trace/simplify.ts"
import type { Trace } from "../trace/trace.ts"
import { addByteFeed } from "./byteFeed.ts"
import { after, type Name, type TensorFlowGraph, typeAttribute } from "./graph.ts"
import { lower } from "./lowering/lower.ts"
import { inPartsOfBatch } from "./batchParts.ts"
import { lowerAverage, lowerUpdate, valuesOf, writtenBy } from "./lowering/updates.ts"
import { signature, type Tensors } from "./signature.ts"
import type { Variables } from "./variables.ts"

type StepTrace = Trace<"loss" | "errorRate">

/** `value`, after everything in `control` has run. */
export const gate = (graph: TensorFlowGraph, name: string, value: Name, control: ReadonlyArray<Name>): Name =>
  graph.named(name, "Identity", [value, ...control.map(after)], { T: typeAttribute("float32") })

/** What the step computes: values for plain assignments, for optimizer updates in one operation, and for averages. */
const simplifyStep = (trace: StepTrace, isOnCpu: boolean) => {
  const moves = trace.updates.filter((update) => update.kind !== "average")
  const averages = trace.updates.filter((update) => update.kind === "average")
  const fused = new Set(trace.updates.flatMap(writtenBy))
  const plain = trace.variables.filter(({ input, name, next }) => !fused.has(name) && next !== input)
  const simplified = simplify([
    trace.outputs.loss,
    trace.outputs.errorRate,
    ...plain.map(({ next }) => next),
    ...moves.flatMap(valuesOf),
    ...averages.map(({ rate }) => rate),
  ])
  const [loss, errorRate, ...rest] = inPartsOfBatch(simplified, trace.feeds, isOnCpu)
  const [firstMove, firstAverage] = [plain.length, plain.length + 2 * moves.length]
  return {
    loss,
    errorRate,
    /** All of them, inputs before users. */
    values: reachable([loss, errorRate, ...rest]),
    plain: plain.map(({ name }, i) => ({ name, next: rest[i] })),
    moves: moves.map((update, i) => ({
      update,
      gradient: rest[firstMove + 2 * i],
      learningRate: rest[firstMove + 2 * i + 1],
    })),
    averages: averages.map((update, i) => ({ update, rate: rest[firstAverage + i] })),
  }
}

/** The variables as a step finds them: each is read once, when it is first needed. */
class Reads {
  readonly #variables: Variables
  readonly #nodes = new Map<string, Name>()

  constructor(variables: Variables) {
    this.#variables = variables
  }

  read(variable: string): Name {
    const node = this.#nodes.get(variable) ?? this.#variables.read(variable, "step")
    this.#nodes.set(variable, node)
    return node
  }

  /** A control input that waits for the read, where there is one. */
  after(variable: string): ReadonlyArray<string> {
    const node = this.#nodes.get(variable)
    return node === undefined ? [] : [after(node)]
  }
}

/** Placeholders for the feeds that the values depend on; their names are added to `names`. */
const addFeeds = (
  graph: TensorFlowGraph,
  { feeds }: StepTrace,
  values: ReadonlyArray<Value>,
  names: Map<Value, Name>,
): Tensors =>
  Object.fromEntries(
    feeds
      .filter(({ input }) => values.includes(input))
      .map(({ input, isBytes, name }) => {
        if (isBytes) {
          const { given, value } = addByteFeed(graph, `feeds/${name}`, input.shape)
          names.set(input, value)
          return [name, given]
        }
        const placeholder = graph.placeholder(`feeds/${name}`, input.shape)
        names.set(input, placeholder)
        return [name, { name: placeholder, shape: input.shape }]
      }),
  )

/**
 * What uses a variable without being on the way to its gradient: the gradient of a layer's input. All else has run by
 * then, and a control edge would keep TensorFlow from joining a convolution with its bias and ReLU.
 */
const otherUsers = (variable: Value | undefined, gradient: Value, values: ReadonlyArray<Value>) => {
  const before = new Set(reachable([gradient]))
  return values.filter((value) => value.inputs.some((input) => input === variable) && !before.has(value))
}

export const addStep = (graph: TensorFlowGraph, variables: Variables, trace: StepTrace, isOnCpu: boolean) => {
  const { averages, errorRate, loss, moves, plain, values } = simplifyStep(trace, isOnCpu)
  const names = new Map<Value, Name>()
  const feeds = addFeeds(graph, trace, values, names)
  const reads = new Reads(variables)
  const inputs = new Map(trace.variables.map(({ input, name }) => [name, input]))
  for (const [name, input] of inputs) if (values.includes(input)) names.set(input, reads.read(name))
  lower(values, names, graph, isOnCpu)
  const nameOf = (value: Value) => names.get(value) as Name
  const nodes = {
    graph,
    handle: (name: string) => variables.handle(name),
    read: (name: string) => reads.read(name),
  }
  const updates = moves.map(({ gradient, learningRate, update }) =>
    lowerUpdate(update, {
      ...nodes,
      gradient: nameOf(gradient),
      learningRate: nameOf(learningRate),
      after: writtenBy(update).flatMap((name) => [
        ...reads.after(name),
        ...otherUsers(inputs.get(name), gradient, values).map((user) => after(nameOf(user))),
      ]),
    }),
  )
  // After the updates, because an update may be the first to read a variable (the powers of beta).
  const assignments = plain.map(({ name, next }) =>
    variables.assign(name, nameOf(next), "next", reads.after(name)),
  )
  const writers = new Map([
    ...moves.map(({ update }, i) => [update.variable, updates[i]] as const),
    ...plain.map(({ name }, i) => [name, assignments[i]] as const),
  ])
  const averaged = averages.map(({ rate, update }) =>
    lowerAverage(update, nameOf(rate), after(writers.get(update.variable) as Name), nodes),
  )
  const both = graph.named("loss_and_error_rate", "Pack", [nameOf(loss), nameOf(errorRate)], {
    T: typeAttribute("float32"),
    N: { i: 2 },
    axis: { i: 0 },
  })
  const results = gate(graph, "results", both, [...updates, ...assignments, ...averaged])
  return signature(feeds, { results: { name: results, shape: [2] } })
}
