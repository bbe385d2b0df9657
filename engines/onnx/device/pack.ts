/**
 * Variables as vectors: (trace, simplified next values) -> which variables are one vector, and their next values as one formula.
 *
 * An optimizer's formula is applied to each weight. On a device every operation costs a launch, so the weights that share a
 * formula are one vector, and so are their slots of each kind. The formula is found by comparison: an operation on elements that
 * is the same for all weights is done once, and where they differ their values are joined. So any optimizer has the bits that it
 * has weight by weight.
 */
import { type ElementOperation, operators } from "../../operators.ts"
import { sameShape, type Shape, sizeOf, type Value } from "../../trace/graph.ts"
import type { Trace } from "../../trace/trace.ts"

/** A variable in a state of the device: its elements from `offset` on. */
export interface Part {
  readonly variable: string
  readonly shape: Shape
  readonly offset: number
}

/** A tensor of the state on the device: one variable with its shape, or several as a vector. */
export interface Entry {
  readonly name: string
  readonly shape: Shape
  readonly parts: ReadonlyArray<Part>
}

/** What computes the next value of an entry. */
export type Formula =
  | { readonly kind: "value"; readonly value: Value }
  /** The values, flat, one after the other. */
  | { readonly kind: "join"; readonly values: ReadonlyArray<Value> }
  /** The entry before the step. */
  | { readonly kind: "entry"; readonly entry: string }
  | { readonly kind: "operation"; readonly operator: string; readonly inputs: ReadonlyArray<Formula> }

export interface Packed {
  readonly entries: ReadonlyArray<Entry>
  /** In the order of the entries. The same object where entries share a part of their formulas. */
  readonly next: ReadonlyArray<Formula>
}

type Updates = Trace<never>["updates"]

/** The variables of an update that have the shape of the weight, by their role. */
const rolesOf = (update: Updates[number]): ReadonlyArray<string> => {
  switch (update.kind) {
    case "adam":
      return [update.variable, update.m, update.v]
    case "sgd":
      return [update.variable]
    case "momentum":
      return [update.variable, update.accumulator]
    case "rmsprop":
      return [update.variable, update.square, update.accumulator]
    case "average":
      return [update.average]
  }
}

/** Equal for updates by the same formula with the same constants. */
const formulaKey = (update: Updates[number], group: (variable: string) => string): string => {
  if (update.kind === "average") return `average of ${group(update.variable)}`
  const constants = Object.entries(update).filter(([, part]) => typeof part !== "object")
  return JSON.stringify(
    constants.map(([key, part]) => (rolesOf(update).includes(String(part)) ? key : [key, part])),
  )
}

/** Lists of variables, each to become one vector. Those of one update have the same order. */
const vectorsOf = (updates: Updates): ReadonlyArray<ReadonlyArray<string>> => {
  const groups = new Map<string, Array<Updates[number]>>()
  const groupOf = new Map<string, string>()
  // Averages last: they are grouped as the weights that they follow.
  const ordered = [
    ...updates.filter(({ kind }) => kind !== "average"),
    ...updates.filter(({ kind }) => kind === "average"),
  ]
  for (const update of ordered) {
    const key = formulaKey(update, (variable) => groupOf.get(variable) ?? "none")
    if (update.kind !== "average") groupOf.set(update.variable, key)
    const members = groups.get(key)
    if (members === undefined) groups.set(key, [update])
    else members.push(update)
  }
  return [...groups.values()].flatMap((members) => {
    const roles = members.map(rolesOf)
    return members.length === 1 ? [] : roles[0].map((_, role) => roles.map((names) => names[role]))
  })
}

const entriesOf = (trace: Trace<never>): ReadonlyArray<Entry> => {
  const shapes = new Map(trace.variables.map(({ input, name }) => [name, input.shape]))
  const vectors = vectorsOf(trace.updates)
  const inVector = new Set(vectors.flat())
  const joined = vectors.map((variables, i) => {
    let size = 0
    const parts = variables.map((variable) => {
      const shape = shapes.get(variable) ?? []
      const offset = size
      size += sizeOf(shape)
      return { variable, shape, offset }
    })
    return { name: `vector:${i}`, shape: [size], parts }
  })
  const single = trace.variables.flatMap(({ input: { shape }, name }) =>
    inVector.has(name)
      ? []
      : [{ name: `variable:${name}`, shape, parts: [{ variable: name, shape, offset: 0 }] }],
  )
  return [...joined, ...single]
}

const isElementwise = (op: string): op is ElementOperation => op in operators

/** The formula of values whose shapes are `shapes`, in parallel. */
const makeUnify = (entries: ReadonlyArray<Entry>, inputs: ReadonlyMap<Value, string>) => {
  const known = new Map<string, Formula>()
  const entryOf = new Map(
    entries.map(({ name, parts }) => [parts.map(({ variable }) => variable).join("\n"), name]),
  )
  const make = (values: ReadonlyArray<Value>): Formula => {
    const variables = values.map((value) => inputs.get(value))
    const entry = entryOf.get(variables.join("\n"))
    if (entry !== undefined) return { kind: "entry", entry }
    const [first] = values
    const { op } = first
    const isSame = (value: Value) => value.op === op && value.inputs.length === first.inputs.length
    /** An operand that is one scalar for all, or has the shape of its result. */
    const isParallel = (operand: Value, at: number) => {
      const isShared = operand.shape.length === 0 && values.every((value) => value.inputs[at] === operand)
      return isShared || values.every((value) => sameShape(value.inputs[at].shape, value.shape))
    }
    if (!isElementwise(op) || !values.every(isSame) || !first.inputs.every(isParallel)) {
      return { kind: "join", values }
    }
    const operands = first.inputs.map((_, at) => unify(values.map((value) => value.inputs[at])))
    return { kind: "operation", operator: operators[op].onnx, inputs: operands }
  }
  const unify = (values: ReadonlyArray<Value>): Formula => {
    const [first] = values
    if (first.shape.length === 0 && values.every((value) => value === first)) {
      return { kind: "value", value: first }
    }
    const key = values.map(({ id }) => id).join()
    const formula = known.get(key) ?? make(values)
    known.set(key, formula)
    return formula
  }
  return unify
}

/** `next`: the simplified next values of the variables, in the order of the trace. */
export const pack = (trace: Trace<never>, next: ReadonlyArray<Value>): Packed => {
  const entries = entriesOf(trace)
  const nextOf = new Map(trace.variables.map(({ name }, i) => [name, next[i]]))
  const unify = makeUnify(entries, new Map(trace.variables.map(({ input, name }) => [input, name])))
  return {
    entries,
    next: entries.map(({ parts }) => {
      const values = parts.flatMap(({ variable }) => nextOf.get(variable) ?? [])
      return parts.length === 1 ? { kind: "value", value: values[0] } : unify(values)
    }),
  }
}

/** The values that a formula needs in the graph. */
export const valuesOf = (formula: Formula): ReadonlyArray<Value> => {
  switch (formula.kind) {
    case "value":
      return [formula.value]
    case "join":
      return formula.values
    case "entry":
      return []
    case "operation":
      return formula.inputs.flatMap(valuesOf)
  }
}
