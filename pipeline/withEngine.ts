/**
 * The engine a command asked for, while it is needed: (name, threads, use) -> what `use` gives.
 */
import { Effect } from "effect"
import { Engine } from "../engines/Engine.ts"
import { selectEngine } from "../engines/select.ts"
import type { EngineName } from "../schemas/EngineInfo.ts"
import type { EngineInfo } from "../schemas/EngineInfo.ts"
import { execute, type ExecuteOptions } from "./execute.ts"

/** `execute` on the engine there is. */
export type Execute = (options: Omit<ExecuteOptions, "engine">) => ReturnType<typeof execute>

export const withEngine = <A, E, R>(
  name: EngineName,
  threads: number | undefined,
  use: (execute: Execute, info: EngineInfo) => Effect.Effect<A, E, R>,
) =>
  Effect.gen(function* () {
    const engine = yield* Engine
    return yield* use((options) => execute({ ...options, engine }), engine.info)
  }).pipe(Effect.provide(selectEngine(name, { threads })))
