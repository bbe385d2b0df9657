/**
 * The part of @tensorflow/tfjs-node-gpu that the engine uses, and how it is imported: (place) -> Native.
 *
 * The package contains another TensorFlow.js, which gets a global object of its own (`withOwnGlobal`): the two share no state,
 * and exchange typed arrays only. The invariant: TensorFlow reads its settings from the environment once per process, so all
 * trainers of a process have the same number of threads.
 */
import { createRequire } from "node:module"
import { sep } from "node:path"
import { batchParts } from "./batchParts.ts"

export interface NativeTensor {
  readonly dataSync: () => Float32Array
  readonly dispose: () => void
}
export interface Signature {
  readonly predict: (inputs: Readonly<Record<string, NativeTensor>>) => Readonly<Record<string, NativeTensor>>
  readonly dispose: () => void
}
export interface Native {
  readonly version: { readonly "tfjs-node": string }
  readonly tensor: (
    values: Float32Array | Int32Array,
    shape: Array<number>,
    dtype: "float32" | "int32",
  ) => NativeTensor
  readonly conv2d: (x: NativeTensor, filter: NativeTensor, strides: number, pad: "same") => NativeTensor
  readonly memory: () => { readonly numTensors: number }
  readonly backend: () => {
    readonly isUsingGpuDevice: boolean
    readonly binding: { readonly TF_Version: string }
  }
  readonly node: {
    readonly loadSavedModel: (path: string, tags: Array<string>, signature: string) => Promise<Signature>
  }
}

/** tfjs-node 4.22.0 calls functions of `util` that Node.js 23 removed (tensorflow/tfjs#8425, merged, never released). */
const restoreUtil = () => {
  const util = createRequire(import.meta.url)("node:util") as Record<string, unknown>
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
  util.isArray ??= Array.isArray
}

/**
 * Runs `f` as if TensorFlow.js had not been loaded yet. TensorFlow.js keeps its engine in `window` if there is one, and each of
 * its modules remembers the engine that it found. Deprecation warnings of the package's old dependencies are not shown.
 */
const withOwnGlobal = <T>(require: NodeJS.Require, f: () => T): T => {
  const globals = globalThis as Record<string, unknown>
  const modules = Object.entries(require.cache).filter(([path]) => path.includes(`${sep}@tensorflow${sep}`))
  const { noDeprecation } = process
  for (const [path] of modules) delete require.cache[path]
  globals.window = {}
  process.noDeprecation = true
  try {
    return f()
  } finally {
    process.noDeprecation = noDeprecation ?? false
    delete globals.window
    for (const [path, module] of modules) require.cache[path] = module
  }
}

export interface Settings {
  readonly threads: number
  /** Print nothing to stderr. Failures are errors in any case. */
  readonly quiet: boolean
  /** Whether it will use a GPU. */
  readonly gpu: boolean
}

/**
 * Sets the environment variables that TensorFlow reads when it starts. On a GPU it is set to deterministic operations, cuDNN's
 * included (tensorflow/core/util/determinism.cc). An operation without a deterministic form then fails, possibly the gradient
 * of a depthwise filter. On a CPU all operations are deterministic. A setting made by the user is kept.
 */
export const setEnvironment = ({ gpu, quiet, threads }: Settings): void => {
  Object.assign(process.env, {
    // The pool that all operations share. Two halves of the batch are computed in parallel (`batchParts.ts`), by two threads that
    // start the operations: with two threads, a pool of two would make them wait for each other.
    TF_NUM_INTRAOP_THREADS: String(gpu ? threads : Math.max(1, threads - (batchParts - 1))),
    TF_NUM_INTEROP_THREADS: String(threads),
    // TensorFlow does not use oneDNN on processors without AVX-512, where its own convolutions take twice as long.
    TF_ENABLE_ONEDNN_OPTS: "1",
    ...(gpu ? { TF_DETERMINISTIC_OPS: process.env.TF_DETERMINISTIC_OPS ?? "1" } : {}),
    ...(quiet ? { TF_CPP_MIN_LOG_LEVEL: "3" } : {}),
  })
}

/** `from`: a file or folder from which the package can be imported. Throws what the import throws. */
export const importNative = (from: string): Native => {
  restoreUtil()
  const require = createRequire(from)
  return withOwnGlobal(require, () => require("@tensorflow/tfjs-node-gpu") as Native)
}
