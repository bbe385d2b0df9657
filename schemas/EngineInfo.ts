/**
 * The engine of a run, recorded in run.json and in each attempt. A resumed run is exact to the bit only if all of this is equal.
 */
import { Schema } from "effect"

export const engines = ["tensorflow", "onnx", "reference"] as const
/** The values of --engine: one engine, or the fastest one that works. */
export const engineNames = ["auto", ...engines] as const
export type EngineName = (typeof engineNames)[number]

export const EngineInfo = Schema.Struct({
  name: Schema.Literals(engines),
  /** Versions of the libraries that decide the last bits, by package name. */
  versions: Schema.Record(Schema.String, Schema.String),
  /** Such as "cpu". */
  device: Schema.String,
  threads: Schema.Int,
  /** The code path of the processor, such as "nchwc16+fourier", "onednn-avx2+fourier" or "portable". Another path has other last bits. */
  path: Schema.String,
  /** Whether the number of threads changes the last bits. */
  threadsChangeBits: Schema.Boolean,
})
export type EngineInfo = typeof EngineInfo.Type
