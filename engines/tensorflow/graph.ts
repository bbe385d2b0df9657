/**
 * Builds a TensorFlow graph node by node. A node's name refers to its first output.
 *
 * Names contain the layer of a node, so an error of TensorFlow tells where it happened.
 */
import type { Data, DType, Shape } from "../trace/graph.ts"
import { type AttrValue, dataType, type NodeDef, type TensorProto, type TensorShapeProto } from "./proto.ts"

/** The name of a node. */
export type Name = string
export type Attributes = Readonly<Record<string, AttrValue>>

export const shapeAttribute = (shape: Shape): TensorShapeProto => ({ dim: shape.map((size) => ({ size })) })
export const typeAttribute = (dtype: DType): AttrValue => ({ type: dataType[dtype] })
export const textAttribute = (text: string): AttrValue => ({ s: new TextEncoder().encode(text) })
export const listAttribute = (values: ReadonlyArray<number>): AttrValue => ({ list: { i: values } })

/** The control input that makes a node wait for another node. */
export const after = (name: Name): string => `^${name}`

export class TensorFlowGraph {
  readonly #nodes: Array<NodeDef> = []
  readonly #names = new Set<string>()
  readonly #constants = new Map<string, Name>()
  /** The layer of the nodes that are being added. */
  layer = "program"

  get nodes(): ReadonlyArray<NodeDef> {
    return this.#nodes
  }

  /** A valid node name from `prefix`, which no other node has. */
  #fresh(prefix: string): Name {
    const valid = prefix.replace(/[^A-Za-z0-9_./-]/g, "_").replace(/^[^A-Za-z0-9.]/, "n")
    let name = valid
    for (let i = 1; this.#names.has(name); i++) name = `${valid}_${i}`
    this.#names.add(name)
    return name
  }

  /** A node with a given name. `inputs` may end with control inputs. */
  named(prefix: string, op: string, inputs: ReadonlyArray<string>, attributes: Attributes = {}): Name {
    const name = this.#fresh(prefix)
    this.#nodes.push({ name, op, input: inputs, device: "", attr: attributes })
    return name
  }

  op(op: string, inputs: ReadonlyArray<string>, attributes: Attributes = {}): Name {
    return this.named(`${this.layer}/${op}`, op, inputs, attributes)
  }

  placeholder(name: string, shape: Shape, dtype: DType = "float32"): Name {
    return this.named(name, "Placeholder", [], {
      dtype: typeAttribute(dtype),
      shape: { shape: shapeAttribute(shape) },
    })
  }

  #const(key: string, dtype: DType, shape: Shape, content: Partial<TensorProto>): Name {
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const name = this.named("constant", "Const", [], {
      dtype: typeAttribute(dtype),
      value: { tensor: { dtype: dataType[dtype], tensorShape: shapeAttribute(shape), ...content } },
    })
    this.#constants.set(key, name)
    return name
  }

  constant(data: Data, shape: Shape, dtype: DType): Name {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
    const key = `${dtype}[${shape.join()}]${Buffer.from(bytes).toString("base64")}`
    return this.#const(key, dtype, shape, { tensorContent: bytes })
  }

  /** A constant whose elements are all equal: stored as one element. */
  filled(value: number, shape: Shape = [], dtype: DType = "float32"): Name {
    const values = {
      float32: { floatVal: [value] },
      int32: { intVal: [value] },
      bool: { boolVal: [value !== 0] },
    }
    return this.#const(`${dtype}[${shape.join()}]=${value}`, dtype, shape, values[dtype])
  }

  integers(values: ReadonlyArray<number>): Name {
    return this.constant(Int32Array.from(values), [values.length], "int32")
  }
}
