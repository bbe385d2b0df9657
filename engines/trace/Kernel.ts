/**
 * How a TensorFlow.js kernel is traced: (inputs, attributes) -> value, in a table by the kernel's name.
 *
 * `kernels.ts` and `windowKernels.ts` fill the table, one entry for each kernel.
 */
import * as tf from "@tensorflow/tfjs-core"
import type { DType, Operation, Operations, Shape, Value } from "./graph.ts"

export type Inputs = Readonly<Record<string, Value>>
/** Makes a value of the layer that is being traced. */
export type Make = <K extends Operation>(
  op: K,
  inputs: ReadonlyArray<Value>,
  attributes: Operations[K],
  shape: Shape,
  dtype?: DType,
) => Value
/** One value for each output of the kernel. */
export type Traced = Value | ReadonlyArray<Value>
export type Kernel = (inputs: Inputs, attributes: Readonly<Record<string, unknown>>, make: Make) => Traced

/** The kernel cannot be traced in this form. */
export class KernelRefused extends Error {}

export const kernels = new Map<string, Kernel>()

/** Adds an entry. `A`: the attributes that TensorFlow.js gives the kernel. */
export const kernel = <A>(name: string, trace: (inputs: Inputs, attributes: A, make: Make) => Traced) => {
  kernels.set(name, (inputs, attributes, make) => trace(inputs, attributes as A, make))
}

export const broadcast = (a: Value, b: Value) =>
  tf.backend_util.assertAndGetBroadcastShape([...a.shape], [...b.shape])

type Binary = "Add" | "Sub" | "Mul" | "Div" | "Maximum" | "Minimum" | "Pow"
export const binary = (make: Make, op: Binary, a: Value, b: Value) =>
  make(op, [a, b], {}, broadcast(a, b), a.dtype)

export const scalar = (make: Make, value: number) => make("Fill", [], { value }, [])

export const unary = (make: Make, op: "Sqrt" | "Reciprocal" | "LogicalNot" | "Exp", x: Value) =>
  make(op, [x], {}, x.shape, x.dtype)
