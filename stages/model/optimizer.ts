/**
 * Optimizers as plain TensorFlow.js operations: (trainable variables, gradients, learning rate) -> variables moved.
 *
 * Everything carried from one iteration to the next is a named variable, the powers of beta included, so a resumed run
 * goes on with the same bits; TensorFlow.js' own optimizers recompute some of it. The learning rate is fed.
 */
import * as tf from "@tensorflow/tfjs-core"
import { noteUpdate } from "../../engines/trace/update.ts"
import type { Optimizer } from "../../schemas/Optimizer.ts"
import { clipGradients } from "./clip.ts"

/** The gradient of each variable. */
export type Gradients = ReadonlyArray<{ readonly variable: tf.Variable; readonly gradient: tf.Tensor }>

export interface Updater {
  /** Every variable of the optimizer's own, in the order of a checkpoint. */
  readonly slots: ReadonlyArray<tf.Variable>
  readonly update: (gradients: Gradients, learningRate: tf.Scalar) => void
}

/** Makes a variable that the program owns: (name, shape, initial value of all elements). */
export type MakeSlot = (name: string, shape: ReadonlyArray<number>, value: number) => tf.Variable

const slot = (slots: ReadonlyMap<tf.Variable, tf.Variable>, variable: tf.Variable): tf.Variable => {
  const found = slots.get(variable)
  if (found === undefined) throw new Error(`the optimizer has no slot for ${variable.name}`)
  return found
}

/** Weight decay is for kernels: a bias or a scale that shrinks shifts what the network computes. */
const decays = (variable: tf.Variable) => variable.name.endsWith("kernel")

const makeUpdater = (
  optimizer: Optimizer,
  trainable: ReadonlyArray<tf.Variable>,
  makeSlot: MakeSlot,
): Updater => {
  const slotsOf = (kind: string) =>
    new Map(trainable.map((variable) => [variable, makeSlot(`${variable.name}/${kind}`, variable.shape, 0)]))
  switch (optimizer.kind) {
    case "adam":
    case "adamw": {
      /**
       * Kingma and Ba, Adam (2015), with ε outside the bias correction as TensorFlow's ResourceApplyAdam has it:
       * m = β1·m + (1-β1)·g; v = β2·v + (1-β2)·g²; lr_t = lr·sqrt(1-β2^t)/(1-β1^t); w -= lr_t·m/(sqrt(v) + ε).
       * Loshchilov and Hutter, Decoupled weight decay regularization (2019): of a kernel, w -= lr·λ·w as well.
       */
      const { beta1, beta2, epsilon } = optimizer
      const decay = optimizer.kind === "adamw" ? optimizer.weightDecay : 0
      const beta1Power = makeSlot("optimizer/beta1Power", [], beta1)
      const beta2Power = makeSlot("optimizer/beta2Power", [], beta2)
      const m = slotsOf("m")
      const v = slotsOf("v")
      return {
        slots: [beta1Power, beta2Power, ...m.values(), ...v.values()],
        update: (gradients, learningRate) => {
          const rate = tf.div(tf.mul(learningRate, tf.sqrt(tf.sub(1, beta2Power))), tf.sub(1, beta1Power))
          for (const { variable, gradient } of gradients) {
            const first = slot(m, variable)
            const second = slot(v, variable)
            const weightDecay = decays(variable) ? decay : 0
            noteUpdate({
              kind: "adam",
              variable,
              m: first,
              v: second,
              beta1Power,
              beta2Power,
              gradient,
              learningRate,
              beta1,
              beta2,
              epsilon,
              weightDecay,
            })
            const newFirst = tf.add(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1))
            const newSecond = tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2))
            const move = tf.div(tf.mul(newFirst, rate), tf.add(tf.sqrt(newSecond), epsilon))
            const shrunk =
              weightDecay === 0 ? variable : tf.mul(variable, tf.sub(1, tf.mul(learningRate, weightDecay)))
            variable.assign(tf.sub(shrunk, move))
            first.assign(newFirst)
            second.assign(newSecond)
          }
          beta1Power.assign(tf.mul(beta1Power, beta1))
          beta2Power.assign(tf.mul(beta2Power, beta2))
        },
      }
    }
    case "sgd":
      /** w -= lr·g: Robbins and Monro (1951). */
      return {
        slots: [],
        update: (gradients, learningRate) => {
          for (const { variable, gradient } of gradients) {
            noteUpdate({ kind: "sgd", variable, gradient, learningRate })
            variable.assign(tf.sub(variable, tf.mul(gradient, learningRate)))
          }
        },
      }
    case "momentum": {
      /**
       * Polyak (1964): a = μ·a + g; w -= lr·a. Nesterov's (1983): w -= lr·(g + μ·a). As TensorFlow's
       * ResourceApplyMomentum.
       */
      const { momentum, nesterov } = optimizer
      const accumulators = slotsOf("momentum")
      return {
        slots: [...accumulators.values()],
        update: (gradients, learningRate) => {
          for (const { variable, gradient } of gradients) {
            const accumulator = slot(accumulators, variable)
            noteUpdate({
              kind: "momentum",
              variable,
              accumulator,
              gradient,
              learningRate,
              momentum,
              nesterov,
            })
            const moved = tf.add(tf.mul(accumulator, momentum), gradient)
            const direction = nesterov ? tf.add(gradient, tf.mul(moved, momentum)) : moved
            variable.assign(tf.sub(variable, tf.mul(direction, learningRate)))
            accumulator.assign(moved)
          }
        },
      }
    }
    case "rmsprop": {
      /**
       * Tieleman and Hinton, lecture 6.5 (2012), as TensorFlow's ResourceApplyRMSProp:
       * r = ρ·r + (1-ρ)·g²; a = μ·a + lr·g/sqrt(r + ε); w -= a.
       */
      const { decay, momentum, epsilon } = optimizer
      const squares = slotsOf("rms")
      const accumulators = momentum === 0 ? new Map<tf.Variable, tf.Variable>() : slotsOf("momentum")
      return {
        slots: [...squares.values(), ...accumulators.values()],
        update: (gradients, learningRate) => {
          for (const { variable, gradient } of gradients) {
            const square = slot(squares, variable)
            const newSquare = tf.add(tf.mul(square, decay), tf.mul(tf.square(gradient), 1 - decay))
            const step = tf.div(tf.mul(gradient, learningRate), tf.sqrt(tf.add(newSquare, epsilon)))
            square.assign(newSquare)
            if (momentum === 0) {
              variable.assign(tf.sub(variable, step))
            } else {
              const accumulator = slot(accumulators, variable)
              noteUpdate({
                kind: "rmsprop",
                variable,
                square,
                accumulator,
                gradient,
                learningRate,
                decay,
                momentum,
                epsilon,
              })
              const moved = tf.add(tf.mul(accumulator, momentum), step)
              accumulator.assign(moved)
              variable.assign(tf.sub(variable, moved))
            }
          }
        },
      }
    }
  }
}

export const makeOptimizer = (
  optimizer: Optimizer,
  trainable: ReadonlyArray<tf.Variable>,
  makeSlot: MakeSlot,
): Updater => {
  const { slots, update } = makeUpdater(optimizer, trainable, makeSlot)
  return {
    slots,
    update: (gradients, learningRate) => {
      const clipped = clipGradients(
        optimizer.clip,
        gradients.map(({ gradient }) => gradient),
      )
      update(
        gradients.map(({ variable }, i) => ({ variable, gradient: clipped[i] })),
        learningRate,
      )
    },
  }
}
