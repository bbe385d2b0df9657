/**
 * How far a GPU's updates differ from those of the processor: (state inputs, states) -> a share of what the steps moved, by norm;
 * the largest of all variables, so that large slots do not hide small weights, nor large layers small ones.
 *
 * Adam moves a weight by the whole learning rate even if its gradient is nothing but rounding, as that of a bias before batch
 * normalization is. Its slots show that: they differ too. So a weight is compared only where its slots agree after each step, and
 * slots that are small beside the others of their state input are compared with those. A mistake in such elements alone is not
 * found.
 */
import type { State } from "../../Engine.ts"
import type { StateInput } from "../stateInputs.ts"

export interface States {
  readonly initial: State
  /** After each step on the processor. */
  readonly expected: ReadonlyArray<State>
  /** After each step on the GPU. */
  readonly actual: ReadonlyArray<State>
}

interface Variable {
  readonly name: string
  readonly initial: Float32Array
  /** After each step. */
  readonly expected: ReadonlyArray<Float32Array>
  readonly actual: ReadonlyArray<Float32Array>
}

/** A variable that moved by less than this share of its state input, by norm, is compared with that: rounding alone moves some. */
const leastShare = 0.05

/** Elements of slots agree up to this share of what they moved. */
const slotTolerance = 0.05

/** `conv2d_1/kernel/m` is a slot of `conv2d_1/kernel` and of its average, `average/conv2d_1/kernel`. */
const isSlotOf = (slot: string, name: string) => {
  const weight = slot.slice(0, slot.lastIndexOf("/"))
  return weight !== "" && (name === weight || name.endsWith(`/${weight}`))
}

const agrees = ({ actual, expected, initial }: Variable, i: number) =>
  expected.every(
    (data, step) => !(Math.abs(actual[step][i] - data[i]) > slotTolerance * Math.abs(data[i] - initial[i])),
  )

/** Squares of what all steps moved on the processor, and of what they moved otherwise on the GPU. */
const compareElements = ({ actual, expected, initial }: Variable, slots: ReadonlyArray<Variable>) => {
  let [moved, different] = [0, 0]
  const last = actual.length - 1
  actual[last].forEach((value, i) => {
    if (!slots.every((slot) => agrees(slot, i)) && Number.isFinite(value)) return
    moved += (expected[last][i] - initial[i]) ** 2
    different += (expected[last][i] - value) ** 2
  })
  return { moved, different }
}

export const differenceOfMoves = (
  inputs: ReadonlyArray<StateInput>,
  { actual, expected, initial }: States,
): number => {
  const dataOf = (state: State) => new Map(state.map(({ data, name }) => [name, data]))
  const [here, there] = [expected.map(dataOf), actual.map(dataOf)]
  const empty = new Float32Array()
  const variables = initial.map(({ data, name }): Variable => ({
    name,
    initial: data,
    expected: here.map((data) => data.get(name) ?? empty),
    actual: there.map((data) => data.get(name) ?? empty),
  }))
  const shareOf = ({ members }: StateInput) => {
    const names = new Set(members.map(({ name }) => name))
    const compared = variables
      .filter(({ name }) => names.has(name))
      .map((variable) =>
        compareElements(
          variable,
          variables.filter(({ name }) => isSlotOf(name, variable.name)),
        ),
      )
    const least = leastShare ** 2 * compared.reduce((sum, { moved }) => sum + moved, 0)
    const shares = compared.map(({ different, moved }) =>
      different === 0 ? 0 : Math.sqrt(different / Math.max(moved, least)),
    )
    return Math.max(0, ...shares)
  }
  return Math.max(0, ...inputs.map(shareOf))
}
