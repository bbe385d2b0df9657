/**
 * Averaged weights: (weights, decay) -> a copy of each weight that follows it, and the network seen with the copies.
 *
 * After iteration t each copy is the mean of the weights after iterations 1 to t, where one k iterations back counts d^k:
 * a += (w - a)·(1-d)/(1-d^t). So the average is exact from the first iteration on, with no initial weights in it. The
 * moving statistics of batch normalization are averaged with the weights: to first order they are then those of the
 * averaged network. Copies and d^t are variables like any other, so a resume is exact.
 */
import * as tf from "@tensorflow/tfjs-core"
import { noteUpdate } from "../../engines/trace/update.ts"
import { averageName } from "./averageName.ts"
import type { MakeSlot } from "./variables.ts"

export interface Average {
  /** Every variable of its own, in the order of a checkpoint. */
  readonly slots: ReadonlyArray<tf.Variable>
  /** Of each weight, in their order. */
  readonly copies: ReadonlyArray<tf.Variable>
  /** Brings the copies up to weights that were just moved. */
  readonly update: () => void
  /** Runs `f` with the averages in the weights. */
  readonly within: <T>(f: () => T) => T
}

export const makeAverage = (
  decay: number,
  weights: ReadonlyArray<tf.Variable>,
  makeSlot: MakeSlot,
  /** Makes a variable that starts with the values of another. */
  copy: (name: string, of: tf.Variable) => tf.Variable,
): Average => {
  // Of the decay as float32 has it: then the first average is the weight itself.
  const kept = Math.fround(decay)
  const power = makeSlot(averageName("decayPower"), [], kept)
  const copies = weights.map((weight) => copy(averageName(weight.name), weight))
  const swap = () => {
    weights.forEach((weight, i) => {
      const { dataId } = weight
      weight.dataId = copies[i].dataId
      copies[i].dataId = dataId
    })
  }
  return {
    slots: [power, ...copies],
    copies,
    update: () => {
      const rate = tf.div(1 - kept, tf.sub(1, power)) as tf.Scalar
      weights.forEach((weight, i) => {
        const average = copies[i]
        if (weight.trainable) noteUpdate({ kind: "average", variable: weight, average, rate })
        average.assign(tf.add(average, tf.mul(tf.sub(weight, average), rate)))
      })
      power.assign(tf.mul(power, kept))
    },
    within: (f) => {
      swap()
      try {
        return f()
      } finally {
        swap()
      }
    },
  }
}
