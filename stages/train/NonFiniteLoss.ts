/**
 * Divergence: a loss or a value of the state that is not a finite number.
 *
 * The loss of an iteration is that of the weights before its update. So the state is checked too whenever it is evaluated or
 * saved, and no checkpoint holds a value that is not finite.
 */
import { Schema } from "effect"
import type { State } from "../../engines/Engine.ts"
import { Failure } from "../../schemas/Failure.ts"
import { count } from "../../format/numbers.ts"

/** Training has diverged. */
export class NonFiniteLoss extends Failure<NonFiniteLoss>()("NonFiniteLoss", {
  exitCode: "dataError",
  fields: {
    iteration: Schema.Int,
    /** Such as "the validation loss is NaN". */
    found: Schema.String,
    /** The newest checkpoint before it; null if none was saved; absent after training, when no checkpoint is to be named. */
    lastGood: Schema.optionalKey(Schema.NullOr(Schema.String)),
  },
  message: ({ found, iteration, lastGood }) => {
    const kept =
      lastGood === undefined
        ? ""
        : `; ${lastGood === null ? "no checkpoint was saved before" : `the last good checkpoint is ${lastGood}`}`
    return `training diverged: ${found} at iteration ${count(iteration)}${kept}; try a smaller learning rate`
  },
}) {}

/**
 * A loop over indices, because `for … of` takes five times as long. This takes no longer than the digest of a
 * checkpoint.
 */
const firstNonFinite = (values: Float32Array): number | undefined => {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return values[i]
  return undefined
}

/** The first value of a state that is not finite, such as "dense_1/kernel holds NaN"; undefined if all are finite. */
export const nonFiniteIn = (state: State): string | undefined => {
  for (const { data, name } of state) {
    const value = firstNonFinite(data)
    if (value !== undefined) return `${name} holds ${value}`
  }
  return undefined
}
