/**
 * The state of a lowering: the ONNX graph that is being built, and the names in it of each traced value, by layout.
 *
 * A traced image is [batch, height, width, channels]: "nhwc", also the layout of everything that is no image. ONNX uses "nchw",
 * and its fastest convolutions "nchwc" (`blocked.ts`). A rule writes the layout that it computes in, and reads the one that it
 * needs. A value is converted once, when it is first read in another layout.
 */
import type { Shape, Value } from "../../trace/graph.ts"
import { type Blocked, type ImageShape, reorderAny } from "./blocked.ts"
import type { Name, OnnxGraph } from "../graph.ts"

export type Layout = "nhwc" | "nchw" | "nchwc"

/** [batch, height, width, channels] as [batch, channels, height, width] */
export const imageShape = (shape: Shape): ImageShape => [shape[0], shape[3], shape[1], shape[2]]

/** x · scale + shift + sum, then ReLU. No scale is 1, no shift is 0. */
export interface Affine {
  readonly x: Value
  /** [channels] */
  readonly scale?: Name
  readonly shift?: Name
  readonly sum?: Affine
  readonly relu?: boolean
}

export class Lowering {
  readonly graph: OnnxGraph
  /** Absent on the portable path. */
  readonly blocked: Blocked | undefined
  /** The index of each window's largest element in the image, for poolings whose gradient uses it. */
  readonly poolingIndices = new Map<Value, Name>()
  /** The maxima of pairs of columns, by image: 2×2 pooling and its gradient share them. */
  readonly rowMaxima = new Map<Value, Name>()
  /** Arithmetic on channels (`channelwise.ts`): what it joins, and the products that may only be summed. */
  readonly affine = new Map<Value, Affine>()
  readonly products = new Set<Value>()
  readonly #names = new Map<Value, Map<Layout, Name | (() => Name)>>()
  readonly #derived = new Map<Value, Map<string, Name>>()
  readonly #users = new Map<Value, Array<Value>>()

  /** `values`: all values to lower, inputs before users. */
  constructor(graph: OnnxGraph, values: ReadonlyArray<Value>, blocked: Blocked | undefined) {
    this.graph = graph
    this.blocked = blocked
    for (const value of values) {
      for (const input of value.inputs) {
        const users = this.#users.get(input)
        if (users === undefined) this.#users.set(input, [value])
        else users.push(value)
      }
    }
  }

  readonly users = (value: Value): ReadonlyArray<Value> => this.#users.get(value) ?? []

  knows(value: Value): boolean {
    return this.#names.has(value)
  }

  /** Whether the value has this layout without a conversion. */
  has(value: Value, layout: Layout): boolean {
    return this.#names.get(value)?.has(layout) ?? false
  }

  write(value: Value, layout: Layout, name: Name): void {
    this.#set(value, layout, name)
  }

  /** Written when it is first read, and not at all if nothing reads it. */
  defer(value: Value, layout: Layout, make: () => Name): void {
    this.#set(value, layout, () => {
      const { layer } = this.graph
      this.graph.begin(value)
      const name = make()
      this.graph.layer = layer
      return name
    })
  }

  #set(value: Value, layout: Layout, name: Name | (() => Name)): void {
    const names = this.#names.get(value)
    if (names === undefined) this.#names.set(value, new Map([[layout, name]]))
    else names.set(layout, name)
  }

  read(value: Value, layout: Layout = "nhwc"): Name {
    const names = this.#names.get(value)
    if (names === undefined)
      throw new Error(`${value.op} of layer ${value.layer} is read before it is lowered`)
    for (const [deferred, name] of names) {
      if (typeof name === "function") names.set(deferred, name())
    }
    const known = names.get(layout) as Name | undefined
    if (known !== undefined) return known
    const converted = this.#convert(value, layout, names as ReadonlyMap<Layout, Name>)
    names.set(layout, converted)
    return converted
  }

  /** A value that several rules compute from another one, made once under their common key. */
  derive(value: Value, key: string, make: () => Name): Name {
    const known = this.#derived.get(value) ?? new Map<string, Name>()
    this.#derived.set(value, known)
    const name = known.get(key) ?? make()
    known.set(key, name)
    return name
  }

  #convert(value: Value, layout: Layout, names: ReadonlyMap<Layout, Name>): Name {
    const { blocked, graph } = this
    const shape = imageShape(value.shape)
    const [batch, channels, height, width] = shape
    const nhwc = names.get("nhwc")
    const nchw = names.get("nchw")
    const nchwc = names.get("nchwc")
    /** If one of the two sizes is 1, the order of the elements is the same. */
    const sameOrder = channels === 1 || height * width === 1
    const reorders = value.dtype === "float32" ? blocked : blocked && reorderAny(blocked.block)
    if (layout === "nchwc" && reorders !== undefined) {
      if (nchw !== undefined) return reorders.reorderInput(graph, nchw, shape, false)
      if (nhwc !== undefined) return reorders.reorderInput(graph, nhwc, shape, true)
    }
    if (layout === "nchw") {
      if (nhwc !== undefined) {
        return sameOrder ? graph.reshape(nhwc, shape) : graph.transpose(nhwc, [0, 3, 1, 2])
      }
      if (nchwc !== undefined && reorders !== undefined)
        return reorders.reorderOutput(graph, nchwc, shape, false)
    }
    if (layout === "nhwc") {
      if (nchw !== undefined) {
        return sameOrder
          ? graph.reshape(nchw, [batch, height, width, channels])
          : graph.transpose(nchw, [0, 2, 3, 1])
      }
      if (nchwc !== undefined && reorders !== undefined)
        return reorders.reorderOutput(graph, nchwc, shape, true)
    }
    throw new Error(`${value.op} of layer ${value.layer} cannot be read as ${layout}`)
  }
}
