/**
 * A kernel's record: (inputs, attributes) -> value, kept by the kernel's name.
 *
 * `kernels.ts` and `windowKernels.ts` fill the table, one entry a kernel.
 */
import * as tf from "@tensorflow/tfjs-core"
import type { DType, Operation, Operations, Shape, Value } from "./graph.ts"

export type Inputs = Readonly<Record<string, Value>>
/** Makes a value of the layer being recorded. */
export type Make = <K extends Operation>(
  op: K,
  inputs: ReadonlyArray<Value>,
  attributes: Operations[K],
  shape: Shape,
  dtype?: DType,
) => Value
/** One value, or as many as the kernel has outputs. */
export type Recorded = Value | ReadonlyArray<Value>
export type Kernel = (inputs: Inputs, attributes: Readonly<Record<string, unknown>>, make: Make) => Recorded

/** A kernel the vocabulary has no word for, or not in this form. */
export class KernelRefused extends Error {}

export const kernels = new Map<string, Kernel>()

/** Adds an entry; `A` is what TensorFlow.js gives the kernel as attributes. */
export const kernel = <A>(name: string, record: (inputs: Inputs, attributes: A, make: Make) => Recorded) => {
  kernels.set(name, (inputs, attributes, make) => record(inputs, attributes as A, make))
}

export const broadcast = (a: Value, b: Value) =>
  tf.backend_util.assertAndGetBroadcastShape([...a.shape], [...b.shape])

type Binary = "Add" | "Sub" | "Mul" | "Div" | "Maximum" | "Minimum" | "Pow"
export const binary = (make: Make, op: Binary, a: Value, b: Value) =>
  make(op, [a, b], {}, broadcast(a, b), a.dtype)

export const scalar = (make: Make, value: number) => make("Fill", [], { value }, [])

export const unary = (make: Make, op: "Sqrt" | "Reciprocal" | "LogicalNot" | "Exp", x: Value) =>
  make(op, [x], {}, x.shape, x.dtype)
