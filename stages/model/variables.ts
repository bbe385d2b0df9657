/**
 * Variables that a program owns. They are not registered with TensorFlow.js, because two programs in one process would have
 * variables of the same name.
 */
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../../engines/trace/graph.ts"

/** Removes a variable from the global registry of TensorFlow.js and renames it. */
export const takeOver = (variable: tf.Variable, name: string): tf.Variable => {
  delete tf.engine().state.registeredVariables[variable.name]
  variable.name = name
  return variable
}

/** Makes a variable that is not trained: (name, shape, initial value of all elements). */
export type MakeSlot = (name: string, shape: ReadonlyArray<number>, value: number) => tf.Variable

const makeVariable = (name: string, shape: ReadonlyArray<number>, values: Float32Array) =>
  takeOver(
    tf.tidy(() => tf.variable(tf.tensor(values, [...shape]), false, `tidemark/${name}`)),
    name,
  )

export const makeSlot: MakeSlot = (name, shape, value) =>
  makeVariable(name, shape, new Float32Array(sizeOf(shape)).fill(value))

/** Makes a variable that is not trained and starts with the values of another. */
export const copyVariable = (name: string, original: tf.Variable): tf.Variable =>
  makeVariable(name, original.shape, Float32Array.from(original.dataSync() as Float32Array))
