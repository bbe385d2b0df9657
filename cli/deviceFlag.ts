/** What --engine and --device ask for together: (engine or undefined, device) -> the engine, or FlagRefused. */
import { Effect, Option } from "effect"
import { engineOnDevice } from "../engines/onDevice.ts"
import type { Device, EngineName } from "../schemas/EngineInfo.ts"
import { FlagRefused } from "./FlagRefused.ts"

export type DeviceOption = Option.Option<Device>

export const engineOn = <E extends EngineName | undefined>(engine: E, device: DeviceOption) =>
  engineOnDevice(engine, Option.getOrUndefined(device)).pipe(
    Effect.mapError(({ device, engine, expected }) => {
      const reason = `--device ${device} is for ${expected}, found --engine ${engine}`
      return new FlagRefused({ flag: "--device", reason })
    }),
  )

/** The options of a command, with the engine that both flags ask for. */
export const withDevice = <O extends { readonly engine: EngineName; readonly device: DeviceOption }>(
  options: O,
): Effect.Effect<O, FlagRefused> =>
  Effect.map(engineOn(options.engine, options.device), (engine) => ({ ...options, engine }))
