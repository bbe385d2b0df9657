/** Why a run that asked for `auto` has its engine, recorded in run.json. Runs that named an engine have none. */
import * as Schema from "effect/Schema"

/** The engines that `auto` chooses between, in the order in which they are measured. */
export const nativeEngines = ["onnx", "tensorflow"] as const
export type NativeEngine = (typeof nativeEngines)[number]

/** Times of an engine on a network, in milliseconds. */
export const EngineTiming = Schema.Struct({
  /** Loading the library, compiling the network, and its first iteration. */
  startMs: Schema.Finite,
  /** An iteration: the median of several calls. */
  iterationMs: Schema.Finite,
  /** A predicted image. */
  imageMs: Schema.Finite,
})
export type EngineTiming = typeof EngineTiming.Type

export const EngineTimings = Schema.Struct({ onnx: EngineTiming, tensorflow: EngineTiming })
export type EngineTimings = typeof EngineTimings.Type

/** About how much a job computes. */
export const Workload = Schema.Struct({
  iterations: Schema.Int,
  /** Images of all evaluations and of the test. */
  images: Schema.Int,
})
export type Workload = typeof Workload.Type

/** What a job takes on an engine, in milliseconds. */
export const estimateMs = (
  { imageMs, iterationMs, startMs }: EngineTiming,
  { images, iterations }: Workload,
): number => startMs + iterations * iterationMs + images * imageMs

export const EngineChoice = Schema.Struct({
  engine: Schema.Literals(nativeEngines),
  /**
   * `measured` when the run began; `cached`: measured by an earlier run of the same network on the same machine; `short`: the
   * budget is too short for a measurement; `failed`: only this engine could be measured; `members`: other members of the ensemble
   * have it.
   */
  basis: Schema.Literals(["measured", "cached", "short", "failed", "members"]),
  timings: Schema.optionalKey(EngineTimings),
  /** The job that it was chosen for. */
  workload: Workload,
})
export type EngineChoice = typeof EngineChoice.Type
