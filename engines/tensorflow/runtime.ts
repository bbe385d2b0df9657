/**
 * Finds, probes and imports the package: (threads) -> Native and its versions, or EngineNotAvailable.
 *
 * Once per process, because TensorFlow fixes its number of threads when it is loaded.
 */
import { Effect, Result } from "effect"
import { EngineNotAvailable } from "../Engine.ts"
import { hasLibrary, locate } from "./locate.ts"
import { importNative, type Native, setEnvironment } from "./native.ts"
import { probe, type Probed, type Problem } from "./probe.ts"
import { engineName } from "./session.ts"
import { captureStderr } from "./stderr.ts"
import { addTensorflow } from "../../format/program.ts"

export interface Runtime {
  readonly native: Native
  readonly probed: Probed
  readonly threads: number
}

const notAvailable = (problem: Problem, isBroken = true) =>
  new EngineNotAvailable({ engine: engineName, ...problem, available: ["onnx", "reference"], isBroken })

const notAdded = (isInstalled: boolean): Problem => ({
  found: `@tensorflow/tfjs-node-gpu is ${isInstalled ? "installed without its native library" : "not installed"}`,
  remedy: `\`${addTensorflow}\` adds it (g++, pip, 2 GB of disk), or use --engine onnx`,
})

/** The first place where the package works. It is not loaded in this process. */
export const findAvailable = Effect.fnUntraced(function* (threads: number) {
  const problems: Array<Problem> = []
  const places = locate()
  for (const place of places.filter(hasLibrary)) {
    const outcome = yield* Effect.result(probe(place, threads))
    if (Result.isSuccess(outcome)) return { place, probed: outcome.success }
    const { found, remedy } = outcome.failure
    problems.push({ found, remedy })
  }
  const [broken] = problems
  return yield* broken === undefined ? notAvailable(notAdded(places.length > 0), false) : notAvailable(broken)
})

let loaded: Runtime | undefined

export const loadRuntime = Effect.fnUntraced(function* (threads: number) {
  if (loaded !== undefined) {
    if (loaded.threads === threads) return loaded
    return yield* notAvailable({
      found: `this process has loaded TensorFlow with ${loaded.threads} threads, expected ${threads}`,
      remedy: `use another process, or --threads ${loaded.threads}`,
    })
  }
  const { place, probed } = yield* findAvailable(threads)
  const { stderr, value: native } = yield* Effect.try({
    try: () => {
      setEnvironment({ threads, quiet: true, gpu: probed.gpu })
      return captureStderr(() => importNative(place.from))
    },
    catch: (error) =>
      notAvailable({
        found: `it cannot be imported: ${error instanceof Error ? error.message.split("\n", 1)[0] : String(error)}`,
        remedy: `\`${addTensorflow}\` builds it again, or use --engine onnx`,
      }),
  })
  if (stderr !== "") yield* Effect.logDebug("tensorflow printed this when it was loaded", { stderr })
  loaded = { native, probed, threads }
  return loaded
})
