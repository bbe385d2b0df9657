/**
 * The engine of `auto` for a network: (experiment, threads) -> EngineChoice, or undefined if there is nothing to choose.
 *
 * Both native engines train the network for one to two seconds together, and the one with which the whole job is expected to end first is
 * taken. The times are cached by network and machine. Without the tensorflow engine, nothing is measured.
 */
import { availableParallelism, cpus } from "node:os"
import { Effect } from "effect"
import { hasLibrary, locate, stampOf } from "../../engines/tensorflow/locate.ts"
import { probeCache } from "../../engines/probeCache.ts"
import {
  type EngineChoice,
  EngineTimings,
  estimateMs,
  type NativeEngine,
  nativeEngines,
  type Workload,
} from "../../schemas/EngineChoice.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { canonical } from "../../schemas/experiment/fingerprint.ts"
import { version } from "../../schemas/version.ts"
import { describeDataset } from "../../stages/fetch/datasets.ts"
import type { Timed } from "./timeEngines.ts"
import { workloadOf } from "./workload.ts"

/** A measurement takes two to three seconds: of fewer iterations, most jobs have ended by then. */
const fewestIterations = 100

/**
 * tensorflow must be faster by this share. Otherwise onnx is taken: it needs less memory, its bits do not depend on the number
 * of threads, and it is on every machine that may resume the run.
 */
const margin = 0.05

/** Everything that the time of an iteration depends on, and nothing that changes from trial to trial of a usual sweep. */
const networkOf = ({
  averaging,
  batchSize,
  classWeight,
  code,
  dataset,
  labelSmoothing,
  loss,
  model,
  optimizer,
}: Experiment) => {
  const { classes, imageShape } = describeDataset(dataset)
  const { learningRate: _l, ...updates } = optimizer
  const smoothed = (labelSmoothing ?? 0) > 0
  const weighted = classWeight !== undefined
  const own = code && { files: code.files, packages: code.packages }
  return canonical([
    { batchSize, classes, imageShape, loss, model, updates, averaging, smoothed, weighted, own },
  ])
}

/** Its versions and its processor, as far as they change times. */
const machineOf = Effect.fnUntraced(function* () {
  const { runtimeVersion } = yield* Effect.promise(() => import("../../engines/onnx/runtime.ts"))
  return [
    version,
    process.version,
    cpus()[0]?.model ?? "unknown",
    String(availableParallelism()),
    yield* runtimeVersion,
    ...locate().map((place) => `${place.folder} ${stampOf(place)}`),
    process.env.CUDA_VISIBLE_DEVICES ?? "all",
  ]
})

/** The engine with which the job is expected to end first. */
export const fasterOf = ({ onnx, tensorflow }: EngineTimings, workload: Workload): NativeEngine =>
  estimateMs(tensorflow, workload) < (1 - margin) * estimateMs(onnx, workload) ? "tensorflow" : "onnx"

const timingsOf = (timed: ReadonlyArray<Timed<NativeEngine>>): EngineTimings | undefined => {
  const timing = (name: NativeEngine) =>
    timed.flatMap((each) => (each.name === name && "timing" in each ? [each.timing] : [])).at(0)
  const [onnx, tensorflow] = [timing("onnx"), timing("tensorflow")]
  return onnx && tensorflow && { onnx, tensorflow }
}

const isTensorflowUsable = Effect.fnUntraced(function* (threads: number) {
  if (!locate().some(hasLibrary)) return false
  const { findAvailable } = yield* Effect.promise(() => import("../../engines/tensorflow/runtime.ts"))
  return (yield* Effect.result(findAvailable(threads)))._tag === "Success"
})

const measure = Effect.fnUntraced(function* (experiment: Experiment, threads: number) {
  yield* Effect.logInfo(
    "measuring this network on the engines onnx and tensorflow, once on this machine (not with --engine)",
  )
  const { measureEngines } = yield* Effect.promise(() => import("./measure.ts"))
  return yield* measureEngines(experiment, threads)
})

export const chooseEngine = Effect.fn("chooseEngine")(function* (
  experiment: Experiment,
  given: { readonly threads?: number | undefined } = {},
) {
  const threads = given.threads ?? availableParallelism()
  if (!(yield* isTensorflowUsable(threads))) return undefined
  const workload = workloadOf(experiment)
  const depends = [networkOf(experiment), String(threads), ...(yield* machineOf())]
  const cache = probeCache("engine-times", depends, EngineTimings)
  const chosen = (basis: EngineChoice["basis"], timings: EngineTimings): EngineChoice => ({
    engine: fasterOf(timings, workload),
    basis,
    timings,
    workload,
  })
  const cached = yield* cache.read
  if (cached !== undefined) return chosen("cached", cached)
  if (workload.iterations < fewestIterations) {
    return { engine: "onnx", basis: "short", workload } satisfies EngineChoice as EngineChoice
  }
  const timed = yield* measure(experiment, threads)
  const timings = timingsOf(timed)
  if (timings !== undefined) {
    yield* cache.write(timings)
    return chosen("measured", timings)
  }
  const broken = timed.flatMap((each) => ("problem" in each ? [each] : []))
  for (const { name, problem } of broken) {
    yield* Effect.logWarning(`cannot measure this network on the ${name} engine: ${problem}`)
  }
  const left = nativeEngines.filter((engine) => broken.every(({ name }) => name !== engine))
  if (left.length !== 1) return undefined
  return { engine: left[0], basis: "failed", workload } satisfies EngineChoice as EngineChoice
})
