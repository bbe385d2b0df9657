/**
 * The CPU backend of TensorFlow.js, in plain JavaScript: it holds all tensors outside a trace and computes for the reference
 * engine. It is kept from printing its advertisement of another package.
 */
import { MathBackendCPU, version_cpu } from "@tensorflow/tfjs-backend-cpu"
import * as tf from "@tensorflow/tfjs-core"
import { replaceGradients } from "./gradients.ts"

replaceGradients()

export const cpuBackendVersion = version_cpu

/** Makes it the active backend. */
export const useCpuBackend = (): void => {
  const backend = tf.backend()
  if (!(backend instanceof MathBackendCPU))
    throw new Error(`the backend of TensorFlow.js is ${tf.getBackend()}, expected cpu`)
  Object.assign(backend, { firstUse: false })
}
