/**
 * Whether a network trains on the GPU or on the processor: (processor's engine, program) -> Layer of the engine that takes less time.
 *
 * A GPU is used only if it computes what the processor does (`probe.ts`) and is faster. What was measured is cached by network, card, drivers and both engines, and recorded in the run.
 */
import { createHash } from "node:crypto"
import { cpus } from "node:os"
import { Context, Effect, Layer, Schema, type Scope } from "effect"
import type { EngineInfo, MeasuredEngine } from "../../../schemas/EngineInfo.ts"
import { version } from "../../../schemas/version.ts"
import { Engine, type EngineNotAvailable, type Program } from "../../Engine.ts"
import { measureIteration } from "../../measureIteration.ts"
import { probeCache } from "../../probeCache.ts"
import { deviceModels, deviceProgram } from "./deviceModels.ts"
import * as Device from "./Device.ts"
import type { DeviceModels } from "./DeviceTrainer.ts"
import { probeProgram } from "./probe.ts"

export interface ChoiceOptions {
  readonly threads?: number | undefined
  /** The network that is to be trained. */
  readonly program: Effect.Effect<Program, unknown, Scope.Scope>
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

/** All that the times depend on: the models, both engines with their versions, and this machine. */
export const dependsOn = (
  models: Pick<DeviceModels, "predict" | "step">,
  engines: ReadonlyArray<EngineInfo>,
) => [
  createHash("sha256").update(models.step).update(models.predict.model).digest(),
  ...engines.map((info) => Buffer.from(JSON.stringify(info))),
  version,
  process.version,
  cpus()[0]?.model ?? "unknown",
]

const measure = Effect.fnUntraced(function* (processor: Service, gpu: EngineInfo, program: Program) {
  const models = yield* deviceModels(program)
  const cache = probeCache("gpu", dependsOn(models, [processor.info, gpu]), Measured)
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

/** The same, or the processor if the network cannot be built or measured: its training will report the fault. */
export const chooseOrWarn = (processor: Service, gpu: Service, program: ChoiceOptions["program"]) =>
  Effect.scoped(Effect.flatMap(program, (network) => choose(processor, gpu, network))).pipe(
    Effect.catch((error) =>
      Effect.as(
        Effect.logWarning(
          `training on the processor: the network cannot be measured: ${error instanceof Error ? error.message : String(error)}`,
        ),
        processor,
      ),
    ),
  )

/** `processor`: the layer of the engine that trains if the GPU does not. */
export const layer = (
  processor: Layer.Layer<Engine, EngineNotAvailable>,
  { program, threads }: ChoiceOptions,
): Layer.Layer<Engine, EngineNotAvailable> =>
  Layer.effect(
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
      return yield* chooseOrWarn(onProcessor, Context.get(gpu.success, Engine), program)
    }),
  )
