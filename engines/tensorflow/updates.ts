/**
 * The updates of a step as TensorFlow's fused operations: (Update) -> the variables it writes, the values it needs, its node.
 *
 * One pass over weights, slots and gradient, in place. The formulas are those of the program (`stages/optimizer.ts`).
 */
import type { Value } from "../trace/graph.ts"
import type { Update } from "../trace/formula.ts"
import { type Name, type TensorFlowGraph, typeAttribute } from "./graph.ts"

/** What a node of an update is made of. */
export interface Operands {
  readonly graph: TensorFlowGraph
  /** The handle of a variable. */
  readonly handle: (variable: string) => Name
  /** The value of a variable before the step. */
  readonly read: (variable: string) => Name
  readonly gradient: Name
  readonly learningRate: Name
  /** Control inputs: what must have run before. */
  readonly after: ReadonlyArray<string>
}

/** The variables that an update gives their next values. */
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
  }
}

/** The values that an update is computed from, variables apart. */
export const valuesOf = ({
  gradient,
  learningRate,
}: Update): readonly [gradient: Value, learningRate: Value] => [gradient, learningRate]

export const lowerUpdate = (update: Update, operands: Operands): Name => {
  const { after, gradient, graph, handle, learningRate, read } = operands
  const T = typeAttribute("float32")
  graph.layer = "optimizer"
  const scalar = (value: number) => graph.filled(value)
  switch (update.kind) {
    case "adam": {
      const { beta1, beta1Power, beta2, beta2Power, epsilon, m, v, variable } = update
      const slots = [handle(variable), handle(m), handle(v)]
      const rates = [read(beta1Power), read(beta2Power), learningRate, scalar(beta1), scalar(beta2)]
      return graph.op("ResourceApplyAdam", [...slots, ...rates, scalar(epsilon), gradient, ...after], { T })
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
