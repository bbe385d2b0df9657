/**
 * Records a program: (variables, feeds, function over tensors) -> its outputs and the variables' next values.
 *
 * The function runs once, with TensorFlow.js differentiating as ever, on tensors that have no numbers. The variables keep
 * their values, and TensorFlow.js its backend, whatever happens.
 */
import * as tf from "@tensorflow/tfjs-core"
import { TraceBackend, TraceRefused } from "./backend.ts"
import type { Shape, Value } from "./graph.ts"
import { node } from "./graph.ts"
import { kernels } from "./kernels.ts"
import { currentLayer } from "./layer.ts"
import type { Update } from "./formula.ts"

export interface Trace<Output extends string> {
  readonly feeds: ReadonlyArray<{ readonly name: string; readonly input: Value }>
  readonly outputs: Readonly<Record<Output, Value>>
  /** In the order of the program's variables; `next` is `input` where the function left one alone. */
  readonly variables: ReadonlyArray<{ readonly name: string; readonly input: Value; readonly next: Value }>
  /** Formulas behind some of the next values. */
  readonly updates: ReadonlyArray<Update>
}

const backendName = "tidemark-trace"

/** What this file reaches of TensorFlow.js' engine beyond its public types. */
interface Internals {
  backendInstance: tf.KernelBackend | null
  addTapeNode: (...parameters: ReadonlyArray<unknown>) => void
  runKernel: (name: string, ...parameters: ReadonlyArray<unknown>) => unknown
  makeVariable: (value: tf.Tensor, trainable?: boolean, name?: string) => tf.Variable
}
const internals = () => tf.engine() as unknown as Internals

/** Runs `f` with `backend` active; the one before is active again afterwards. */
const withBackend = <T>(backend: TraceBackend, f: () => T): T => {
  const engine = tf.engine()
  const before = { name: engine.backendName, instance: internals().backendInstance }
  for (const kernelName of kernels.keys()) {
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => backend.record(kernelName, inputs, attrs ?? {}),
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
    throw new TraceRefused("Random", backend.layer, "a random number is drawn inside the step; feed it")
  }
  engine.runKernel = (name, ...parameters) => {
    if (kernels.has(name)) return runKernel.call(tf.engine(), name, ...parameters)
    throw new TraceRefused(name, backend.layer, "it is not known to the tracer")
  }
  engine.makeVariable = (_, __, name) => {
    throw new TraceRefused("Variable", backend.layer, `variable ${name ?? ""} is made inside the step`)
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

/** Throws TraceRefused. */
export const trace = <Output extends string>(
  variables: ReadonlyArray<tf.Variable>,
  feeds: ReadonlyArray<{ readonly name: string; readonly shape: Shape }>,
  run: (feeds: Readonly<Record<string, tf.Tensor>>) => Readonly<Record<Output, tf.Tensor>>,
): Trace<Output> => {
  const inputs = new WeakMap<object, Value>()
  const state = variables.map((variable) => {
    if (variable.dtype !== "float32") {
      throw new TraceRefused(
        "Variable",
        "program",
        `variable ${variable.name} is ${variable.dtype}, not float32`,
      )
    }
    const input = node("program", "Input", [], { name: variable.name, kind: "variable" }, variable.shape)
    inputs.set(variable.dataId, input)
    return { variable, input, dataId: variable.dataId, next: input }
  })
  const backend = new TraceBackend(inputs)
  for (const slot of state) {
    // Not tfjs' own `assign`: it would throw away the value that the variable holds now.
    slot.variable.assign = (tensor) => {
      slot.next = backend.value(tensor)
      slot.variable.dataId = backend.put(slot.next).dataId
    }
  }
  const fed = feeds.map(({ name, shape }) => ({
    name,
    input: node("program", "Input", [], { name, kind: "feed" }, shape),
  }))
  const engine = tf.engine()
  engine.startScope("trace")
  try {
    return withBackend(backend, () =>
      guarded(backend, () => {
        const tensors = Object.fromEntries(
          fed.map(({ name, input }) => [
            name,
            engine.makeTensorFromDataId(backend.put(input).dataId, [...input.shape], "float32", backend),
          ]),
        )
        const outputs = Object.entries<tf.Tensor>(run(tensors)).map(([name, tensor]) => [
          name,
          backend.value(tensor),
        ])
        return {
          feeds: fed,
          outputs: Object.fromEntries(outputs) as Record<Output, Value>,
          variables: state.map(({ variable, input, next }) => ({ name: variable.name, input, next })),
          updates: backend.updates,
        }
      }),
    )
  } finally {
    for (const { variable, dataId } of state) {
      variable.dataId = dataId
      Reflect.deleteProperty(variable, "assign")
    }
    engine.endScope()
  }
}
