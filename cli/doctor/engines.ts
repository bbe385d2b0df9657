/** The engines that training can use here, each loaded to see that it works, and the graphics card of TensorFlow. */
import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { Effect, Result } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { selectEngine } from "../../engines/select.ts"
import { findUsable } from "../../engines/tensorflow/runtime.ts"
import type { Finding } from "./Finding.ts"

const tensorflow = Effect.gen(function* () {
  const outcome = yield* Effect.result(findUsable(availableParallelism()))
  if (Result.isFailure(outcome)) {
    // The reason says what was found and then what to do.
    const [found, ...remedy] = outcome.failure.reason.split("; ")
    return [
      { area: "engine", name: "tensorflow", available: false, found, remedy: remedy.join("; ") || null },
    ] satisfies ReadonlyArray<Finding>
  }
  const { place, probed } = outcome.success
  const found = `TensorFlow ${probed.tensorflow}, ${probed.path}, ${place.name}`
  const hasCard = existsSync("/dev/nvidiactl")
  const gpu: Finding = probed.gpu
    ? { area: "device", name: "gpu", available: true, found: "used by tensorflow", remedy: null }
    : {
        area: "device",
        name: "gpu",
        available: false,
        found:
          probed.note?.split("; ")[0] ??
          (hasCard ? "an NVIDIA card that this TensorFlow cannot use" : "none"),
        remedy:
          probed.note?.split("; ")[1] ?? (hasCard ? "the README says how to add TensorFlow with CUDA" : null),
      }
  return [
    { area: "engine", name: "tensorflow", available: true, found, remedy: null },
    gpu,
  ] satisfies ReadonlyArray<Finding>
})

const onnx = Effect.gen(function* () {
  const outcome = yield* Effect.result(
    Effect.provide(
      Effect.map(Engine, ({ info }) => info),
      selectEngine("onnx"),
    ),
  )
  const shared = { area: "engine", name: "onnx" } as const
  if (Result.isFailure(outcome)) {
    return { ...shared, available: false, found: outcome.failure.reason, remedy: "run `pnpm install` again" }
  }
  const { path, versions } = outcome.success
  return {
    ...shared,
    available: true,
    found: `ONNX Runtime ${versions["onnxruntime-node"]}, ${path}`,
    remedy: null,
  }
})

const reference: Finding = {
  area: "engine",
  name: "reference",
  available: true,
  found: "TensorFlow.js in plain JavaScript, slow",
  remedy: null,
}

export const checkEngines = Effect.gen(function* () {
  const findings: ReadonlyArray<Finding> = [...(yield* tensorflow), yield* onnx, reference]
  return findings
})
