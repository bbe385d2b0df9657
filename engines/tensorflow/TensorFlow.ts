/**
 * The tensorflow engine: programs compiled to one TensorFlow graph and run by the library of @tensorflow/tfjs-node-gpu, an
 * optional dependency.
 *
 * All processes with the same number of threads get the same bits. Another number gives other last bits, so a run is resumed
 * with its own number. On a GPU, TensorFlow is set to deterministic operations (`native.ts`), which was never tried.
 */
import { availableParallelism } from "node:os"
import * as tf from "@tensorflow/tfjs-core"
// Loading it registers the gradients of TensorFlow.js' kernels.
import { version_layers } from "@tensorflow/tfjs-layers"
import { Effect, Layer } from "effect"
import { addTensorflow } from "../../format/program.ts"
import { Engine, EngineNotAvailable } from "../Engine.ts"
import type { Probed } from "./probe.ts"
import { loadRuntime } from "./runtime.ts"
import { engineName } from "./session.ts"
import { makeTrainer } from "./Trainer.ts"

export interface TensorFlowOptions {
  /** As many as the machine has, unless given. */
  readonly threads?: number | undefined
}

/** Why it does not use a GPU. */
const noGpu = ({ gpuProblem }: Pick<Probed, "gpuProblem">) =>
  new EngineNotAvailable({
    engine: `${engineName} with --device gpu`,
    found: gpuProblem?.found ?? "it was built without CUDA, or sees no GPU",
    remedy: `${gpuProblem?.remedy ?? `\`${addTensorflow} --gpu\` builds it with CUDA`}, or use --device cpu`,
    available: [`${engineName} with --device cpu`],
  })

const makeLayer = (options: TensorFlowOptions, needsGpu: boolean): Layer.Layer<Engine, EngineNotAvailable> =>
  Layer.effect(
    Engine,
    Effect.gen(function* () {
      const threads = options.threads ?? availableParallelism()
      const { native, probed } = yield* loadRuntime(threads)
      const gpu = native.backend().isUsingGpuDevice
      if (needsGpu && !gpu) return yield* noGpu(probed)
      return Engine.of({
        info: {
          name: engineName,
          versions: {
            "@tensorflow/tfjs-node-gpu": probed.package,
            tensorflow: probed.tensorflow,
            "@tensorflow/tfjs-core": tf.version_core,
            "@tensorflow/tfjs-layers": version_layers,
          },
          device: gpu ? "gpu" : "cpu",
          threads,
          path: gpu ? probed.path : `${probed.path}+dft+fused+halves`,
          threadsChangeBits: true,
        },
        compile: (program) => makeTrainer(native, program, !gpu),
      })
    }),
  )

export const layer = (options: TensorFlowOptions = {}) => makeLayer(options, false)

/** Only if it uses a GPU. */
export const layerOnGpu = (options: TensorFlowOptions = {}) => makeLayer(options, true)
