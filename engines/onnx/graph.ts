/**
 * Builds an ONNX graph node by node. Values are referred to by their names.
 *
 * Names are unique in a model and in the bodies of its loops, so that a body can use a value from outside.
 */
import type { Data, Value } from "../trace/graph.ts"
import {
  type AttributeProto,
  type DataType,
  dataType,
  encodeModel,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./proto.ts"

/** The name of a value. */
export type Name = string

export type Attribute =
  | { readonly i: number }
  | { readonly f: number }
  | { readonly s: string }
  | { readonly ints: ReadonlyArray<number> }
  | { readonly g: OnnxGraph }
export type Attributes = Readonly<Record<string, Attribute>>

/** AttributeProto.AttributeType */
const attributeOf = (name: string, attribute: Attribute): AttributeProto => {
  if ("i" in attribute) return { name, type: 2, i: attribute.i }
  if ("f" in attribute) return { name, type: 1, f: attribute.f }
  if ("s" in attribute) return { name, type: 3, s: new TextEncoder().encode(attribute.s) }
  if ("ints" in attribute) return { name, type: 7, ints: attribute.ints }
  return { name, type: 5, g: attribute.g.toProto() }
}

/** A name stands for a size that is known only when the graph runs. */
export type Dimension = number | string

const valueInfo = (name: Name, type: DataType, shape: ReadonlyArray<Dimension>): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: dataType[type],
      shape: {
        dim: shape.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size })),
      },
    },
  },
})

const bytesOf = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

export class OnnxGraph {
  readonly name: string
  readonly #nodes: Array<NodeProto> = []
  readonly #initializers: Array<TensorProto> = []
  readonly #inputs: Array<ValueInfoProto> = []
  readonly #outputs: Array<ValueInfoProto> = []
  readonly #constants = new Map<string, Name>()
  readonly #count: { next: number }
  /** The layer of the nodes that are being added. It is part of their names, so that a profile can be read. */
  layer = ""

  constructor(name: string, outside?: OnnxGraph) {
    this.name = name
    this.#count = outside === undefined ? { next: 0 } : outside.#count
  }

  /** The value whose nodes are added next. */
  begin(value: Value): void {
    this.layer = value.layer
  }

  fresh(prefix: string): Name {
    return `${prefix}_${this.#count.next++}`
  }

  input(name: Name, shape: ReadonlyArray<Dimension>, type: DataType = "float32"): Name {
    this.#inputs.push(valueInfo(name, type, shape))
    return name
  }

  output(name: Name, shape: ReadonlyArray<Dimension>, type: DataType = "float32"): void {
    this.#outputs.push(valueInfo(name, type, shape))
  }

  constant(data: Data | BigInt64Array, shape: ReadonlyArray<number>, type: DataType = "float32"): Name {
    const key = data.length > 64 ? undefined : `${type}[${shape.join()}]${data.join()}`
    const known = key === undefined ? undefined : this.#constants.get(key)
    if (known !== undefined) return known
    const name = this.fresh("constant")
    this.#initializers.push({ name, dims: shape, dataType: dataType[type], rawData: bytesOf(data) })
    if (key !== undefined) this.#constants.set(key, name)
    return name
  }

  scalar(value: number): Name {
    return this.constant(Float32Array.of(value), [])
  }

  ints(values: ReadonlyArray<number>): Name {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length], "int64")
  }

  /** Adds a node with one output, and returns its name. */
  op(type: string, inputs: ReadonlyArray<Name>, attributes: Attributes = {}, domain = ""): Name {
    return this.ops(type, inputs, 1, attributes, domain)[0]
  }

  ops(
    opType: string,
    input: ReadonlyArray<Name>,
    outputs: number | ReadonlyArray<Name>,
    attributes: Attributes = {},
    domain = "",
  ): ReadonlyArray<Name> {
    const output =
      typeof outputs === "number" ? Array.from({ length: outputs }, () => this.fresh(opType)) : outputs
    this.#nodes.push({
      name: this.fresh(`${this.layer}/${opType}`),
      opType,
      domain,
      input,
      output,
      attribute: Object.entries(attributes).map(([name, attribute]) => attributeOf(name, attribute)),
    })
    return output
  }

  reshape(x: Name, shape: ReadonlyArray<number>): Name {
    return this.op("Reshape", [x, this.ints(shape)])
  }

  transpose(x: Name, permutation: ReadonlyArray<number>): Name {
    return this.op("Transpose", [x], { perm: { ints: permutation } })
  }

  /** Adds zeros before and after each axis. */
  pad(x: Name, before: ReadonlyArray<number>, after: ReadonlyArray<number>): Name {
    return [...before, ...after].every((size) => size === 0)
      ? x
      : this.op("Pad", [x, this.ints([...before, ...after])])
  }

  /** Makes `x` an output: under its own name if possible, because another name means a copy. */
  yield(x: Name, shape: ReadonlyArray<Dimension>, type: DataType = "float32"): Name {
    const made = this.#nodes.some(({ output }) => output.includes(x))
    const taken = this.#outputs.some(({ name }) => name === x)
    const name = made && !taken ? x : this.op("Identity", [x])
    this.output(name, shape, type)
    return name
  }

  toProto(): GraphProto {
    return {
      name: this.name,
      node: this.#nodes,
      initializer: this.#initializers,
      input: this.#inputs,
      output: this.#outputs,
    }
  }

  encode(): Uint8Array {
    return encodeModel({
      irVersion: 8,
      producerName: "tidemark",
      opsetImport: [
        // Of 2021: reductions still have their axes as an attribute, and every onnxruntime in use supports it.
        { domain: "", version: 17 },
        { domain: "com.microsoft.nchwc", version: 1 },
        { domain: "com.microsoft", version: 1 },
      ],
      graph: this.toProto(),
    })
  }
}
