/** Which layer an operation belongs to: carried in the names of TensorFlow.js' scopes, so it costs nothing elsewhere. */
import * as tf from "@tensorflow/tfjs-core"

const prefix = "layer:"

/** Runs `f`; what is recorded in it belongs to `layer`. Intermediate tensors are disposed, as in tf.tidy. */
export const inLayer = <T extends tf.TensorContainer>(layer: string, f: () => T): T =>
  tf.tidy(prefix + layer, f)

/** The innermost layer being run. */
export const currentLayer = (): string | undefined => {
  const stack = tf.engine().state.scopeStack
  for (let i = stack.length - 1; i >= 0; i--) {
    if (stack[i].name.startsWith(prefix)) return stack[i].name.slice(prefix.length)
  }
  return undefined
}
