/**
 * A TensorFlow.js backend whose kernels trace values instead of computing them.
 *
 * A tensor's data is a `Value`. Values outlive their tensors, so a program may dispose tensors as it likes. Whatever would make
 * the trace wrong for another iteration throws at once: reading a value, drawing a constant, using a variable that is not part
 * of the state.
 */
import * as tf from "@tensorflow/tfjs-core"
import type { Data, DType, Shape, Value } from "./graph.ts"
import { node, sameShape } from "./graph.ts"
import { KernelRefused, type Make } from "./Kernel.ts"
import { kernels } from "./kernels.ts"
import { currentLayer } from "./layer.ts"
import type { Update } from "./formula.ts"

/** The program cannot be traced, because of `kernel` in `layer`. */
export class TraceRefused extends Error {
  readonly kernel: string
  readonly layer: string
  readonly detail: string
  constructor(kernel: string, layer: string, detail: string) {
    super(`${kernel} of layer ${layer}: ${detail}`)
    this.kernel = kernel
    this.layer = layer
    this.detail = detail
  }

  /** Whether it is wrong on every engine, unlike a kernel that cannot be traced. */
  get isMisuse(): boolean {
    return ["Random", "Read", "Constant", "Variable", "Move"].includes(this.kernel)
  }
}

const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }

const dtypeOf = (dtype: tf.DataType): DType => {
  if (dtype === "float32" || dtype === "int32" || dtype === "bool") return dtype
  throw new KernelRefused(`values of type ${dtype} are not supported`)
}

/** A constant; one number if all elements are equal. */
const constant = (layer: string, values: ArrayLike<number>, shape: Shape, dtype: DType): Value => {
  const data: Data = arrays[dtype].from(values)
  return data.length > 0 && data.every((x) => x === data[0])
    ? node(layer, "Fill", [], { value: data[0] }, shape, dtype)
    : node(layer, "Constant", [], { data }, shape, dtype)
}

export class TraceBackend extends tf.KernelBackend {
  /** While a gradient is traced: the layer of the operation that it differentiates. */
  #differentiated: string | undefined
  /** The updates that the program has declared (`declareUpdate.ts`). */
  readonly updates: Array<Update> = []
  readonly #values = new WeakMap<object, Value>()
  /** Inputs by the data that they stand for. */
  readonly #inputs: ReadonlyMap<object, Value>
  readonly #references = new WeakMap<object, number>()

  constructor(inputs: ReadonlyMap<object, Value>) {
    super()
    this.#inputs = inputs
  }

  /** The layer of what is traced now. */
  get layer(): string {
    return this.#differentiated ?? currentLayer() ?? "program"
  }

  /** Runs `f`, a gradient of `layer`. */
  within<T>(layer: string, f: () => T): T {
    const before = this.#differentiated
    this.#differentiated = layer
    try {
      return f()
    } finally {
      this.#differentiated = before
    }
  }

  put(value: Value): tf.TensorInfo {
    const dataId = {}
    this.#values.set(dataId, value)
    this.#references.set(dataId, 1)
    return { dataId, shape: [...value.shape], dtype: value.dtype }
  }

  /** The value of a tensor. A tensor made before the trace is a constant, unless it is an input. */
  value(tensor: tf.TensorInfo): Value {
    const value = this.#values.get(tensor.dataId) ?? this.#inputs.get(tensor.dataId) ?? this.#outside(tensor)
    // TensorFlow.js reshapes by giving the same data another shape.
    return sameShape(value.shape, tensor.shape)
      ? value
      : node(this.layer, "Reshape", [value], {}, tensor.shape, value.dtype)
  }

  #outside(tensor: tf.TensorInfo): Value {
    if (tensor instanceof tf.Variable) {
      throw new TraceRefused(
        "Variable",
        this.layer,
        `variable ${tensor.name} is not part of the program's state`,
      )
    }
    const values = tf.engine().readSync(tensor.dataId) as Data
    return constant(this.layer, values, tensor.shape, dtypeOf(tensor.dtype))
  }

  override write(values: tf.BackendValues, shape: Array<number>, dtype: tf.DataType): object {
    const value = constant(this.layer, values as Data, shape, dtypeOf(dtype))
    if (value.op === "Constant") {
      throw new TraceRefused(
        "Constant",
        this.layer,
        `the step makes a constant of shape [${shape.join()}], which would be the same in every iteration; feed it, or make it before the step`,
      )
    }
    return this.put(value).dataId
  }

  override move(): never {
    throw new TraceRefused("Move", this.layer, "a tensor of another backend is used during the trace")
  }

  override readSync(dataId: object): never {
    const value = this.#values.get(dataId) ?? this.#inputs.get(dataId)
    const what = value?.op === "Input" ? `input ${value.attributes.name}` : `a value of ${value?.op ?? "?"}`
    throw new TraceRefused("Read", this.layer, `${what} is read during the trace, before it has a number`)
  }

  override async read(dataId: object): Promise<never> {
    return this.readSync(dataId)
  }

  override refCount(dataId: object): number {
    return this.#references.get(dataId) ?? 0
  }
  override incRef(dataId: object): void {
    this.#references.set(dataId, this.refCount(dataId) + 1)
  }
  override disposeData(dataId: object): boolean {
    const left = this.refCount(dataId) - 1
    this.#references.set(dataId, left)
    return left <= 0
  }
  override numDataIds(): number {
    return 0
  }
  override memory() {
    return { unreliable: true, reasons: ["values are traced, not computed"] }
  }
  override floatPrecision(): 32 {
    return 32
  }
  override epsilon(): number {
    return 1e-7
  }
  override timerAvailable(): boolean {
    return false
  }
  override dispose(): void {}

  /** Traces one kernel: tensors for its outputs. */
  traceKernel(
    name: string,
    inputs: tf.NamedTensorInfoMap,
    attributes: tf.NamedAttrMap,
  ): tf.TensorInfo | Array<tf.TensorInfo> {
    const traceWith = kernels.get(name)
    if (traceWith === undefined)
      throw new TraceRefused(name, this.layer, "the tracer does not know this kernel")
    const make: Make = (op, values, attributes, shape, dtype) =>
      node(this.layer, op, values, attributes, shape, dtype)
    try {
      const values: Record<string, Value> = {}
      for (const [key, tensor] of Object.entries(inputs)) {
        if (tensor != null) values[key] = this.value(tensor)
      }
      const traced = traceWith(values, attributes, make)
      return "op" in traced ? this.put(traced) : traced.map((value) => this.put(value))
    } catch (error) {
      if (error instanceof KernelRefused) throw new TraceRefused(name, this.layer, error.message)
      throw error
    }
  }
}
