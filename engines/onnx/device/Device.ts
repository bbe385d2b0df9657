/**
 * The onnx engine on a GPU: programs compiled to ONNX and run by ONNX Runtime's WebGPU over Vulkan, which comes with the package.
 *
 * The same card, driver and versions give the same bits, which every training is probed for. The last bits differ from the
 * processor's.
 */
import { availableParallelism } from "node:os"
import { basename } from "node:path"
import * as tf from "@tensorflow/tfjs-core"
// Loading it registers the gradients of TensorFlow.js' kernels.
import { version_layers } from "@tensorflow/tfjs-layers"
import { Effect, Layer } from "effect"
import type { EngineInfo } from "../../../schemas/EngineInfo.ts"
import { Engine, EngineNotAvailable, GpuNotUsable, type Program } from "../../Engine.ts"
import { engineName, loadRuntime, type Ort, runtimeVersion } from "../runtime.ts"
import { deviceModels, deviceProgram } from "./deviceModels.ts"
import { makeDeviceTrainer } from "./DeviceTrainer.ts"
import { findOpenProblem, findProblem } from "./probe.ts"
import type { Device } from "./session.ts"
import { environmentFor, findVulkan, problemOf, usableDrivers, type Vulkan } from "./vulkan.ts"

export interface DeviceOptions {
  /** Of the processor, which the probe compares with. */
  readonly threads?: number | undefined
}

const notAvailable = (problem: { readonly found: string; readonly remedy: string }) =>
  new EngineNotAvailable({
    ...problem,
    engine: `${engineName} with --device gpu`,
    available: [`${engineName} with --device cpu`],
  })

/** Vulkan in this process and its children has these drivers only: one in software would be used without a word. */
const offerDrivers = (drivers: Parameters<typeof environmentFor>[0]) =>
  Effect.sync(() => {
    Object.assign(process.env, environmentFor(drivers))
  })

/** What Vulkan has, once a session on it was opened. */
export const findGpu = Effect.fn("findGpu")(function* () {
  const vulkan = findVulkan()
  const problem = problemOf(vulkan)
  if (problem !== undefined) return yield* notAvailable(problem)
  yield* offerDrivers(usableDrivers(vulkan))
  const reason = yield* findOpenProblem()
  if (reason === undefined) return vulkan
  const drivers = usableDrivers(vulkan).map(({ library }) => library)
  return yield* notAvailable({
    found: `no session can be opened with Vulkan (${drivers.join(", ")}): ${reason.split("\n", 1)[0]}`,
    remedy: "check that the graphics card and its driver work, or use --device cpu",
  })
})

const makeInfo = (kind: Device["kind"], threads: number, version: string, vulkan: Vulkan | undefined) => {
  const drivers = vulkan === undefined ? [] : usableDrivers(vulkan)
  const cards = drivers.every(({ isSoftware }) => isSoftware) ? ["Vulkan in software"] : (vulkan?.cards ?? [])
  return {
    name: engineName,
    versions: {
      "onnxruntime-node": version,
      "@tensorflow/tfjs-core": tf.version_core,
      "@tensorflow/tfjs-layers": version_layers,
      ...Object.fromEntries(drivers.map(({ manifest, version }) => [basename(manifest), version])),
    },
    device:
      kind === "cpu" ? "cpu" : ["gpu", ...(cards.length === 0 ? [] : [`(${cards.join(", ")})`])].join(" "),
    threads,
    path: kind === "cpu" ? "device" : "webgpu+products",
    threadsChangeBits: false,
  } satisfies EngineInfo
}

const compileOn = (ort: Ort, device: Device) =>
  Effect.fnUntraced(function* (program: Program) {
    const models = yield* deviceModels(program)
    const initial = yield* deviceProgram(program)
    if (device.kind === "webgpu") {
      const problem = yield* findProblem(models, initial, device.threads)
      if (problem !== undefined) return yield* new GpuNotUsable({ found: problem })
    }
    return yield* makeDeviceTrainer(ort, initial, models, device)
  })

const makeLayer = (kind: Device["kind"], options: DeviceOptions): Layer.Layer<Engine, EngineNotAvailable> =>
  Layer.effect(
    Engine,
    Effect.gen(function* () {
      const ort = yield* loadRuntime
      const vulkan = kind === "cpu" ? undefined : yield* findGpu()
      const threads = options.threads ?? availableParallelism()
      const info = makeInfo(kind, threads, yield* runtimeVersion, vulkan)
      return Engine.of({ info, compile: compileOn(ort, { kind, threads }) })
    }),
  )

export const layer = (options: DeviceOptions = {}) => makeLayer("webgpu", options)

/** The models of a device on the processor: tests compare them with the portable path. */
export const layerOnProcessor = (options: DeviceOptions = {}) => makeLayer("cpu", options)
