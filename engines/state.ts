/** Whether a state is of this program: (variables, state) -> its tensors in the variables' order, or every difference. */
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
  if (byName.size !== state.length) problems.push("a name is there twice")
  const ordered: Array<StateTensor> = []
  for (const { name, shape } of variables) {
    const tensor = byName.get(name)
    if (tensor === undefined) {
      problems.push(`${name} is missing`)
    } else if (!sameShape(tensor.shape, shape)) {
      problems.push(`${name} has the shape ${show(tensor.shape)}, not ${show(shape)}`)
    } else if (tensor.data.length !== sizeOf(shape)) {
      problems.push(`${name} holds ${tensor.data.length} numbers, not ${sizeOf(shape)}`)
    } else {
      ordered.push(tensor)
    }
    byName.delete(name)
  }
  for (const name of byName.keys()) problems.push(`${name} is not of this model`)
  return problems.length > 0 ? Effect.fail(new StateMismatch({ problems })) : Effect.succeed(ordered)
}
