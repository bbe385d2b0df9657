/**
 * Rewrites a trace into an equivalent one that costs less: (outputs) -> outputs.
 *
 * Each rule turns a value with simplified inputs into a cheaper one. Rules are applied until none matches. They may change
 * rounding in the last bit, but never the mathematics. Equal values are computed once.
 */
import type { Node, Operation, Operations, Shape, Value } from "./graph.ts"
import { node, reachable, sameShape, sizeOf } from "./graph.ts"

type Rule = (value: Value, rewrite: Rewrite) => Value | undefined

interface Rewrite {
  /** A value of the same layer and type as `like`, simplified. */
  readonly make: <K extends Operation>(
    like: Value,
    op: K,
    inputs: ReadonlyArray<Value>,
    attributes: Operations[K],
    shape: Shape,
  ) => Value
  /** relu(x), if the trace contains it. */
  readonly reluOf: (x: Value) => Value | undefined
  /** The values computed from x, before simplification. */
  readonly usersOf: (x: Value) => ReadonlyArray<Value>
}

const isFill = (x: Value): x is Node<"Fill"> => x.op === "Fill"
const isScalar = (x: Value) => x.shape.length === 0
const arithmetic: Partial<Record<Operation, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
}

/** Only the last of several reshapes counts, and none that keeps the shape. */
const reshapes: Rule = (value, { make }) => {
  if (value.op !== "Reshape") return undefined
  const [x] = value.inputs
  if (sameShape(x.shape, value.shape)) return x
  if (x.op === "Reshape") return make(value, "Reshape", x.inputs, {}, value.shape)
  if (isFill(x) && x.dtype === "float32") return make(value, "Fill", [], x.attributes, value.shape)
  return undefined
}

/** Computes arithmetic of constants in float32, turns uniform operands into scalars, and drops ·1, /1, +0 and -0. */
const constants: Rule = (value, { make }) => {
  const calculate = arithmetic[value.op]
  if (calculate === undefined || value.dtype !== "float32") return undefined
  const [a, b] = value.inputs
  if (isFill(a) && isFill(b)) {
    const result = Math.fround(calculate(a.attributes.value, b.attributes.value))
    return make(value, "Fill", [], { value: result }, value.shape)
  }
  const neutral = value.op === "Mul" || value.op === "Div" ? 1 : 0
  if (isFill(b) && b.attributes.value === neutral && sameShape(a.shape, value.shape)) return a
  if (isFill(a) && a.attributes.value === neutral && sameShape(b.shape, value.shape)) {
    if (value.op === "Mul" || value.op === "Add") return b
  }
  for (const [at, x, other] of [
    [0, a, b],
    [1, b, a],
  ] as const) {
    if (isFill(x) && !isScalar(x) && sameShape(other.shape, value.shape)) {
      const scalar = make(value, "Fill", [], x.attributes, [])
      const inputs = at === 0 ? [scalar, other] : [other, scalar]
      return make(value, value.op as "Add", inputs, {}, value.shape)
    }
  }
  return undefined
}

/** x / s = x · (1/s) for a scalar s: division is several times slower. */
const divisionByScalar: Rule = (value, { make }) => {
  if (value.op !== "Div" || value.dtype !== "float32" || isScalar(value)) return undefined
  const [a, b] = value.inputs
  if (!isScalar(b)) return undefined
  const one = make(value, "Fill", [], { value: 1 }, [])
  return make(value, "Mul", [a, make(value, "Div", [one, b], {}, [])], {}, value.shape)
}

/** (x · s) · t = x · (s · t) for scalars s and t: one pass over x instead of two. */
const scalarFactors: Rule = (value, { make }) => {
  if (value.op !== "Mul" || isScalar(value)) return undefined
  const [a, b] = value.inputs
  const [x, t] = isScalar(b) ? [a, b] : [b, a]
  if (!isScalar(t) || x.op !== "Mul") return undefined
  const [c, d] = x.inputs
  const [y, s] = isScalar(d) ? [c, d] : [d, c]
  if (!isScalar(s) || isScalar(y)) return undefined
  return make(value, "Mul", [y, make(value, "Mul", [s, t], {}, [])], {}, value.shape)
}

/** Operations that can include a bias and a ReLU. */
type Biased = Node<"MatMul" | "Conv2D" | "DepthwiseConv2D">
const isBiased = (x: Value): x is Extract<Value, Biased> =>
  x.op === "MatMul" || x.op === "Conv2D" || x.op === "DepthwiseConv2D"

/** x if it has one axis, or had one before axes of size 1 were added. */
const vectorOf = (x: Value): Value | undefined => {
  if (x.shape.length === 1) return x
  const isRow = x.op === "Reshape" && x.inputs[0].shape.length === 1 && x.shape.at(-1) === sizeOf(x.shape)
  return isRow ? x.inputs[0] : undefined
}

/** A bias with one axis becomes part of the product or convolution to which it is added. */
const bias: Rule = (value, { make }) => {
  if (value.op !== "Add") return undefined
  const [a, b] = value.inputs
  const under = a.op === "Reshape" ? a.inputs[0] : a
  const vector = vectorOf(b)
  if (!isBiased(under) || (under !== a && under.op !== "MatMul")) return undefined
  if (vector === undefined || vector.shape[0] !== under.shape.at(-1)) return undefined
  if (under.inputs.length !== 2 || under.attributes.relu) return undefined
  const sum = make(under, under.op, [...under.inputs, vector], under.attributes, under.shape)
  return under === a ? sum : make(value, "Reshape", [sum], {}, value.shape)
}

/** A ReLU becomes part of what computes x, unless x itself is used too, as in a residual block: it would be computed twice. */
const relu: Rule = (value, { make, usersOf }) => {
  if (value.op !== "Relu") return undefined
  const [x] = value.inputs
  const isOfRelu = (user: Value) => user.op === "Relu" || (user.op === "Step" && user.attributes.alpha === 0)
  if (!isBiased(x) || !usersOf(x).every(isOfRelu)) return undefined
  return make(x, x.op, x.inputs, { ...x.attributes, relu: true }, x.shape)
}

/** step(x) = step(relu(x)): then x itself is not needed, and relu can be part of what computes x. */
const stepOfRelu: Rule = (value, { make, reluOf }) => {
  if (value.op !== "Step" || value.attributes.alpha !== 0) return undefined
  const positive = reluOf(value.inputs[0])
  return positive === undefined || positive === value.inputs[0]
    ? undefined
    : make(value, "Step", [positive], value.attributes, value.shape)
}

/**
 * Pooling's gradient times step(x) = the gradient of (dy times step(y)): each window passes its dy to one element, whose
 * value is y. The mask is then a quarter as large, or less.
 */
const stepBeforePooling: Rule = (value, { make }) => {
  if (value.op !== "Mul") return undefined
  for (const [gradient, step] of [value.inputs, [value.inputs[1], value.inputs[0]]]) {
    if (gradient.op !== "MaxPoolGradient" || step.op !== "Step" || step.attributes.alpha !== 0) continue
    const [dy, x, y] = gradient.inputs
    if (step.inputs[0] !== x) continue
    const mask = make(step, "Step", [y], step.attributes, y.shape)
    const masked = make(value, "Mul", [dy, mask], {}, dy.shape)
    return make(gradient, "MaxPoolGradient", [masked, x, y], gradient.attributes, gradient.shape)
  }
  return undefined
}

const rules: ReadonlyArray<Rule> = [
  reshapes,
  constants,
  divisionByScalar,
  scalarFactors,
  bias,
  relu,
  stepOfRelu,
  stepBeforePooling,
]

/** Equal for values that are computed in the same way. */
const keyOf = (value: Value): string => {
  if (value.op === "Input" || value.op === "Constant") return `#${value.id}`
  const inputs = value.inputs.map(({ id }) => id).join()
  return `${value.op}(${inputs})${JSON.stringify(value.attributes)}[${value.shape.join()}]${value.dtype}`
}

export const simplify = (outputs: ReadonlyArray<Value>): ReadonlyArray<Value> => {
  /** Simplified values by their key. */
  const known = new Map<string, Value>()
  const simplified = new Map<Value, Value>()
  const relus = new Map<Value, Value>()
  const order = reachable(outputs)
  const users = new Map<Value, Set<Value>>()
  const usersOf = (value: Value): Set<Value> => {
    const known = users.get(value) ?? new Set()
    users.set(value, known)
    return known
  }
  for (const value of order) for (const input of value.inputs) usersOf(input).add(value)
  const rewrite: Rewrite = {
    make: (like, op, inputs, attributes, shape) =>
      settle(node(like.layer, op, inputs, attributes, shape, like.dtype)),
    reluOf: (x) => relus.get(x),
    usersOf: (x) => [...usersOf(x)],
  }
  const settle = (value: Value): Value => {
    const key = keyOf(value)
    const equal = known.get(key)
    if (equal !== undefined) return equal
    let result = value
    for (const rule of rules) {
      const better = rule(value, rewrite)
      if (better !== undefined) {
        result = better
        break
      }
    }
    known.set(key, result)
    return result
  }
  for (const value of order) {
    const inputs = value.inputs.map((input) => simplified.get(input) ?? input)
    const same = inputs.every((input, i) => input === value.inputs[i])
    const copy = same
      ? value
      : node(value.layer, value.op, inputs, value.attributes as never, value.shape, value.dtype)
    const result = settle(copy)
    simplified.set(value, result)
    if (inputs.includes(result)) usersOf(result).delete(value)
    for (const user of usersOf(value)) usersOf(result).add(user)
    // The forward pass is traced before the backward pass, so relu(x) is known before step(x).
    if (value.op === "Relu") relus.set(inputs[0], result)
  }
  return outputs.map((output) => simplified.get(output) ?? output)
}
