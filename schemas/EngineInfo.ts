/**
 * The engine of a run, recorded in run.json and in each attempt. A resumed run is exact to the bit only if all of this but
 * `measured` is equal.
 */
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"

export const engines = ["tensorflow", "onnx", "reference"] as const
/** The values of --engine: one engine, or the fastest one that works. */
export const engineNames = ["auto", ...engines] as const
/** The onnx engine on a GPU: on the command line, --device gpu. */
export const gpuEngine = "onnx-gpu"
/** The tensorflow engine, if it uses a GPU: on the command line, --engine tensorflow --device gpu. */
export const tensorflowGpuEngine = "tensorflow-gpu"
/** The fastest engine, also on a GPU if it is right and faster there: on the command line, --device auto. */
export const anyDeviceEngine = "auto-gpu"
/** What can be asked for in all. */
export const engineChoices = [...engineNames, gpuEngine, tensorflowGpuEngine, anyDeviceEngine] as const
/** The values of --device. */
export const devices = ["cpu", "gpu", "auto"] as const
export type Device = (typeof devices)[number]
/** More threads than any machine has cores: an engine would use up the memory for their stacks. */
export const mostThreads = 1024
export const Threads = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: mostThreads }))
export type EngineName = (typeof engineChoices)[number]

/**
 * The code path of the processor, such as "nchwc16+dft+slices+pieces+channelwise", "onednn-avx2+dft", "portable" or "webgpu+products". Another path has other last bits.
 * Older versions wrote "+fourier" for "+dft": the same path.
 */
const CodePath = Schema.String.pipe(
  Schema.decodeTo(Schema.String, {
    decode: SchemaGetter.transform((path) => path.replace(/\+fourier\b/, "+dft")),
    encode: SchemaGetter.transform((path) => path),
  }),
)

/** The time of a training iteration on an engine, as measured before the choice between several. */
const MeasuredEngine = Schema.Struct({
  name: Schema.Literals(engines),
  device: Schema.String,
  path: CodePath,
  iterationMs: Schema.Finite,
})
export type MeasuredEngine = typeof MeasuredEngine.Type

export const EngineInfo = Schema.Struct({
  name: Schema.Literals(engines),
  /** Versions of the libraries that decide the last bits, by package name. */
  versions: Schema.Record(Schema.String, Schema.String),
  /** Such as "cpu", "gpu" or "gpu (NVIDIA H100 PCIe)". */
  device: Schema.String,
  threads: Schema.Int,
  path: CodePath,
  /** Whether the number of threads changes the last bits. */
  threadsChangeBits: Schema.Boolean,
  /** Why this engine: those that were measured with this network. Absent if none was. */
  measured: Schema.optionalKey(Schema.Array(MeasuredEngine)),
})
export type EngineInfo = typeof EngineInfo.Type

/** What to ask for to get this engine again: on the device that --device names, else (also of `auto`) on the same kind. */
export const engineChoiceOf = (
  { device, name }: Pick<EngineInfo, "device" | "name">,
  asked?: Device,
): EngineName => {
  const wanted = asked === undefined || asked === "auto" ? device : asked
  return name === "onnx" && wanted !== "cpu" ? gpuEngine : name
}

/** The flags that ask for an engine. Without --engine, it is auto. */
export const flagsOf = (name: EngineName): { readonly engine?: EngineName; readonly device?: Device } => {
  if (name === "auto") return {}
  if (name === anyDeviceEngine) return { device: "auto" }
  if (name === gpuEngine) return { device: "gpu" }
  return name === tensorflowGpuEngine ? { engine: "tensorflow", device: "gpu" } : { engine: name }
}

/** Whether a choice leaves the engine open. */
export const isAnyEngine = (name: EngineName) => name === "auto" || name === anyDeviceEngine
