/**
 * A TensorFlow.js backend whose kernels record values instead of computing them.
 *
 * A tensor's data is a `Value`. Values outlive their tensors: disposing one changes nothing, so a program may tidy up as
 * it likes. Whatever would make the record wrong for another iteration is refused where it happens: reading a value,
 * drawing a constant, using a variable that is not carried as state.
 */
import * as tf from "@tensorflow/tfjs-core"
import type { Data, DType, Shape, Value } from "./graph.ts"
import { node, sameShape } from "./graph.ts"
import { KernelRefused, type Make } from "./Kernel.ts"
import { kernels } from "./kernels.ts"
import { currentLayer } from "./layer.ts"
import type { Update } from "./formula.ts"

/** The program cannot be recorded: `kernel` of `layer` says why in `detail`. */
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
}

const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }

const dtypeOf = (dtype: tf.DataType): DType => {
  if (dtype === "float32" || dtype === "int32" || dtype === "bool") return dtype
  throw new KernelRefused(`there are no ${dtype} values`)
}

/** A constant, kept as one number where all elements are equal. */
const constant = (layer: string, values: ArrayLike<number>, shape: Shape, dtype: DType): Value => {
  const data: Data = arrays[dtype].from(values)
  return data.length > 0 && data.every((x) => x === data[0])
    ? node(layer, "Fill", [], { value: data[0] }, shape, dtype)
    : node(layer, "Constant", [], { data }, shape, dtype)
}

export class TraceBackend extends tf.KernelBackend {
  /** Set while a gradient is recorded: the layer of the operation it differentiates. */
  #differentiated: string | undefined
  /** What the program has told of its updates (`declareUpdate.ts`). */
  readonly updates: Array<Update> = []
  readonly #values = new WeakMap<object, Value>()
  /** Inputs by the data they stand for. */
  readonly #inputs: WeakMap<object, Value>
  readonly #references = new WeakMap<object, number>()

  constructor(inputs: WeakMap<object, Value>) {
    super()
    this.#inputs = inputs
  }

  /** The layer that what is recorded now belongs to. */
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

  /** The value behind a tensor; a tensor made before tracing is a constant, unless it is one of the inputs. */
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
        `a constant of shape [${shape.join()}] is made inside the step, so one draw would serve every iteration; feed it, or make it before`,
      )
    }
    return this.put(value).dataId
  }

  override move(): never {
    throw new TraceRefused("Move", this.layer, "a tensor of another backend was moved while tracing")
  }

  override readSync(dataId: object): never {
    const value = this.#values.get(dataId) ?? this.#inputs.get(dataId)
    const what = value?.op === "Input" ? `input ${value.attributes.name}` : `a value of ${value?.op ?? "?"}`
    throw new TraceRefused("Read", this.layer, `${what} is read while tracing, where it has no number yet`)
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
    return { unreliable: true, reasons: ["values are recorded, not computed"] }
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

  /** Runs one kernel: the record of its result, or of its results. */
  record(
    name: string,
    inputs: tf.NamedTensorInfoMap,
    attributes: tf.NamedAttrMap,
  ): tf.TensorInfo | Array<tf.TensorInfo> {
    const record = kernels.get(name)
    if (record === undefined) throw new TraceRefused(name, this.layer, "it is not known to the tracer")
    const make: Make = (op, values, attributes, shape, dtype) =>
      node(this.layer, op, values, attributes, shape, dtype)
    try {
      const values: Record<string, Value> = {}
      for (const [key, tensor] of Object.entries(inputs)) {
        if (tensor != null) values[key] = this.value(tensor)
      }
      const recorded = record(values, attributes, make)
      return "op" in recorded ? this.put(recorded) : recorded.map((value) => this.put(value))
    } catch (error) {
      if (error instanceof KernelRefused) throw new TraceRefused(name, this.layer, error.message)
      throw error
    }
  }
}
