/** What a step's model takes of the state: inputs that go from one iteration to the next, and where the variables are in them. */
import type { Shape } from "../trace/graph.ts"
import type { Kept } from "../trace/pack.ts"

/** Plain data: it can be sent to another process. */
export interface StateInput {
  readonly name: string
  readonly shape: Shape
  /** The program's variables in it: the same elements in the same order, from `offset` on. */
  readonly members: ReadonlyArray<{ readonly name: string; readonly shape: Shape; readonly offset: number }>
}

/** `shape`: of the model's input. */
export const stateInput = ({ members, name }: Kept, shape: Shape): StateInput => ({
  name,
  shape,
  members: members.map(({ input, name, offset }) => ({ name, shape: input.shape, offset })),
})
