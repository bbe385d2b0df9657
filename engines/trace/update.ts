/**
 * What a program may tell about how it updates a variable: the optimizer's formula by its name, beside the operations that
 * compute it.
 *
 * An engine that has the whole formula as one pass over memory may use it in place of those operations; others ignore it.
 * The invariant: both give the variable and its slots the same next values, up to rounding.
 */
import * as tf from "@tensorflow/tfjs-core"
import { TraceBackend } from "./backend.ts"
import type { Formula, Update } from "./formula.ts"

/** Tells of an update before it is made; outside of a trace it does nothing. */
export const noteUpdate = (update: Formula<tf.Variable, tf.Tensor>): void => {
  const backend = tf.backend()
  if (!(backend instanceof TraceBackend)) return
  const noted = Object.entries(update).map(([key, part]) => {
    if (part instanceof tf.Variable) return [key, part.name]
    return [key, part instanceof tf.Tensor ? backend.value(part) : part]
  })
  backend.updates.push(Object.fromEntries(noted) as Update)
}
