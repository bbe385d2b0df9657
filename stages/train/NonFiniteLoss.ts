/**
 * Divergence: a value of training that is not a finite number any more, in a loss or in the state itself.
 *
 * The loss of an iteration is of the weights before its update, so the state is looked at as well, wherever it is read to be
 * evaluated or saved: no checkpoint holds a value that is not finite.
 */
import { Schema } from "effect"
import type { State } from "../../engines/Engine.ts"
import { Failure } from "../../schemas/Failure.ts"

/** The model has diverged. */
export class NonFiniteLoss extends Failure<NonFiniteLoss>()("NonFiniteLoss", {
  exitCode: "dataError",
  fields: {
    iteration: Schema.Int,
    /** As "the validation loss is NaN". */
    found: Schema.String,
    /** The newest checkpoint before it, null without one; absent where none comes before what was found. */
    lastGood: Schema.optionalKey(Schema.NullOr(Schema.String)),
  },
  message: ({ found, iteration, lastGood }) => {
    const kept =
      lastGood === undefined
        ? ""
        : `; ${lastGood === null ? "no checkpoint was reached" : `the last good checkpoint is ${lastGood}`}`
    return `${found} at iteration ${iteration}${kept}; try a smaller learning rate`
  },
}) {}

/** By index: `for … of` takes five times as long, and this takes no longer than a checkpoint's digest. */
const firstNonFinite = (values: Float32Array): number | undefined => {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return values[i]
  return undefined
}

/** What of a state is not finite, as "dense_1/kernel holds NaN"; undefined where everything is. */
export const nonFiniteIn = (state: State): string | undefined => {
  for (const { data, name } of state) {
    const value = firstNonFinite(data)
    if (value !== undefined) return `${name} holds ${value}`
  }
  return undefined
}
