/**
 * The package, found, probed and imported: (threads) -> Native and what it is, or EngineNotAvailable in one line.
 *
 * Once a process: TensorFlow fixes its threads when it is loaded.
 */
import { Effect, Result } from "effect"
import { EngineNotAvailable } from "../Engine.ts"
import { locate } from "./locate.ts"
import { importNative, type Native, setEnvironment } from "./native.ts"
import { probe, type Probed } from "./probe.ts"
import { engineName } from "./session.ts"
import { capturingStderr } from "./stderr.ts"

export interface Runtime {
  readonly native: Native
  readonly probed: Probed
  readonly threads: number
}

export const notAvailable = (reason: string) =>
  new EngineNotAvailable({ engine: engineName, reason, available: ["onnx", "reference"] })

const absent =
  "@tensorflow/tfjs-node-gpu is not installed; `pnpm engine:tensorflow` adds it (g++, pip, 2 GB of disk), or use --engine onnx"

/** The first place whose package works, without loading it here. */
export const findUsable = Effect.fnUntraced(function* (threads: number) {
  const places = locate()
  const reasons: Array<string> = []
  for (const place of places) {
    const outcome = yield* Effect.result(probe(place, threads))
    if (Result.isSuccess(outcome)) return { place, probed: outcome.success }
    reasons.push(outcome.failure.message)
  }
  return yield* notAvailable(reasons[0] ?? absent)
})

let loaded: Runtime | undefined

export const loadRuntime = Effect.fnUntraced(function* (threads: number) {
  if (loaded !== undefined) {
    if (loaded.threads === threads) return loaded
    return yield* notAvailable(
      `this process has loaded TensorFlow with ${loaded.threads} threads, and it cannot be loaded with ${threads} as well`,
    )
  }
  const { place, probed } = yield* findUsable(threads)
  const { said, value: native } = yield* Effect.try({
    try: () => {
      setEnvironment({ threads, quiet: true, gpu: probed.gpu })
      return capturingStderr(() => importNative(place.from))
    },
    catch: (error) => notAvailable(error instanceof Error ? error.message.split("\n", 1)[0] : String(error)),
  })
  if (said !== "") yield* Effect.logDebug("tensorflow, when it was loaded", { stderr: said })
  loaded = { native, probed, threads }
  return loaded
})
