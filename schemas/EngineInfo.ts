/**
 * What ran the arithmetic: part of run.json, and of what must be equal for a resume to be exact to the bit.
 */
import { Schema } from "effect"

export const engines = ["tensorflow", "onnx", "reference"] as const
/** What may be asked for: an engine, or the fastest that works. */
export const engineNames = ["auto", ...engines] as const
export type EngineName = (typeof engineNames)[number]

export const EngineInfo = Schema.Struct({
  name: Schema.Literals(engines),
  /** Versions of the libraries that decide the bits, by package name. */
  versions: Schema.Record(Schema.String, Schema.String),
  /** As "cpu". */
  device: Schema.String,
  threads: Schema.Int,
  /** Which code path the processor took, as "nchwc16+fourier", "onednn-avx2+fourier" or "portable": another one has other last bits. */
  path: Schema.String,
  /** Whether the number of threads changes the last bits. */
  threadsChangeBits: Schema.Boolean,
})
export type EngineInfo = typeof EngineInfo.Type
