/** The formulas of optimizers that a program can declare: their variables and constants, as the literature names them. */
import type { Value } from "./graph.ts"

/** `V`: a variable, `T`: a tensor; in a trace, the variable's name and the tensor's value. */
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
  /** The variable is also decreased by the share learningRate · weightDecay. */
  readonly weightDecay: number
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
/** average += (variable - average) · rate, with the variable after the step. */
interface Average<V, T> {
  readonly kind: "average"
  readonly variable: V
  readonly average: V
  readonly rate: T
}
/** The update of a weight by its gradient. */
export type Move<V, T> = Adam<V, T> | GradientDescent<V, T> | Momentum<V, T> | RmsProp<V, T>
export type Formula<V, T> = Move<V, T> | Average<V, T>

/** A formula in a trace. */
export type Update = Formula<string, Value>
