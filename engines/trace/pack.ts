/**
 * Small variables that an optimizer updates in the same way, packed into one vector: (loss, error rate, variables) -> the
 * variables that the engine keeps, with their next values.
 *
 * An optimizer makes a dozen passes over each weight and its slots. For a bias of 16 values a pass costs what starting an
 * operation costs, and a network of fourteen weights starts hundreds. Here the values of all such weights are one vector, those
 * of their slots another, and so is what their gradients end in: a pass each. The operations are exact on each element
 * (IEEE 754), so the bits are those of one variable after the other.
 */
import { node, type Operation, reachable, sameShape, sizeOf, type Value } from "./graph.ts"
import type { Trace } from "./trace.ts"

/** A variable inside of what an engine keeps for it: its elements begin at `offset`. */
export interface Member {
  readonly name: string
  readonly input: Value
  readonly offset: number
}

/** What goes from one iteration to the next: a variable, or a vector of several. */
export interface Kept {
  readonly name: string
  readonly input: Value
  readonly next: Value
  readonly members: ReadonlyArray<Member>
}

type Variable = Trace<never>["variables"][number]

/** Rounded correctly, so an element's result does not depend on its place in a vector. */
export const exactOperations: ReadonlySet<Operation> = new Set<Operation>([
  "Add",
  "Sub",
  "Mul",
  "Div",
  "Maximum",
  "Minimum",
  "Sqrt",
  "Neg",
  "Sign",
])

const isScalar = ({ shape }: Value) => shape.length === 0

/** Exact operations on elements between the variables and their next values, which nothing else uses. */
const findInside = (
  values: ReadonlyArray<Value>,
  next: ReadonlySet<Value>,
  isPacked: (value: Value) => boolean,
): ReadonlySet<Value> => {
  const users = new Map<Value, Array<Value>>()
  for (const value of values) {
    for (const input of value.inputs) users.set(input, [...(users.get(input) ?? []), value])
  }
  const inside = new Set<Value>()
  // Users first.
  for (const value of values.toReversed()) {
    const usedBy = users.get(value) ?? []
    const fits =
      exactOperations.has(value.op) &&
      isPacked(value) &&
      value.inputs.every((input) => isScalar(input) || sameShape(input.shape, value.shape)) &&
      (next.has(value) || usedBy.length > 0)
    if (fits && usedBy.every((user) => inside.has(user) && sameShape(user.shape, value.shape))) {
      inside.add(value)
    }
  }
  return inside
}

/** A weight with its slots: variables whose next values use each other. */
type Bundle = ReadonlyArray<Variable>

const bundlesOf = (
  candidates: ReadonlyArray<Variable>,
  inside: ReadonlySet<Value>,
): ReadonlyArray<Bundle> => {
  const byInput = new Map(candidates.map((variable) => [variable.input, variable]))
  const bundleOf = new Map(candidates.map((variable) => [variable, new Set([variable])]))
  for (const variable of candidates) {
    const seen = new Set<Value>()
    const stack = [variable.next]
    for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
      if (seen.has(value)) continue
      seen.add(value)
      if (inside.has(value)) stack.push(...value.inputs)
      const other = byInput.get(value)
      const [mine, others] = [bundleOf.get(variable), other && bundleOf.get(other)]
      if (mine === undefined || others === undefined || mine === others) continue
      for (const each of others) bundleOf.set(each, mine.add(each))
    }
  }
  return [...new Set(bundleOf.values())].map((bundle) => candidates.filter((each) => bundle.has(each)))
}

/** How a bundle is updated. Equal for bundles that differ only in what goes in besides variables and scalars. */
const signatureOf = (bundle: Bundle, inside: ReadonlySet<Value>): string => {
  const known = new Map<Value, string>()
  /** "" for what does not depend on the bundle's variables. */
  const write = (value: Value): string => {
    const written = known.get(value)
    if (written !== undefined) return written
    const place = bundle.findIndex(({ input }) => input === value)
    const inputs = inside.has(value) ? value.inputs.map(write) : []
    const own = inputs.some((input) => input !== "")
      ? `${value.op}(${value.inputs.map((input, i) => (isScalar(input) ? `#${input.id}` : inputs[i])).join()})`
      : ""
    const text = place >= 0 ? `@${place}` : own
    known.set(value, text)
    return text
  }
  return bundle.map(({ next }) => write(next)).join(";")
}

/** Writes the same operations on vectors: (values, one of each bundle) -> the value whose parts they are. */
const joiner = (
  bundles: ReadonlyArray<Bundle>,
  inside: ReadonlySet<Value>,
  vectors: ReadonlyArray<Value>,
) => {
  const sizes = bundles.map(([{ input }]) => sizeOf(input.shape))
  const [{ shape: total }] = vectors
  const known = new Map<string, Value>()
  const flat = (value: Value, size: number) =>
    value.shape.length === 1 ? value : node(value.layer, "Reshape", [value], {}, [size])
  const concatenated = (parts: ReadonlyArray<Value>) =>
    node(
      parts[0].layer,
      "Concat",
      parts.map((part, i) => flat(part, sizes[i])),
      { axis: 0 },
      total,
    )
  const isAlike = (parts: ReadonlyArray<Value>): boolean =>
    parts.every(
      (part) =>
        inside.has(part) &&
        part.op === parts[0].op &&
        part.inputs.every((input, i) => !isScalar(input) || input === parts[0].inputs[i]) &&
        part.inputs.every((input, i) => isScalar(input) === isScalar(parts[0].inputs[i])),
    )
  const join = (parts: ReadonlyArray<Value>): Value => {
    const [first] = parts
    if (isScalar(first)) return first
    const key = parts.map(({ id }) => id).join()
    const joined = known.get(key) ?? make(parts)
    known.set(key, joined)
    return joined
  }
  const make = (parts: ReadonlyArray<Value>): Value => {
    const [first] = parts
    const place = bundles[0].findIndex(({ input }) => input === first)
    if (place >= 0 && parts.every((part, i) => part === bundles[i][place].input)) return vectors[place]
    if (!isAlike(parts)) return concatenated(parts)
    const inputs = first.inputs.map((_, i) => join(parts.map((part) => part.inputs[i])))
    return node(first.layer, first.op, inputs, first.attributes as never, total)
  }
  return join
}

const packed = (bundles: ReadonlyArray<Bundle>, inside: ReadonlySet<Value>): ReadonlyArray<Kept> => {
  const sizes = bundles.map(([{ input }]) => sizeOf(input.shape))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const names = bundles[0].map(({ name }) => `packed/${name}`)
  const vectors = names.map((name) => node("program", "Input", [], { name, kind: "variable" }, [total]))
  const join = joiner(bundles, inside, vectors)
  return names.map((name, place) => ({
    name,
    input: vectors[place],
    next: join(bundles.map((bundle) => bundle[place].next)),
    members: bundles.map((bundle, i) => ({
      name: bundle[place].name,
      input: bundle[place].input,
      offset: sizes.slice(0, i).reduce((sum, size) => sum + size, 0),
    })),
  }))
}

/**
 * `variables`: with simplified next values. `others`: the other outputs of the step. `largest`: the most elements of a variable
 * that becomes a part of a vector.
 */
export const pack = (
  variables: ReadonlyArray<Variable>,
  others: ReadonlyArray<Value>,
  largest: number,
): ReadonlyArray<Kept> => {
  const isPacked = (value: Value) => !isScalar(value) && sizeOf(value.shape) <= largest
  const values = reachable([...others, ...variables.map(({ next }) => next)])
  const inside = findInside(values, new Set(variables.map(({ next }) => next)), isPacked)
  const candidates = variables.filter(({ input, next }) => isPacked(input) && inside.has(next))
  const groups = new Map<string, Array<Bundle>>()
  for (const bundle of bundlesOf(candidates, inside)) {
    const isWhole = bundle.every(({ input }) => sameShape(input.shape, bundle[0].input.shape))
    const key = isWhole ? signatureOf(bundle, inside) : bundle[0].name
    groups.set(key, [...(groups.get(key) ?? []), bundle])
  }
  const together = [...groups.values()].filter((bundles) => bundles.length > 1)
  const kept = together.flatMap((bundles) => packed(bundles, inside))
  const inVectors = new Set(kept.flatMap(({ members }) => members.map(({ input }) => input)))
  const alone = variables
    .filter(({ input }) => !inVectors.has(input))
    .map((variable): Kept => ({ ...variable, members: [{ ...variable, offset: 0 }] }))
  return [...alone, ...kept]
}
