/** The layer of an operation, in the names of TensorFlow.js' scopes: so it costs nothing outside a trace. */
import * as tf from "@tensorflow/tfjs-core"

const prefix = "layer:"

/** Runs `f`, whose operations belong to `layer`. Intermediate tensors are disposed, as in tf.tidy. */
export const inLayer = <T extends tf.TensorContainer>(layer: string, f: () => T): T =>
  tf.tidy(prefix + layer, f)

/** The innermost layer that is running. */
export const currentLayer = (): string | undefined => {
  const stack = tf.engine().state.scopeStack
  for (let i = stack.length - 1; i >= 0; i--) {
    if (stack[i].name.startsWith(prefix)) return stack[i].name.slice(prefix.length)
  }
  return undefined
}
