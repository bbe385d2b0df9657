/**
 * A trace whose batch is computed in parts: (outputs, Parts) -> equivalent outputs.
 *
 * Most operations compute each example from that example alone, and from weights. Such an operation is replaced by one for each
 * part, which an executor of graphs can run in parallel. Sums over the batch, such as the gradient of a weight, are sums of the
 * parts' sums. Everything else gets the whole batch: parts are joined where they are needed whole, and cut where they are needed in
 * parts. So own code has the operations that a built-in layer with the same ones has.
 *
 * The batch is the first axis of a value, or a factor of it: a value of [batch · k, …] has k rows for each example.
 */
import { operators } from "../operators.ts"
import { node, type Node, type Operation, reachable, type Value } from "./graph.ts"

/** How an operation treats examples. Inputs are cut into parts, or read as a whole. */
interface Treatment {
  /**
   * `rows`: each part gives its rows of the result. `sum`: the result is the sum of what the parts give. `weighted sum`: each times
   * its share of the batch.
   */
  readonly result: "rows" | "sum" | "weighted sum"
  readonly isCut: (input: Value, at: number) => boolean
}

type HasRows = (value: Value) => boolean

const elementwise: ReadonlySet<Operation> = new Set<Operation>([
  ...(Object.keys(operators) as Array<keyof typeof operators>),
  "Cast",
  "LeakyRelu",
  "Select",
  "Step",
])

const rows = (isCut: Treatment["isCut"]): Treatment => ({ result: "rows", isCut })
const first: Treatment["isCut"] = (_, at) => at === 0
const every: Treatment["isCut"] = () => true

const reduction = (axes: ReadonlyArray<number>, overBatch: Treatment["result"] | undefined) => {
  if (!axes.includes(0)) return rows(first)
  return overBatch === undefined ? undefined : { result: overBatch, isCut: first }
}

const product = (value: Node<"MatMul">, hasRows: HasRows): Treatment | undefined => {
  const { relu, transposeA, transposeB } = value.attributes
  const [a, b] = value.inputs
  if (!transposeA) return hasRows(a) ? rows(first) : undefined
  const isSum = value.inputs.length === 2 && !relu && !transposeB && hasRows(a) && hasRows(b)
  return isSum ? { result: "sum", isCut: every } : undefined
}

/** Undefined if the operation needs the whole batch, or nothing of it. */
const treatmentOf = (value: Value, hasRows: HasRows): Treatment | undefined => {
  const [x] = value.inputs
  if (elementwise.has(value.op)) {
    // Also a value without rows is cut where it has an element for each row of the result.
    const isAligned = ({ shape }: Value) => shape.length === value.shape.length && shape[0] === value.shape[0]
    return value.inputs.some((input) => hasRows(input) && isAligned(input)) ? rows(isAligned) : undefined
  }
  switch (value.op) {
    case "Gather":
      // Along the first axis, an example may choose any other: x is read as a whole.
      if (value.attributes.axis > 0) return hasRows(x) ? rows(first) : undefined
      return hasRows(value.inputs[1]) ? rows((_, at) => at === 1) : undefined
    case "Concat":
      return value.attributes.axis > 0 && value.inputs.some(hasRows) ? rows(every) : undefined
    case "BatchMatMul": {
      const isAligned = ({ shape }: Value) =>
        shape.length === value.shape.length && shape[0] === value.shape[0] && shape.length > 2
      return value.inputs.some((input) => hasRows(input) && isAligned(input)) ? rows(isAligned) : undefined
    }
    case "MatMul":
      return product(value, hasRows)
    case "Conv2DFilterGradient":
    case "DepthwiseConv2DFilterGradient":
      return value.inputs.every(hasRows) ? { result: "sum", isCut: every } : undefined
  }
  if (x === undefined || !hasRows(x)) return undefined
  switch (value.op) {
    case "Reshape":
      return rows(first)
    case "Transpose":
      return value.attributes.permutation[0] === 0 ? rows(first) : undefined
    case "Softmax":
      return value.shape.length > 1 ? rows(first) : undefined
    case "Slice":
      return value.shape[0] === x.shape[0] ? rows(first) : undefined
    case "Pad": {
      // Negative padding takes rows away.
      const { after, before } = value.attributes
      return before[0] === 0 && after[0] === 0 ? rows(first) : undefined
    }
    case "Tile":
      return value.attributes.repeats[0] === 1 ? rows(first) : undefined
    case "ReduceSum":
      return reduction(value.attributes.axes, "sum")
    case "ReduceMean":
      return reduction(value.attributes.axes, "weighted sum")
    case "ReduceMax":
    case "ReduceMin":
    case "ReduceProd":
      return reduction(value.attributes.axes, undefined)
    case "ArgMax":
      return value.attributes.axis > 0 ? rows(first) : undefined
    case "Conv2D":
    case "Conv2DInputGradient":
    case "DepthwiseConv2D":
    case "DepthwiseConv2DInputGradient":
    case "MaxPool":
    case "AveragePool":
    case "AveragePoolGradient":
      return rows(first)
    case "MaxPoolGradient":
      return rows(every)
    default:
      return undefined
  }
}

export interface Parts {
  /** Examples in each part. */
  readonly sizes: ReadonlyArray<number>
  /** Whether an input has an example in each row. */
  readonly isBatch: (input: Node<"Input">) => boolean
  /** Values that are computed as a whole, although they could be in parts. */
  readonly isWhole: (value: Value) => boolean
}

/** The sizes of `count` parts of a batch, the larger ones first. */
export const partSizes = (batch: number, count: number): ReadonlyArray<number> => {
  const parts = Math.max(1, Math.min(count, batch))
  return Array.from({ length: parts }, (_, i) => Math.ceil((batch - i) / parts))
}

/** A value of the new trace: as a whole, in parts, or both. */
interface Computed {
  whole: Value | undefined
  parts: ReadonlyArray<Value> | undefined
}

export const inParts = (
  outputs: ReadonlyArray<Value>,
  { isBatch, isWhole, sizes }: Parts,
): ReadonlyArray<Value> => {
  const batch = sizes.reduce((sum, size) => sum + size, 0)
  if (sizes.length === 1) return outputs
  const order = reachable(outputs)
  const withRows = new Set<Value>()
  const computed = new Map<Value, Computed>()
  const of = (value: Value): Computed => {
    const known = computed.get(value)
    if (known === undefined) throw new Error(`${value.op} of layer ${value.layer} is read before its parts`)
    return known
  }
  /** The shape of part `p` of a value of this shape, and where it begins. */
  const partShape = (shape: Value["shape"], p: number) => [(shape[0] * sizes[p]) / batch, ...shape.slice(1)]
  const begin = (shape: Value["shape"], p: number) => [
    (shape[0] * sizes.slice(0, p).reduce((sum, size) => sum + size, 0)) / batch,
    ...shape.slice(1).map(() => 0),
  ]
  const partOf = (value: Value, inputs: ReadonlyArray<Value>, shape: Value["shape"], p: number): Value => {
    const { attributes } = value
    const ofPart =
      "window" in attributes
        ? {
            ...attributes,
            window: { ...attributes.window, batch: (attributes.window.batch * sizes[p]) / batch },
          }
        : attributes
    return node(value.layer, value.op, inputs, ofPart as never, shape, value.dtype)
  }
  const wholeOf = (value: Value): Value => {
    const known = of(value)
    known.whole ??= node(value.layer, "Concat", known.parts ?? [], { axis: 0 }, value.shape, value.dtype)
    return known.whole
  }
  const cut = (value: Value, p: number): Value => {
    const { attributes, dtype, layer, op, shape } = value
    if (op === "Fill") return node(layer, op, [], attributes, partShape(shape, p), dtype)
    return node(layer, "Slice", [wholeOf(value)], { begin: begin(shape, p) }, partShape(shape, p), dtype)
  }
  const partsOf = (value: Value): ReadonlyArray<Value> => {
    const known = of(value)
    known.parts ??= sizes.map((_, p) => cut(value, p))
    return known.parts
  }
  /** a + b + …, each times its weight. */
  const sumOf = (value: Value, parts: ReadonlyArray<Value>, weights: ReadonlyArray<number> | undefined) => {
    const make = (op: "Add" | "Mul", inputs: ReadonlyArray<Value>) =>
      node(value.layer, op, inputs, {}, value.shape, value.dtype)
    const terms =
      weights === undefined
        ? parts
        : parts.map((part, p) =>
            make("Mul", [part, node(value.layer, "Fill", [], { value: weights[p] }, [])]),
          )
    return terms.reduce((sum, term) => make("Add", [sum, term]))
  }
  for (const value of order) {
    if (value.op === "Input") {
      if (isBatch(value)) withRows.add(value)
      computed.set(value, { whole: value, parts: undefined })
      continue
    }
    const found = treatmentOf(value, (input) => withRows.has(input))
    const fits =
      found !== undefined &&
      // A reshape may mix rows.
      (found.result !== "rows" || (value.shape.length > 0 && value.shape[0] % batch === 0))
    if (fits && found.result === "rows") withRows.add(value)
    if (!fits || isWhole(value)) {
      const inputs = value.inputs.map(wholeOf)
      const same = inputs.every((input, i) => input === value.inputs[i])
      const whole = same
        ? value
        : node(value.layer, value.op, inputs, value.attributes as never, value.shape, value.dtype)
      computed.set(value, { whole, parts: undefined })
      continue
    }
    const parts = sizes.map((_, p) => {
      const inputs = value.inputs.map((input, at) =>
        found.isCut(input, at) ? partsOf(input)[p] : wholeOf(input),
      )
      const shape = found.result === "rows" ? partShape(value.shape, p) : value.shape
      return partOf(value, inputs, shape, p)
    })
    if (found.result === "rows") {
      computed.set(value, { whole: undefined, parts })
      continue
    }
    const weights = found.result === "sum" ? undefined : sizes.map((size) => size / batch)
    computed.set(value, { whole: sumOf(value, parts, weights), parts: undefined })
  }
  return outputs.map(wholeOf)
}
