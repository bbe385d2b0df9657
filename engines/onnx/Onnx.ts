/**
 * The onnx engine: programs compiled to ONNX and run by ONNX Runtime, which comes with the package.
 *
 * The fast path uses operators internal to ONNX Runtime, if the processor has them and they were checked on it. The portable
 * path uses standard operators only. The two differ in the last bits, so the path is part of EngineInfo.
 */
import { availableParallelism } from "node:os"
import * as tf from "@tensorflow/tfjs-core"
// Loading it registers the gradients of TensorFlow.js' kernels.
import { version_layers } from "@tensorflow/tfjs-layers"
import { Effect, Layer } from "effect"
import { Engine, type EngineNotAvailable } from "../Engine.ts"
import type { Blocked } from "./lowering/blocked.ts"
import { probeBlock } from "./probe.ts"
import { engineName, loadRuntime, runtimeVersion } from "./runtime.ts"
import { makeTrainer } from "./Trainer.ts"
import { cachedCheck, isFastPathCorrect } from "./verify.ts"

export interface OnnxOptions {
  /** As many as the machine has, unless given. Their number does not change the result. */
  readonly threads?: number | undefined
  /** `auto`: the fast path if possible. */
  readonly path?: "auto" | "portable" | undefined
}

const makeLayer = (
  options: OnnxOptions,
  choose: (ort: Parameters<typeof probeBlock>[0], version: string) => Effect.Effect<Blocked | undefined>,
): Layer.Layer<Engine, EngineNotAvailable> =>
  Layer.effect(
    Engine,
    Effect.gen(function* () {
      const ort = yield* loadRuntime
      const version = yield* runtimeVersion
      const threads = options.threads ?? availableParallelism()
      const blocked = yield* choose(ort, version)
      return Engine.of({
        info: {
          name: engineName,
          versions: {
            "onnxruntime-node": version,
            "@tensorflow/tfjs-core": tf.version_core,
            "@tensorflow/tfjs-layers": version_layers,
          },
          device: "cpu",
          threads,
          path: blocked === undefined ? "portable" : `nchwc${blocked.block}+dft+slices+pieces+channelwise`,
          threadsChangeBits: false,
        },
        compile: (program) => makeTrainer(ort, program, { threads, blocked }),
      })
    }),
  )

export const layer = (options: OnnxOptions = {}): Layer.Layer<Engine, EngineNotAvailable> =>
  makeLayer(
    options,
    Effect.fnUntraced(function* (ort, version) {
      if (options.path === "portable") return undefined
      const blocked = yield* probeBlock(ort)
      if (blocked === undefined) return undefined
      const versions = [version, tf.version_core, version_layers]
      const isCorrect = yield* cachedCheck(isFastPathCorrect(ort, blocked), blocked.block, versions)
      return isCorrect ? blocked : undefined
    }),
  )

/** With these blocked operators, unchecked: tests use it to run another processor's block size here. */
export const layerWith = (blocked: Blocked, options: OnnxOptions = {}) =>
  makeLayer(options, () => Effect.succeed(blocked))
