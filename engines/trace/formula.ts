/**
 * The formulas an optimizer's update may be told to be: their variables and constants, by the names of the literature.
 */
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
  /** The variable also shrinks by the share learningRate · weightDecay. */
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
/** average += (variable - average) · rate, of the variable as the step leaves it. */
interface Average<V, T> {
  readonly kind: "average"
  readonly variable: V
  readonly average: V
  readonly rate: T
}
/** What moves a weight along its gradient: `V` names a variable, `T` a value. */
export type Move<V, T> = Adam<V, T> | GradientDescent<V, T> | Momentum<V, T> | RmsProp<V, T>
export type Formula<V, T> = Move<V, T> | Average<V, T>

/** Variables by name. */
export type Update = Formula<string, Value>
