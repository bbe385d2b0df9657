/**
 * What a program may tell about how it updates a variable: the optimizer's formula by its name, beside the operations that
 * compute it.
 *
 * An engine that has the whole formula as one pass over memory may use it in place of those operations; others ignore it.
 * The invariant: both give the variable and its slots the same next values, up to rounding.
 */
import * as tf from "@tensorflow/tfjs-core"
import { TraceBackend } from "./backend.ts"
import type { Value } from "./graph.ts"

/** `T`: a variable or a tensor; its name or value once recorded. */
interface Adam<V, T> {
  readonly kind: "adam"
  readonly variable: V
  readonly m: V
  readonly v: V
  readonly beta1Power: V
  readonly beta2Power: V
  readonly gradient: T
  readonly learningRate: T
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}
interface GradientDescent<V, T> {
  readonly kind: "sgd"
  readonly variable: V
  readonly gradient: T
  readonly learningRate: T
}
interface Momentum<V, T> {
  readonly kind: "momentum"
  readonly variable: V
  readonly accumulator: V
  readonly gradient: T
  readonly learningRate: T
  readonly momentum: number
  readonly nesterov: boolean
}
interface RmsProp<V, T> {
  readonly kind: "rmsprop"
  readonly variable: V
  readonly square: V
  readonly accumulator: V
  readonly gradient: T
  readonly learningRate: T
  readonly decay: number
  readonly momentum: number
  readonly epsilon: number
}
type Formula<V, T> = Adam<V, T> | GradientDescent<V, T> | Momentum<V, T> | RmsProp<V, T>

/** Variables by name. */
export type Update = Formula<string, Value>

/** Tells of an update before it is made; outside of a trace it does nothing. */
export const noteUpdate = (update: Formula<tf.Variable, tf.Tensor>): void => {
  const backend = tf.backend()
  if (!(backend instanceof TraceBackend)) return
  const noted = Object.entries(update).map(([key, part]) => {
    if (part instanceof tf.Variable) return [key, part.name]
    return [key, part instanceof tf.Tensor ? backend.value(part) : part]
  })
  backend.updates.push(Object.fromEntries(noted) as Update)
}
