/**
 * ONNX Runtime, loaded when it is first needed (70 ms) from the package that `locate.ts` finds, and its sessions, which are
 * released with the scope.
 *
 * It prints nothing to stderr: a failure is an error with the same text.
 */
import { readFile } from "node:fs/promises"
import { Effect } from "effect"
import type { InferenceSession, Tensor } from "onnxruntime-node"
import { EngineFailed, EngineNotAvailable, type Program, type State } from "../Engine.ts"
import { locate, remedyOf, resolveHere } from "./locate.ts"

export type Ort = typeof import("onnxruntime-node")

export const engineName = "onnx"

const reasonOf = (error: unknown) => (error instanceof Error ? error.message.trim() : String(error))

export const failed = (operation: string) => (error: unknown) =>
  new EngineFailed({ engine: engineName, operation, reason: reasonOf(error) })

export const loadRuntime = Effect.tryPromise({
  try: async () => {
    const { entry } = locate(resolveHere)
    const module: { readonly default: unknown } = await import(entry)
    // A CommonJS module: all of it is also the default export.
    const ort = module.default as Ort
    ort.env.logLevel = "fatal"
    return ort
  },
  catch: (error) =>
    new EngineNotAvailable({
      engine: engineName,
      found: reasonOf(error).split("\n", 1)[0],
      remedy: remedyOf(error) ?? "install the packages of this project again",
      available: ["reference"],
    }),
})

/** The version that runs: the last bits depend on it. */
export const runtimeVersion = Effect.promise(async () => {
  const { manifest } = locate(resolveHere)
  const { version } = JSON.parse(await readFile(manifest, "utf8")) as { readonly version: string }
  return version
})

export const floatTensor = (ort: Ort, data: Float32Array, shape: ReadonlyArray<number>): Tensor =>
  new ort.Tensor("float32", data, [...shape])

/** Of bytes as they are, or of float32 values. */
export const tensorOf = (ort: Ort, data: Float32Array | Uint8Array, shape: ReadonlyArray<number>): Tensor =>
  data instanceof Float32Array ? floatTensor(ort, data, shape) : new ort.Tensor("uint8", data, [...shape])

/** A copy of every variable with its initial value, in the order of a checkpoint. */
export const initialState = ({ variables }: Pick<Program, "variables">) =>
  Effect.promise(async (): Promise<State> => {
    const values = await Promise.all(variables.map((variable) => variable.data()))
    return variables.map(({ name, shape }, i) => ({ name, shape, data: Float32Array.from(values[i]) }))
  })

/** `more`: options besides or in place of the usual ones. */
export const openSession = Effect.fnUntraced(function* (
  ort: Ort,
  model: Uint8Array,
  threads: number,
  more: InferenceSession.SessionOptions = {},
) {
  const options: InferenceSession.SessionOptions = {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    // One memory block for all intermediate values saves no time, and needs half as much memory again at batch 1000.
    enableMemPattern: false,
    logSeverityLevel: 4,
    // Waiting threads spin for 50 µs, then sleep. Longer spinning takes a third more time on a machine that does other work.
    extra: { session: { intra_op: { spin_duration_us: "50" } } },
    ...more,
  }
  return yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => ort.InferenceSession.create(model, options),
      catch: failed("create a session"),
    }),
    (session) => Effect.promise(() => session.release()),
  )
})
