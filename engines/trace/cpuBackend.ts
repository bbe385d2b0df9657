/**
 * TensorFlow.js' plain JavaScript backend: it holds the tensors that exist outside of a trace, and is the reference's
 * arithmetic. Kept from printing its advertisement of another package.
 */
import { MathBackendCPU, version_cpu } from "@tensorflow/tfjs-backend-cpu"
import * as tf from "@tensorflow/tfjs-core"

export const hostVersion = version_cpu

/** Makes it the active backend, unless it is. */
export const useHost = (): void => {
  const backend = tf.backend()
  if (!(backend instanceof MathBackendCPU)) throw new Error(`${tf.getBackend()} is active in place of cpu`)
  Object.assign(backend, { firstUse: false })
}
