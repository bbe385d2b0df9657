/** What --engine and --device ask for together: (engine or undefined, device) -> the engine, or FlagRefused. */
import { Effect, Option } from "effect"
import { type Device, type EngineName, gpuEngine } from "../schemas/EngineInfo.ts"
import { FlagRefused } from "./FlagRefused.ts"

export type DeviceOption = Option.Option<Device>

/** CUDA hides its cards if this names none, so that tensorflow computes on the processor too. */
const hideCudaCards = Effect.sync(() => {
  process.env.CUDA_VISIBLE_DEVICES = "-1"
})

export const engineOn = Effect.fnUntraced(function* <E extends EngineName | undefined>(
  engine: E,
  device: DeviceOption,
) {
  if (Option.isNone(device)) return engine
  if (device.value === "cpu") {
    yield* hideCudaCards
    return engine
  }
  if (engine !== undefined && engine !== "auto" && engine !== "onnx" && engine !== gpuEngine) {
    const reason = `--device gpu is for the onnx engine, found --engine ${engine}`
    return yield* new FlagRefused({ flag: "--device", reason })
  }
  return gpuEngine
})

/** The options of a command, with the engine that both flags ask for. */
export const withDevice = <O extends { readonly engine: EngineName; readonly device: DeviceOption }>(
  options: O,
): Effect.Effect<O, FlagRefused> =>
  Effect.map(engineOn(options.engine, options.device), (engine) => ({ ...options, engine }))
