/** One digest of what an engine computes. As a script, it prints the digest of its process. */
import { createHash } from "node:crypto"
import { Console, Effect, type Layer } from "effect"
import { Engine, type EngineNotAvailable } from "../../engines/Engine.ts"
import * as Onnx from "../../engines/onnx/Onnx.ts"
import * as TensorFlow from "../../engines/tensorflow/TensorFlow.ts"
import { layers } from "../../schemas/experiment/Model.ts"
import { optimizers } from "../../schemas/experiment/Optimizer.ts"
import { type Case, feedsOf, programOf } from "./training.ts"

/** Large enough that the engines use several threads for each operation. */
const definition: Case = {
  model: [
    layers.conv2d({ filters: 32, kernelSize: 5, padding: "same", activation: "relu" }),
    layers.maxPooling2d(),
    layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: "same", activation: "gelu" }),
    layers.depthwiseConv2d({ kernelSize: 3, padding: "same", depthMultiplier: 2 }),
    layers.layerNormalization(),
    layers.conv2d({ filters: 64, kernelSize: 5, padding: "same", activation: "relu" }),
    layers.maxPooling2d(),
    layers.flatten(),
    layers.dense({ units: 512, activation: "relu" }),
    layers.dropout({ rate: 0.5 }),
    layers.dense({ units: 3 }),
  ],
  optimizer: optimizers.adam({ learningRate: 1 }),
  inputShape: [28, 28, 1],
  batchSize: 30,
}

/** The digest of losses and state after four iterations. */
export const digestWith = (layer: Layer.Layer<Engine, EngineNotAvailable>) =>
  Effect.gen(function* () {
    const program = yield* programOf(definition)
    const trainer = yield* (yield* Engine).compile(program)
    const hash = createHash("sha256")
    hash.update((yield* trainer.train(4, feedsOf(program, 4, 0.001))).losses)
    for (const { data } of yield* trainer.state) hash.update(data)
    return hash.digest("hex")
  }).pipe(Effect.scoped, Effect.provide(layer))

export const digestOf = (threads: number, path: "auto" | "portable") =>
  digestWith(Onnx.layer({ threads, path }))

if (import.meta.main) {
  const [engine, threads] = process.argv.slice(2)
  const layer =
    engine === "tensorflow" ? TensorFlow.layer({ threads: Number(threads) }) : Onnx.layer({ threads: 2 })
  await Effect.runPromise(Effect.flatMap(digestWith(layer), Console.log))
}
