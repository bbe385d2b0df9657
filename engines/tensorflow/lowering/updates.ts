/**
 * Updates as TensorFlow's fused operations: (Update) -> the variables that it writes, the values that it needs, its node.
 *
 * One pass over weights, slots and gradient, in place. The formulas are those of the program (`stages/model/optimizer.ts`).
 */
import type { Value } from "../../trace/graph.ts"
import type { Move, Update } from "../../trace/formula.ts"
import { after as control, type Name, type TensorFlowGraph, typeAttribute } from "../graph.ts"

/** What the node of an update needs. */
export interface Operands {
  readonly graph: TensorFlowGraph
  /** The handle of a variable. */
  readonly handle: (variable: string) => Name
  /** The value of a variable before the step. */
  readonly read: (variable: string) => Name
  readonly gradient: Name
  readonly learningRate: Name
  /** Control inputs: nodes that must have run before. */
  readonly after: ReadonlyArray<string>
}

/** The variables that an update writes. */
export const writtenBy = (update: Update): ReadonlyArray<string> => {
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

/** The values that an update needs besides variables. */
export const valuesOf = ({
  gradient,
  learningRate,
}: Move<string, Value>): readonly [gradient: Value, learningRate: Value] => [gradient, learningRate]

export const lowerUpdate = (update: Move<string, Value>, operands: Operands): Name => {
  const { after, gradient, graph, handle, learningRate, read } = operands
  const T = typeAttribute("float32")
  graph.layer = "optimizer"
  const scalar = (value: number) => graph.filled(value)
  /** w -= w · lr · λ */
  const shrink = (decay: number, variable: string) => {
    const share = graph.op("Mul", [learningRate, scalar(decay)], { T })
    const less = graph.op("Mul", [read(variable), share], { T })
    return graph.op("AssignSubVariableOp", [handle(variable), less, ...after], { dtype: T })
  }
  switch (update.kind) {
    case "adam": {
      const { beta1, beta1Power, beta2, beta2Power, epsilon, m, v, variable } = update
      const slots = [handle(variable), handle(m), handle(v)]
      const rates = [read(beta1Power), read(beta2Power), learningRate, scalar(beta1), scalar(beta2)]
      const shrunk = update.weightDecay === 0 ? [] : [control(shrink(update.weightDecay, variable))]
      const ready = [...after, ...shrunk]
      return graph.op("ResourceApplyAdam", [...slots, ...rates, scalar(epsilon), gradient, ...ready], { T })
    }
    case "sgd":
      return graph.op(
        "ResourceApplyGradientDescent",
        [handle(update.variable), learningRate, gradient, ...after],
        { T },
      )
    case "momentum": {
      const { accumulator, momentum, nesterov, variable } = update
      return graph.op(
        "ResourceApplyMomentum",
        [handle(variable), handle(accumulator), learningRate, gradient, scalar(momentum), ...after],
        { T, use_nesterov: { b: nesterov } },
      )
    }
    case "rmsprop": {
      const { accumulator, decay, epsilon, momentum, square, variable } = update
      const slots = [handle(variable), handle(square), handle(accumulator)]
      const rates = [learningRate, scalar(decay), scalar(momentum), scalar(epsilon)]
      return graph.op("ResourceApplyRMSProp", [...slots, ...rates, gradient, ...after], { T })
    }
  }
}

/** average += (w - average) · rate, with w read after the control input `moved`. */
export const lowerAverage = (
  update: Extract<Update, { readonly kind: "average" }>,
  rate: Name,
  moved: string,
  { graph, handle, read }: Pick<Operands, "graph" | "handle" | "read">,
): Name => {
  const T = typeAttribute("float32")
  graph.layer = "average"
  const average = read(update.average)
  const weight = graph.op("ReadVariableOp", [handle(update.variable), moved], { dtype: T })
  const difference = graph.op("Sub", [weight, average], { T })
  const step = graph.op("Mul", [difference, rate], { T })
  return graph.op("AssignAddVariableOp", [handle(update.average), step], { dtype: T })
}
