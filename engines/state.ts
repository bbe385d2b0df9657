/** Checks that a state fits a program: (variables, state) -> its tensors in the variables' order, or StateMismatch. */
import { Effect } from "effect"
import type { State, StateTensor } from "./Engine.ts"
import { StateMismatch } from "./Engine.ts"
import { sameShape, sizeOf } from "./trace/graph.ts"

const show = (shape: ReadonlyArray<number>) => `[${shape.join(", ")}]`

export const checkState = (
  variables: ReadonlyArray<{ readonly name: string; readonly shape: ReadonlyArray<number> }>,
  state: State,
): Effect.Effect<ReadonlyArray<StateTensor>, StateMismatch> => {
  const problems: Array<string> = []
  const byName = new Map(state.map((tensor) => [tensor.name, tensor]))
  if (byName.size !== state.length) problems.push("two tensors have one name")
  const ordered: Array<StateTensor> = []
  for (const { name, shape } of variables) {
    const tensor = byName.get(name)
    if (tensor === undefined) {
      problems.push(`${name} is missing`)
    } else if (!sameShape(tensor.shape, shape)) {
      problems.push(`${name} has shape ${show(tensor.shape)}, expected ${show(shape)}`)
    } else if (tensor.data.length !== sizeOf(shape)) {
      problems.push(`${name} has ${tensor.data.length} values, expected ${sizeOf(shape)}`)
    } else {
      ordered.push(tensor)
    }
    byName.delete(name)
  }
  for (const name of byName.keys()) problems.push(`${name} is not in this model`)
  return problems.length > 0 ? Effect.fail(new StateMismatch({ problems })) : Effect.succeed(ordered)
}
