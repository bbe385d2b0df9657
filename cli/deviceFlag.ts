/** What --engine and --device ask for together: (engine or undefined, device) -> the engine, or FlagRefused. */
import { Effect, Option } from "effect"
import { type DeviceRefused, engineOnDevice } from "../engines/onDevice.ts"
import type { Device, EngineName } from "../schemas/EngineInfo.ts"
import { FlagRefused } from "./FlagRefused.ts"

export type DeviceOption = Option.Option<Device>

/** The refusal of a device as that of its flag. */
export const refuseFlag = Effect.mapError(({ device, engine, expected }: DeviceRefused) => {
  const reason = `--device ${device} is for ${expected}, found --engine ${engine}`
  return new FlagRefused({ flag: "--device", reason })
})

export const engineOn = <E extends EngineName | undefined>(engine: E, device: DeviceOption) =>
  refuseFlag(engineOnDevice(engine, Option.getOrUndefined(device)))

/** The options of a command, with the engine that both flags ask for. */
export const withDevice = <O extends { readonly engine: EngineName; readonly device: DeviceOption }>(
  options: O,
): Effect.Effect<O, FlagRefused> =>
  Effect.map(engineOn(options.engine, options.device), (engine) => ({ ...options, engine }))
