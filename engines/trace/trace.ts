/**
 * Traces a program: (variables, feeds, function over tensors) -> its outputs and the variables' next values.
 *
 * The function runs once on tensors without numbers, and TensorFlow.js differentiates as usual. Afterwards the variables have
 * their values again, and TensorFlow.js its backend, even if the trace fails.
 */
import * as tf from "@tensorflow/tfjs-core"
import { TraceBackend, TraceRefused } from "./backend.ts"
import type { Shape, Value } from "./graph.ts"
import { node } from "./graph.ts"
import { kernels } from "./kernels.ts"
import { currentLayer } from "./layer.ts"
import type { Update } from "./formula.ts"

export interface Trace<Output extends string> {
  readonly feeds: ReadonlyArray<{ readonly name: string; readonly input: Value; readonly isBytes: boolean }>
  readonly outputs: Readonly<Record<Output, Value>>
  /** In the order of the program's variables. `next` is `input` for a variable that the function did not assign. */
  readonly variables: ReadonlyArray<{ readonly name: string; readonly input: Value; readonly next: Value }>
  /** The formulas of some next values. */
  readonly updates: ReadonlyArray<Update>
}

const backendName = "tidemark-trace"

/** The parts of TensorFlow.js' engine that this file uses and that are not in its public types. */
interface Internals {
  backendInstance: tf.KernelBackend | null
  addTapeNode: (...parameters: ReadonlyArray<unknown>) => void
  runKernel: (name: string, ...parameters: ReadonlyArray<unknown>) => unknown
  makeVariable: (value: tf.Tensor, trainable?: boolean, name?: string) => tf.Variable
}
const internals = () => tf.engine() as unknown as Internals

/** Runs `f` with `backend` active. Afterwards the previous backend is active again. */
const withBackend = <T>(backend: TraceBackend, f: () => T): T => {
  const engine = tf.engine()
  const before = { name: engine.backendName, instance: internals().backendInstance }
  for (const kernelName of kernels.keys()) {
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => backend.traceKernel(kernelName, inputs, attrs ?? {}),
    })
  }
  engine.backendName = backendName
  internals().backendInstance = backend
  try {
    return f()
  } finally {
    engine.backendName = before.name
    internals().backendInstance = before.instance
    for (const kernelName of kernels.keys()) tf.unregisterKernel(kernelName, backendName)
  }
}

/**
 * While `f` runs: gradients belong to the layer whose operation they differentiate, no variable is created, and no
 * random number is drawn.
 */
const guarded = <T>(backend: TraceBackend, f: () => T): T => {
  const engine = internals()
  const random = Math.random
  const { addTapeNode, runKernel } = engine
  Math.random = () => {
    // Who refuses random numbers already has more to say about the caller.
    random()
    throw new TraceRefused("Random", backend.layer, "the step draws a random number; feed it")
  }
  engine.runKernel = (name, ...parameters) => {
    if (kernels.has(name)) return runKernel.call(tf.engine(), name, ...parameters)
    throw new TraceRefused(name, backend.layer, "the tracer does not know this kernel")
  }
  engine.makeVariable = (_, __, name) => {
    throw new TraceRefused(
      "Variable",
      backend.layer,
      `the step makes variable ${name ?? ""}; make it before the step`,
    )
  }
  engine.addTapeNode = function (...parameters) {
    addTapeNode.apply(tf.engine(), [...parameters])
    const tape = tf.engine().state.activeTape
    const added = tape[tape.length - 1]
    const gradient = added.gradient
    const layer = currentLayer()
    if (gradient === undefined || layer === undefined) return
    added.gradient = (dys) => {
      const gradients = Object.entries(backend.within(layer, () => gradient(dys)))
      return Object.fromEntries(gradients.map(([name, run]) => [name, () => backend.within(layer, run)]))
    }
  }
  try {
    return f()
  } finally {
    Math.random = random
    Reflect.deleteProperty(engine, "runKernel")
    Reflect.deleteProperty(engine, "makeVariable")
    Reflect.deleteProperty(engine, "addTapeNode")
  }
}

/** A variable during a trace. `next` is the value that was last assigned to it. */
interface TracedVariable {
  readonly variable: tf.Variable
  readonly input: Value
  readonly dataId: object
  next: Value
}

const startVariable = (variable: tf.Variable): TracedVariable => {
  const { dataId, dtype, name, shape } = variable
  if (dtype !== "float32") {
    throw new TraceRefused("Variable", "program", `variable ${name} has type ${dtype}, expected float32`)
  }
  const input = node("program", "Input", [], { name, kind: "variable" }, shape)
  return { variable, input, dataId, next: input }
}

/** Runs `f` while assignments to the variables are traced. Afterwards the variables are as before. */
const withVariables = <T>(state: ReadonlyArray<TracedVariable>, backend: TraceBackend, f: () => T): T => {
  for (const traced of state) {
    // TensorFlow.js' own `assign` would throw away the value that the variable holds now.
    traced.variable.assign = (tensor) => {
      traced.next = backend.value(tensor)
      traced.variable.dataId = backend.put(traced.next).dataId
    }
  }
  const engine = tf.engine()
  engine.startScope("trace")
  try {
    return f()
  } finally {
    for (const { dataId, variable } of state) {
      variable.dataId = dataId
      Reflect.deleteProperty(variable, "assign")
    }
    engine.endScope()
  }
}

/** Throws TraceRefused. */
export const trace = <Output extends string>(
  variables: ReadonlyArray<tf.Variable>,
  feeds: ReadonlyArray<{ readonly name: string; readonly shape: Shape; readonly isBytes?: boolean }>,
  run: (feeds: Readonly<Record<string, tf.Tensor>>) => Readonly<Record<Output, tf.Tensor>>,
): Trace<Output> => {
  const state = variables.map(startVariable)
  const backend = new TraceBackend(new Map(state.map(({ dataId, input }) => [dataId, input])))
  const fed = feeds.map(({ isBytes = false, name, shape }) => ({
    name,
    isBytes,
    input: node("program", "Input", [], { name, kind: "feed" }, shape),
  }))
  const tensorOf = (input: Value) =>
    tf.engine().makeTensorFromDataId(backend.put(input).dataId, [...input.shape], "float32", backend)
  const runTraced = () => {
    const outputs = run(Object.fromEntries(fed.map(({ input, name }) => [name, tensorOf(input)])))
    return Object.entries<tf.Tensor>(outputs).map(([name, tensor]) => [name, backend.value(tensor)])
  }
  const outputs = withVariables(state, backend, () => withBackend(backend, () => guarded(backend, runTraced)))
  return {
    feeds: fed,
    outputs: Object.fromEntries(outputs) as Record<Output, Value>,
    variables: state.map(({ input, next, variable }) => ({ name: variable.name, input, next })),
    updates: backend.updates,
  }
}
