/** What an engine and a device ask for together: (engine or undefined, device or undefined) -> the engine to select, or DeviceRefused. */
import { Effect, Schema } from "effect"
import {
  anyDeviceEngine,
  type Device,
  engineChoiceOf,
  type EngineInfo,
  type EngineName,
  gpuEngine,
  isAnyEngine,
  tensorflowGpuEngine,
} from "../schemas/EngineInfo.ts"
import { Failure } from "../schemas/Failure.ts"

/** The engine does not compute on the device. */
export class DeviceRefused extends Failure<DeviceRefused>()("DeviceRefused", {
  exitCode: "usage",
  fields: { device: Schema.String, engine: Schema.String, expected: Schema.String },
  message: ({ device, engine, expected }) =>
    `cannot use the ${engine} engine on the device ${device}: expected ${expected}`,
}) {}

/** CUDA hides its cards if this names none, so that tensorflow computes on the processor too. */
const hideCudaCards = Effect.sync(() => {
  process.env.CUDA_VISIBLE_DEVICES = "-1"
})

export const engineOnDevice = Effect.fnUntraced(function* <E extends EngineName | undefined>(
  engine: E,
  device: Device | undefined,
) {
  if (device === undefined) return engine
  if (device === "cpu") {
    yield* hideCudaCards
    return engine
  }
  const isOpen = engine === undefined || isAnyEngine(engine)
  if (device === "gpu") {
    if (isOpen || engine === "onnx" || engine === gpuEngine) return gpuEngine
    if (engine === "tensorflow" || engine === tensorflowGpuEngine) return tensorflowGpuEngine
    return yield* new DeviceRefused({ device, engine, expected: "the onnx or the tensorflow engine" })
  }
  if (isOpen) return anyDeviceEngine
  return yield* new DeviceRefused({ device, engine, expected: "the engine auto" })
})

/**
 * The engine that resumes a run: that of the run, unless one is given, on the device that is asked for. `auto` keeps the device, which
 * was decided when the run began.
 */
export const engineToResume = (
  before: Pick<EngineInfo, "device" | "name">,
  { device, engine }: { readonly device?: Device | undefined; readonly engine?: EngineName | undefined },
) =>
  engineOnDevice<EngineName>(engine ?? engineChoiceOf(before, device), device === "auto" ? undefined : device)
