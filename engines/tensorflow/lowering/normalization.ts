/**
 * Batch normalization of images as TensorFlow's fused operations: (values) -> the values that they compute.
 *
 * The program normalizes in fourteen operations on whole images (`stages/model/normalization.ts`). The fused ones need two, one of them for
 * the gradient. A normalization is found by its form after simplification. Any other form is lowered as it is.
 */
import type { Node, Operation, Value } from "../../trace/graph.ts"
import { type Name, type TensorFlowGraph, typeAttribute } from "../graph.ts"

interface Normalization {
  readonly x: Value
  readonly gamma: Value | undefined
  readonly beta: Value | undefined
  readonly epsilon: number
  readonly mean: Value
  readonly variance: Value
  readonly y: Value
  readonly dy: Value
  readonly dx: Value
  readonly dgamma: Value | undefined
  /** Σ dy: the gradient of β, also without one. */
  readonly sum: Value
  /** What nothing else uses, by the node that replaces it. */
  readonly inside: { readonly forward: ReadonlyArray<Value>; readonly backward: ReadonlyArray<Value> }
}

type Users = (value: Value) => ReadonlyArray<Value>

const is = <K extends Operation>(value: Value | undefined, op: K): value is Extract<Value, Node<K>> =>
  value?.op === op

/** The other factor of a product, or the other term of a sum. */
const otherThan = (known: Value, value: Value | undefined, op: "Mul" | "Add"): Value | undefined => {
  if (!is(value, op)) return undefined
  const [a, b] = value.inputs
  return a === known ? b : b === known ? a : undefined
}

const isOverImages = (value: Value, of: Value): boolean =>
  (is(value, "ReduceMean") || is(value, "ReduceSum")) &&
  value.inputs[0] === of &&
  value.attributes.axes.join() === "0,1,2"

const isVariable = (value: Value | undefined): value is Node<"Input"> & Value =>
  is(value, "Input") && value.shape.length === 1

/** mean, x - mean, variance, 1/sqrt(variance + ε), scale, y. `centred` is x - mean. */
const matchForward = (centred: Value, users: Users) => {
  if (!is(centred, "Sub") || centred.shape.length !== 4) return undefined
  const [x, mean] = centred.inputs
  if (!is(mean, "ReduceMean") || !isOverImages(mean, x)) return undefined
  const square = users(centred).find((user) => otherThan(centred, user, "Mul") === centred)
  const variance =
    square && users(square).find((user) => is(user, "ReduceMean") && isOverImages(user, square))
  if (square === undefined || variance === undefined) return undefined
  const shifted = users(variance).find((user) => is(user, "Add"))
  const epsilon = shifted && otherThan(variance, shifted, "Add")
  const root = shifted && users(shifted).find((user) => is(user, "Sqrt"))
  const rate = root && users(root).find((user) => is(user, "Reciprocal"))
  if (shifted === undefined || !is(epsilon, "Fill") || root === undefined || rate === undefined)
    return undefined
  const scale = users(rate).find((user) => isVariable(otherThan(rate, user, "Mul"))) ?? rate
  const gamma = scale === rate ? undefined : otherThan(rate, scale, "Mul")
  const scaled = users(centred).find((user) => otherThan(centred, user, "Mul") === scale)
  if (scaled === undefined) return undefined
  const [next, ...others] = users(scaled)
  const beta = others.length === 0 ? otherThan(scaled, next, "Add") : undefined
  const y = isVariable(beta) ? next : scaled
  const inside = [centred, square, shifted, root, rate, scale, ...(y === scaled ? [] : [scaled])]
  return {
    x,
    mean,
    variance,
    gamma,
    rate,
    scale,
    y,
    inside,
    beta: isVariable(beta) ? beta : undefined,
    epsilon: epsilon.attributes.value,
  }
}

/** dx = dy·scale - centred·slope - shift, and what slope and shift are computed from. */
const matchBackward = (
  centred: Value,
  { gamma, rate, scale, y }: NonNullable<ReturnType<typeof matchForward>>,
  users: Users,
) => {
  const share = 1 / (centred.shape[0] * centred.shape[1] * centred.shape[2])
  const isShare = (value: Value | undefined) =>
    is(value, "Fill") && Math.abs(value.attributes.value - share) <= 1e-6 * share
  /** The factor of 1/N. */
  const shared = (value: Value) =>
    is(value, "Mul") ? value.inputs.find((_, i) => isShare(value.inputs[1 - i])) : undefined
  for (const centredTerm of users(centred)) {
    const slope = otherThan(centred, centredTerm, "Mul")
    const whole = slope && shared(slope)
    const difference = users(centredTerm).find((user) => is(user, "Sub") && user.inputs[1] === centredTerm)
    const scaledDy = difference?.inputs[0]
    const dy = scaledDy && otherThan(scale, scaledDy, "Mul")
    const dx =
      difference && users(difference).find((user) => is(user, "Sub") && user.inputs[0] === difference)
    if (slope === undefined || whole === undefined || !is(whole, "Mul")) continue
    if (difference === undefined || scaledDy === undefined || dy === undefined || dx === undefined) continue
    const [weight, product] = whole.inputs
    const square = otherThan(scale, weight, "Mul")
    const dots = is(product, "ReduceSum") ? product.inputs[0] : undefined
    const shift = dx.inputs[1]
    const wholeShift = shared(shift)
    const spread = wholeShift && otherThan(scale, wholeShift, "Mul")
    const sum = is(spread, "Reshape") ? spread.inputs[0] : spread
    if (square === undefined || otherThan(rate, square, "Mul") !== rate) continue
    if (dots === undefined || otherThan(centred, dots, "Mul") !== dy || !isOverImages(product, dots)) continue
    if (wholeShift === undefined || spread === undefined || sum === undefined) continue
    if (!is(sum, "ReduceSum") || !isOverImages(sum, dy) || dy === y) continue
    const dgamma =
      gamma && users(product).find((user) => user !== whole && otherThan(product, user, "Mul") === rate)
    const inside = [centredTerm, slope, whole, difference, scaledDy, weight, product, square, dots]
    return {
      dy,
      dx,
      dgamma,
      sum,
      inside: [...inside, shift, wholeShift, ...(spread === sum ? [] : [spread])],
    }
  }
  return undefined
}

/** `values`: all of a step, inputs before users. */
const findNormalizations = (values: ReadonlyArray<Value>): ReadonlyArray<Normalization> => {
  const known = new Map<Value, Set<Value>>()
  for (const value of values) {
    for (const input of value.inputs) known.set(input, (known.get(input) ?? new Set()).add(value))
  }
  const users: Users = (value) => [...(known.get(value) ?? [])]
  return values.flatMap((centred) => {
    const forward = matchForward(centred, users)
    const backward = forward && matchBackward(centred, forward, users)
    if (forward === undefined || backward === undefined) return []
    const inside = { forward: forward.inside, backward: backward.inside }
    const { dgamma, dx } = backward
    const replaced = new Set([
      ...inside.forward,
      ...inside.backward,
      forward.y,
      dx,
      ...(dgamma ? [dgamma] : []),
    ])
    const isAlone = [...inside.forward, ...inside.backward].every((value) =>
      users(value).every((user) => replaced.has(user) || user === forward.variance),
    )
    return isAlone ? [{ ...forward, ...backward, inside }] : []
  })
}

const output = (node: Name, index: number): Name => (index === 0 ? node : `${node}:${index}`)

/** A normalization's nodes, each made when it is first needed. */
const lowerNormalization = (
  normalization: Normalization,
  graph: TensorFlowGraph,
  nameOf: (value: Value) => Name,
): ReadonlyArray<readonly [Value, () => Name]> => {
  const { beta, dgamma, dx, dy, epsilon, gamma, inside, mean, sum, variance, x, y } = normalization
  const [T, index] = [typeAttribute("float32"), typeAttribute("int32")]
  const channels = x.shape[3]
  const attributes = { T, U: T, epsilon: { f: epsilon }, is_training: { b: true } }
  const vector = (value: Value | undefined, otherwise: number) =>
    value === undefined ? graph.filled(otherwise, [channels]) : nameOf(value)
  const once = (make: () => Name) => {
    let made: Name | undefined
    return () => (made ??= make())
  }
  const forward = once(() => {
    const none = graph.filled(0, [0])
    const inputs = [nameOf(x), vector(gamma, 1), vector(beta, 0), none, none]
    return graph.op("FusedBatchNormV3", inputs, { ...attributes, exponential_avg_factor: { f: 1 } })
  })
  const backward = once(() => {
    const saved = [3, 4, 5].map((at) => output(forward(), at))
    return graph.op("FusedBatchNormGradV3", [nameOf(dy), nameOf(x), vector(gamma, 1), ...saved], attributes)
  })
  const reshaped = (value: Value, node: () => Name, at: number) => () =>
    graph.op("Reshape", [output(node(), at), graph.integers(value.shape)], { T, Tshape: index })
  return [
    [y, forward],
    [mean, reshaped(mean, forward, 3)],
    [variance, reshaped(variance, forward, 4)],
    [dx, backward],
    ...(dgamma === undefined ? [] : [[dgamma, reshaped(dgamma, backward, 1)] as const]),
    [sum, reshaped(sum, backward, 2)],
    // Nothing reads these. An update waits for the nodes that replace them.
    ...inside.forward.map((value) => [value, forward] as const),
    ...inside.backward.map((value) => [value, backward] as const),
  ]
}

/** The values of all normalizations among `values`. They stay whole: in a half of the batch their form is not found. */
export const valuesOfNormalizations = (values: ReadonlyArray<Value>): ReadonlySet<Value> =>
  new Set(
    findNormalizations(values).flatMap(({ dgamma, dx, inside, mean, sum, variance, y }) => [
      y,
      mean,
      variance,
      dx,
      sum,
      ...(dgamma === undefined ? [] : [dgamma]),
      ...inside.forward,
      ...inside.backward,
    ]),
  )

/** How to lower the values of all normalizations among `values`. */
export const fusedNormalizations = (
  values: ReadonlyArray<Value>,
  graph: TensorFlowGraph,
  nameOf: (value: Value) => Name,
): ReadonlyMap<Value, () => Name> =>
  new Map(findNormalizations(values).flatMap((found) => lowerNormalization(found, graph, nameOf)))
