/**
 * Optimizers as TensorFlow.js operations: (trainable variables, gradients, learning rate) -> updated variables.
 *
 * Everything that one iteration passes to the next is a named variable, the powers of beta included, so a resumed run
 * computes the same bits. The optimizers of TensorFlow.js recompute some of it. The learning rate is fed.
 */
import * as tf from "@tensorflow/tfjs-core"
import { declareUpdate } from "../../engines/trace/declareUpdate.ts"
import type { Optimizer } from "../../schemas/experiment/Optimizer.ts"
import { clipGradients } from "./clip.ts"
import type { MakeSlot } from "./variables.ts"

/** The gradient of each variable. */
export type Gradients = ReadonlyArray<{ readonly variable: tf.Variable; readonly gradient: tf.Tensor }>

export interface Updater {
  /** All variables of the optimizer (slots, in TensorFlow's word), in the order of a checkpoint. */
  readonly slots: ReadonlyArray<tf.Variable>
  readonly update: (gradients: Gradients, learningRate: tf.Scalar) => void
}

type OptionsOf<K extends Optimizer["kind"]> = Extract<Optimizer, { readonly kind: K }>

/** Makes one slot of a kind for each trainable variable, filled with 0. */
type MakeSlots = (kind: string) => ReadonlyMap<tf.Variable, tf.Variable>

const slotOf = (slots: ReadonlyMap<tf.Variable, tf.Variable>, variable: tf.Variable): tf.Variable => {
  const found = slots.get(variable)
  if (found === undefined) throw new Error(`the optimizer has no slot for ${variable.name}`)
  return found
}

/** Only kernels decay: a bias or a scale that shrinks would shift what the network computes. */
const decays = (variable: tf.Variable) => variable.name.endsWith("kernel")

/**
 * Kingma and Ba, Adam (2015), with ε outside the bias correction as TensorFlow's ResourceApplyAdam has it:
 * m = β1·m + (1-β1)·g; v = β2·v + (1-β2)·g²; lr_t = lr·sqrt(1-β2^t)/(1-β1^t); w -= lr_t·m/(sqrt(v) + ε).
 * AdamW also decays kernels, w -= lr·λ·w: Loshchilov and Hutter, Decoupled weight decay regularization (2019).
 */
const adam = (options: OptionsOf<"adam" | "adamw">, makeSlots: MakeSlots, makeSlot: MakeSlot): Updater => {
  const { beta1, beta2, epsilon } = options
  const decay = options.kind === "adamw" ? options.weightDecay : 0
  const beta1Power = makeSlot("optimizer/beta1Power", [], beta1)
  const beta2Power = makeSlot("optimizer/beta2Power", [], beta2)
  const [ms, vs] = [makeSlots("m"), makeSlots("v")]
  const coefficients = { beta1Power, beta2Power, beta1, beta2, epsilon }
  return {
    slots: [beta1Power, beta2Power, ...ms.values(), ...vs.values()],
    update: (gradients, learningRate) => {
      const rate = tf.div(tf.mul(learningRate, tf.sqrt(tf.sub(1, beta2Power))), tf.sub(1, beta1Power))
      for (const { variable, gradient } of gradients) {
        const [m, v] = [slotOf(ms, variable), slotOf(vs, variable)]
        const weightDecay = decays(variable) ? decay : 0
        declareUpdate({ kind: "adam", variable, m, v, gradient, learningRate, weightDecay, ...coefficients })
        const newM = tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1))
        const newV = tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2))
        const move = tf.div(tf.mul(newM, rate), tf.add(tf.sqrt(newV), epsilon))
        const shrunk =
          weightDecay === 0 ? variable : tf.mul(variable, tf.sub(1, tf.mul(learningRate, weightDecay)))
        variable.assign(tf.sub(shrunk, move))
        m.assign(newM)
        v.assign(newV)
      }
      beta1Power.assign(tf.mul(beta1Power, beta1))
      beta2Power.assign(tf.mul(beta2Power, beta2))
    },
  }
}

/** w -= lr·g: Robbins and Monro (1951). */
const sgd = (): Updater => ({
  slots: [],
  update: (gradients, learningRate) => {
    for (const { variable, gradient } of gradients) {
      declareUpdate({ kind: "sgd", variable, gradient, learningRate })
      variable.assign(tf.sub(variable, tf.mul(gradient, learningRate)))
    }
  },
})

/**
 * Polyak (1964): a = μ·a + g; w -= lr·a. Nesterov (1983): w -= lr·(g + μ·a). Both as TensorFlow's
 * ResourceApplyMomentum.
 */
const momentum = ({ momentum, nesterov }: OptionsOf<"momentum">, makeSlots: MakeSlots): Updater => {
  const accumulators = makeSlots("momentum")
  return {
    slots: [...accumulators.values()],
    update: (gradients, learningRate) => {
      for (const { variable, gradient } of gradients) {
        const accumulator = slotOf(accumulators, variable)
        declareUpdate({ kind: "momentum", variable, accumulator, gradient, learningRate, momentum, nesterov })
        const moved = tf.add(tf.mul(accumulator, momentum), gradient)
        const direction = nesterov ? tf.add(gradient, tf.mul(moved, momentum)) : moved
        variable.assign(tf.sub(variable, tf.mul(direction, learningRate)))
        accumulator.assign(moved)
      }
    },
  }
}

/**
 * Tieleman and Hinton, lecture 6.5 (2012), as TensorFlow's ResourceApplyRMSProp:
 * r = ρ·r + (1-ρ)·g²; a = μ·a + lr·g/sqrt(r + ε); w -= a.
 */
const rmsprop = (options: OptionsOf<"rmsprop">, makeSlots: MakeSlots): Updater => {
  const { decay, epsilon, momentum } = options
  const squares = makeSlots("rms")
  const accumulators = momentum === 0 ? new Map<tf.Variable, tf.Variable>() : makeSlots("momentum")
  const coefficients = { decay, momentum, epsilon }
  return {
    slots: [...squares.values(), ...accumulators.values()],
    update: (gradients, learningRate) => {
      for (const { variable, gradient } of gradients) {
        const square = slotOf(squares, variable)
        const newSquare = tf.add(tf.mul(square, decay), tf.mul(tf.square(gradient), 1 - decay))
        const step = tf.div(tf.mul(gradient, learningRate), tf.sqrt(tf.add(newSquare, epsilon)))
        square.assign(newSquare)
        if (momentum === 0) {
          variable.assign(tf.sub(variable, step))
          continue
        }
        const accumulator = slotOf(accumulators, variable)
        declareUpdate({
          kind: "rmsprop",
          variable,
          square,
          accumulator,
          gradient,
          learningRate,
          ...coefficients,
        })
        const moved = tf.add(tf.mul(accumulator, momentum), step)
        accumulator.assign(moved)
        variable.assign(tf.sub(variable, moved))
      }
    },
  }
}

const makeUpdater = (optimizer: Optimizer, makeSlots: MakeSlots, makeSlot: MakeSlot): Updater => {
  switch (optimizer.kind) {
    case "adam":
    case "adamw":
      return adam(optimizer, makeSlots, makeSlot)
    case "sgd":
      return sgd()
    case "momentum":
      return momentum(optimizer, makeSlots)
    case "rmsprop":
      return rmsprop(optimizer, makeSlots)
  }
}

/** The optimizer of an experiment. It clips gradients before it uses them. */
export const makeOptimizer = (
  optimizer: Optimizer,
  trainable: ReadonlyArray<tf.Variable>,
  makeSlot: MakeSlot,
): Updater => {
  const makeSlots: MakeSlots = (kind) =>
    new Map(trainable.map((variable) => [variable, makeSlot(`${variable.name}/${kind}`, variable.shape, 0)]))
  const { slots, update } = makeUpdater(optimizer, makeSlots, makeSlot)
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
