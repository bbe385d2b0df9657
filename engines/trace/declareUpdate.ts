/**
 * Declares how a program updates a variable: the optimizer's formula by its name, besides the operations that compute it.
 *
 * An engine that has the whole formula as one operation in place can use it instead; other engines ignore it. The invariant:
 * both give the variable and its slots the same next values, up to rounding.
 */
import * as tf from "@tensorflow/tfjs-core"
import { TraceBackend } from "./backend.ts"
import type { Formula, Update } from "./formula.ts"

/** Call it before the update. Outside a trace it does nothing. */
export const declareUpdate = (update: Formula<tf.Variable, tf.Tensor>): void => {
  const backend = tf.backend()
  if (!(backend instanceof TraceBackend)) return
  const traced = Object.entries(update).map(([key, part]) => {
    if (part instanceof tf.Variable) return [key, part.name]
    return [key, part instanceof tf.Tensor ? backend.value(part) : part]
  })
  backend.updates.push(Object.fromEntries(traced) as Update)
}
