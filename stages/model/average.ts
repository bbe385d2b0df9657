/**
 * Averaged weights: (weights, decay) -> an average of each weight, and the network computed with the averages.
 *
 * After iteration t an average is the weighted mean of the weights after iterations 1 to t. The weights k iterations
 * ago have the weight d^k: a += (w - a)·(1-d)/(1-d^t). So the average is exact from the first iteration on and holds
 * nothing of the initial weights. The moving statistics of batch normalization are averaged too: to first order they
 * are then those of the averaged network. Averages and d^t are variables, so they are in every checkpoint and a
 * resume is exact.
 */
import * as tf from "@tensorflow/tfjs-core"
import { declareUpdate } from "../../engines/trace/declareUpdate.ts"
import { averageName } from "./averageName.ts"
import type { MakeSlot } from "./variables.ts"

export interface Average {
  /** All its variables, in the order of a checkpoint. */
  readonly slots: ReadonlyArray<tf.Variable>
  /** The average of each weight, in the order of the weights. */
  readonly copies: ReadonlyArray<tf.Variable>
  /** Updates the averages after an update of the weights. */
  readonly update: () => void
  /** Runs `f` with the averages in place of the weights. */
  readonly within: <T>(f: () => T) => T
}

export const makeAverage = (
  decay: number,
  weights: ReadonlyArray<tf.Variable>,
  makeSlot: MakeSlot,
  /** Makes a variable that starts with the values of another. */
  copy: (name: string, of: tf.Variable) => tf.Variable,
): Average => {
  // The decay as a float32, because d^t is one: then the first average equals the weight.
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
        if (weight.trainable) declareUpdate({ kind: "average", variable: weight, average, rate })
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
