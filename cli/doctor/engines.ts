/** The engines that training can use here, each loaded to see that it works, and the graphics cards of TensorFlow and of Vulkan. */
import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { Effect, Result } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { selectEngine } from "../../engines/select.ts"
import type { Probed } from "../../engines/tensorflow/probe.ts"
import { findAvailable } from "../../engines/tensorflow/runtime.ts"
import { findGpu } from "../../engines/onnx/device/Device.ts"
import { usableDrivers } from "../../engines/onnx/device/vulkan.ts"
import type { Finding } from "./Finding.ts"

const gpu = ({ gpu, gpuProblem }: Probed): Finding => {
  const device = { area: "device", name: "gpu" } as const
  if (gpu) return { ...device, available: true, found: "used by tensorflow", remedy: null }
  if (gpuProblem !== null) return { ...device, available: false, ...gpuProblem }
  return existsSync("/dev/nvidiactl")
    ? {
        ...device,
        available: false,
        found: "an NVIDIA card that this TensorFlow cannot use",
        remedy: "docs/engines.md describes how to add TensorFlow with CUDA",
      }
    : { ...device, available: false, found: "none", remedy: null }
}

const tensorflow = Effect.gen(function* () {
  const engine = { area: "engine", name: "tensorflow" } as const
  const outcome = yield* Effect.result(findAvailable(availableParallelism()))
  if (Result.isFailure(outcome)) {
    const { found, remedy } = outcome.failure
    return [{ ...engine, available: false, found, remedy }] satisfies ReadonlyArray<Finding>
  }
  const { place, probed } = outcome.success
  const found = `TensorFlow ${probed.tensorflow}, ${probed.path}, ${place.name}`
  return [{ ...engine, available: true, found, remedy: null }, gpu(probed)] satisfies ReadonlyArray<Finding>
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
    const { found, remedy } = outcome.failure
    return { ...shared, available: false, found, remedy }
  }
  const { path, versions } = outcome.success
  return {
    ...shared,
    available: true,
    found: `ONNX Runtime ${versions["onnxruntime-node"]}, ${path}`,
    remedy: null,
  }
})

/** The GPU of the onnx engine. A session is opened on it. */
const vulkan = Effect.gen(function* () {
  const device = { area: "device", name: "vulkan" } as const
  const outcome = yield* Effect.result(findGpu())
  if (Result.isFailure(outcome)) {
    const { found, remedy } = outcome.failure
    return { ...device, available: false, found, remedy } satisfies Finding
  }
  const { cards } = outcome.success
  const drivers = usableDrivers(outcome.success).map(({ version }) => version)
  const found = [...cards, ...drivers, "used by onnx with --device gpu"].join("; ")
  return { ...device, available: true, found, remedy: null } satisfies Finding
})

const reference: Finding = {
  area: "engine",
  name: "reference",
  available: true,
  found: "TensorFlow.js in plain JavaScript, slow",
  remedy: null,
}

export const checkEngines = Effect.gen(function* () {
  const findings: ReadonlyArray<Finding> = [...(yield* tensorflow), yield* onnx, yield* vulkan, reference]
  return findings
})
