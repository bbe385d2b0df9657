/**
 * Whether a network trains on the GPU or on the processor: (processor's engine, program) -> Layer of the engine that takes less time.
 *
 * A GPU is used only if it computes what the processor does (`probe.ts`) and is faster. Without a graphics card, two folders are
 * read and nothing else is done. What was measured is cached by network, card, drivers and both engines, and recorded in the run.
 */
import { createHash } from "node:crypto"
import { cpus } from "node:os"
import { Context, Effect, Layer, Schema, type Scope } from "effect"
import type { EngineInfo, MeasuredEngine } from "../../../schemas/EngineInfo.ts"
import { Engine, type EngineNotAvailable, type Program } from "../../Engine.ts"
import { measureIteration } from "../../measureIteration.ts"
import { probeCache } from "../../probeCache.ts"
import { deviceModels, deviceProgram } from "./deviceModels.ts"
import * as Device from "./Device.ts"
import { probeProgram } from "./probe.ts"
import { whyNoCard } from "./vulkan.ts"

export interface ChoiceOptions {
  readonly threads?: number | undefined
  /** The network that is to be trained; absent if none is: then the processor computes. */
  readonly program?: Effect.Effect<Program, unknown, Scope.Scope> | undefined
}

type Service = Engine["Service"]

/** What is known of a network on both. */
const Measured = Schema.Struct({
  processorMs: Schema.Finite,
  /** Null if the GPU cannot train the network. */
  gpuMs: Schema.NullOr(Schema.Finite),
  /** Why it cannot. */
  problem: Schema.NullOr(Schema.String),
})
export type Measured = typeof Measured.Type

/** A run stays on its device for good, so a gain within the spread of measurements is none. */
const leastGain = 1.1

/** Whether to train on the GPU. */
export const isGpuFaster = ({ gpuMs, processorMs }: Measured): boolean =>
  gpuMs !== null && gpuMs * leastGain <= processorMs

const milliseconds = (value: number) => `${value.toPrecision(3)} ms`

/** The reason for a choice, for people. */
export const explainChoice = (measured: Measured): string => {
  const { gpuMs, problem, processorMs } = measured
  if (gpuMs === null) return `training on the processor: the GPU cannot be used: ${problem}`
  const place = isGpuFaster(measured) ? "GPU" : "processor"
  return `training on the ${place}: an iteration takes ${milliseconds(gpuMs)} on the GPU and ${milliseconds(processorMs)} on the processor`
}

const bytesOf = (info: EngineInfo) => Buffer.from(JSON.stringify(info))

const measure = Effect.fnUntraced(function* (processor: Service, gpu: EngineInfo, program: Program) {
  const models = yield* deviceModels(program)
  const digest = createHash("sha256").update(models.step).update(models.predict.model).digest()
  const machine = [cpus()[0]?.model ?? "unknown", process.version]
  const cache = probeCache("gpu", [digest, bytesOf(processor.info), bytesOf(gpu), ...machine], Measured)
  const known = yield* cache.read
  if (known !== undefined) return known
  yield* Effect.logInfo("measuring this network on the GPU and on the processor, once")
  const { threads } = processor.info
  const onGpu = yield* probeProgram({
    models,
    program: yield* deviceProgram(program),
    threads,
    isTimed: true,
  })
  const processorMs = yield* Effect.scoped(
    Effect.flatMap(processor.compile(program), (trainer) =>
      measureIteration(trainer, program.feeds, program.classes),
    ),
  )
  const measured: Measured = {
    processorMs,
    gpuMs: onGpu.problem === undefined ? onGpu.iterationMs : null,
    problem: onGpu.problem ?? null,
  }
  // A process that failed may not fail again.
  if (onGpu.problem === undefined || onGpu.isMistake) yield* cache.write(measured)
  return measured
})

const record = (engine: Service, measured: ReadonlyArray<MeasuredEngine>): Service =>
  Engine.of({ ...engine, info: { ...engine.info, measured } })

/** One of both, after measuring them. */
const choose = Effect.fnUntraced(function* (processor: Service, gpu: Service, program: Program) {
  const measured = yield* measure(processor, gpu.info, program)
  const { gpuMs, problem, processorMs } = measured
  yield* problem === null
    ? Effect.logInfo(explainChoice(measured))
    : Effect.logWarning(explainChoice(measured))
  const timeOf = ({ info: { device, name, path } }: Service, iterationMs: number) => ({
    name,
    device,
    path,
    iterationMs,
  })
  const times = [timeOf(processor, processorMs), ...(gpuMs === null ? [] : [timeOf(gpu, gpuMs)])]
  return record(isGpuFaster(measured) ? gpu : processor, times)
})

/** `processor`: the layer of the engine that trains if the GPU does not. `noCard`: why nothing is measured. */
export const layer = (
  processor: Layer.Layer<Engine, EngineNotAvailable>,
  { program, threads }: ChoiceOptions,
  noCard = whyNoCard(),
): Layer.Layer<Engine, EngineNotAvailable> => {
  const why = program === undefined ? "nothing is trained" : noCard
  if (program === undefined || why !== undefined) {
    return Layer.tap(processor, () => Effect.logDebug(`computing on the processor: ${why}`))
  }
  return Layer.effect(
    Engine,
    Effect.gen(function* () {
      const onProcessor = Context.get(yield* Layer.build(processor), Engine)
      // TensorFlow with CUDA.
      if (onProcessor.info.device !== "cpu") return onProcessor
      const gpu = yield* Effect.result(Layer.build(Device.layer({ threads })))
      if (gpu._tag === "Failure") {
        yield* Effect.logWarning(`training on the processor: ${gpu.failure.found}; ${gpu.failure.remedy}`)
        return onProcessor
      }
      const onGpu = Context.get(gpu.success, Engine)
      return yield* Effect.scoped(
        Effect.flatMap(program, (network) => choose(onProcessor, onGpu, network)),
      ).pipe(
        // The network has a fault that its training will report.
        Effect.catch((error) =>
          Effect.as(Effect.logDebug("the network cannot be measured", error), onProcessor),
        ),
      )
    }),
  )
}
