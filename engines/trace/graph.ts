/**
 * A trace, the graph of a program: values, each computed by one operation from other values.
 *
 * The operations are a small set to which TensorFlow.js' kernels are reduced. Shapes are static, images are [batch, height,
 * width, channels]. A value is immutable. It has the name of its layer, for error messages and profiles. Nothing here depends
 * on how a value will be computed.
 */
import type { ElementOperation } from "../operators.ts"

export type DType = "float32" | "int32" | "bool"
export type Shape = ReadonlyArray<number>
export type Data = Float32Array | Int32Array | Uint8Array

/** A window sliding over an image: of a convolution (channels mixed) or of pooling (channels kept). */
export interface Window {
  readonly batch: number
  readonly inHeight: number
  readonly inWidth: number
  readonly inChannels: number
  readonly outHeight: number
  readonly outWidth: number
  readonly outChannels: number
  readonly height: number
  readonly width: number
  readonly strideHeight: number
  readonly strideWidth: number
  readonly dilationHeight: number
  readonly dilationWidth: number
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

type None = Readonly<Record<never, never>>
type Sliding = { readonly window: Window }
type Reduction = { readonly axes: ReadonlyArray<number>; readonly keepDims: boolean }

/** Every operation with its attributes; those of `operators.ts` have none. */
export interface Operations extends Readonly<Record<ElementOperation, None>> {
  /** A value from outside: a feed, or a variable before the iteration. */
  Input: { readonly name: string; readonly kind: "feed" | "variable" }
  Constant: { readonly data: Data }
  /** A constant whose elements are all equal. */
  Fill: { readonly value: number }
  LeakyRelu: { readonly alpha: number }
  /** 1 if positive, else `alpha`. */
  Step: { readonly alpha: number }
  Cast: None
  /** Over the last axis. */
  Softmax: None
  /** (condition, value if true, value if false) */
  Select: None
  Reshape: None
  Transpose: { readonly permutation: ReadonlyArray<number> }
  Concat: { readonly axis: number }
  /** The elements from `begin` on, as many along each axis as the shape of the result has. */
  Slice: { readonly begin: ReadonlyArray<number> }
  /** Elements of `value` before and after each axis. */
  Pad: {
    readonly before: ReadonlyArray<number>
    readonly after: ReadonlyArray<number>
    readonly value: number
  }
  /** (x, whole numbers) -> the slices of x at these places of `axis`. */
  Gather: { readonly axis: number }
  Tile: { readonly repeats: ReadonlyArray<number> }
  ReduceSum: Reduction
  ReduceMean: Reduction
  ReduceMax: Reduction
  ReduceMin: Reduction
  ReduceProd: Reduction
  /** The first index of the largest element. */
  ArgMax: { readonly axis: number }
  /** (a, b, bias?) of two axes each; `relu` after the bias. */
  MatMul: { readonly transposeA: boolean; readonly transposeB: boolean; readonly relu: boolean }
  /** (a [..., m, k], b [..., k, n]) -> [..., m, n], with broadcasting of the axes before. */
  BatchMatMul: { readonly transposeA: boolean; readonly transposeB: boolean }
  /** (x, filter [height, width, in, out], bias?); `relu` after the bias. */
  Conv2D: Sliding & { readonly relu: boolean }
  /** (dy, filter) -> dx */
  Conv2DInputGradient: Sliding
  /** (x, dy) -> dfilter */
  Conv2DFilterGradient: Sliding
  /** Each channel separately: (x, filter [height, width, in, out / in], bias?); `relu` after the bias. */
  DepthwiseConv2D: Sliding & { readonly relu: boolean }
  /** (dy, filter) -> dx */
  DepthwiseConv2DInputGradient: Sliding
  /** (x, dy) -> dfilter */
  DepthwiseConv2DFilterGradient: Sliding
  MaxPool: Sliding
  /** (dy, x, y) -> dx. Of equal elements in a window, the first in scan order gets the whole gradient. */
  MaxPoolGradient: Sliding
  /** The mean over the elements inside the image. */
  AveragePool: Sliding
  /** dy -> dx */
  AveragePoolGradient: Sliding
}
export type Operation = keyof Operations

export interface Node<K extends Operation> {
  /** Increases in the order of the trace, so inputs have smaller ones. */
  readonly id: number
  readonly op: K
  readonly inputs: ReadonlyArray<Value>
  readonly attributes: Operations[K]
  readonly shape: Shape
  readonly dtype: DType
  /** Its layer. `loss` and `optimizer` are layers here. */
  readonly layer: string
}
export type Value = { readonly [K in Operation]: Node<K> }[Operation]

let recorded = 0

export const node = <K extends Operation>(
  layer: string,
  op: K,
  inputs: ReadonlyArray<Value>,
  attributes: Operations[K],
  shape: Shape,
  dtype: DType = "float32",
): Value =>
  // A node of one operation is a member of the union of all: TypeScript does not relate the two for an open K.
  ({ id: recorded++, op, inputs, attributes, shape: [...shape], dtype, layer }) as unknown as Value

export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1)

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis])

/** All values that `outputs` need, inputs before their users. */
export const reachable = (outputs: ReadonlyArray<Value>): ReadonlyArray<Value> => {
  const seen = new Set<Value>()
  const order: Array<Value> = []
  // An explicit stack: a deep network's trace is longer than JavaScript's own stack allows.
  const stack: Array<{ readonly value: Value; readonly entered: boolean }> = []
  for (const output of outputs) {
    stack.push({ value: output, entered: false })
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const { value, entered } = top
      if (entered) {
        order.push(value)
        continue
      }
      if (seen.has(value)) continue
      seen.add(value)
      stack.push({ value, entered: true })
      for (let i = value.inputs.length - 1; i >= 0; i--) {
        stack.push({ value: value.inputs[i], entered: false })
      }
    }
  }
  return order
}
