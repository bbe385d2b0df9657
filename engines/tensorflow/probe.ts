/**
 * Whether the package works: (place, threads) -> its versions and code path, or ProbeFailed.
 *
 * A probe operation runs in another process, whose stderr goes to the log. A success is cached for the user as long as
 * library, processor and Node.js stay the same: a probe takes a second or more.
 */
import { execFile } from "node:child_process"
import { cpus } from "node:os"
import { fileURLToPath } from "node:url"
import { Effect, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import { probeCache } from "../probeCache.ts"
import { type Place, stampOf } from "./locate.ts"
import { addTensorflow } from "../../format/program.ts"

/** What is wrong and what to do about it, one line each. */
const Problem = Schema.Struct({ found: Schema.String, remedy: Schema.String })
export type Problem = typeof Problem.Type

const Probed = Schema.Struct({
  /** Version of @tensorflow/tfjs-node-gpu. */
  package: Schema.String,
  /** Version of TensorFlow's own library. */
  tensorflow: Schema.String,
  gpu: Schema.Boolean,
  /** The kernels and instructions of its convolutions, such as "onednn-avx2". */
  path: Schema.String,
  /** Why no GPU is used although TensorFlow looked for one. */
  gpuProblem: Schema.NullOr(Problem),
})
export type Probed = typeof Probed.Type

/** The package is there and does not work. */
export class ProbeFailed extends Failure<ProbeFailed>()("ProbeFailed", {
  exitCode: "unavailable",
  fields: Problem.fields,
  message: ({ found, remedy }) => `@tensorflow/tfjs-node-gpu does not work: ${found}; ${remedy}`,
}) {}

const rebuild = `\`${addTensorflow}\` builds one`

/** Known failures by what the import prints. The first match counts. */
const known: ReadonlyArray<readonly [RegExp, (match: RegExpExecArray) => Problem]> = [
  [
    /(GLIBC(?:XX)?_[\d.]+)' not found/,
    ([, version]) => ({
      found: `its native library needs ${version}, newer than this system's`,
      remedy: `${rebuild} where g++ is newer, or use --engine onnx`,
    }),
  ],
  [
    /(lib(?:cu|nv)[\w.-]+): cannot open shared object/,
    ([, library]) => ({
      found: `the CUDA library ${library} is missing`,
      remedy: "install CUDA's runtime, or use --engine onnx",
    }),
  ],
  [
    /(lib[\w.+-]+): cannot open shared object/,
    ([, library]) => ({ found: `its native library ${library} is missing`, remedy: rebuild }),
  ],
  [
    /can not be found at path|Cannot find module '.*tfjs_binding/,
    () => ({ found: "its native library is missing", remedy: rebuild }),
  ],
  [
    /Cannot find module '([^']+)'/,
    ([, name]) => ({ found: `its dependency ${name} is missing`, remedy: rebuild }),
  ],
  [
    /undefined symbol: (\S+)/,
    ([, symbol]) => ({ found: `its native library does not fit (${symbol} is missing)`, remedy: rebuild }),
  ],
]

/** (stderr of the probe's process, signal that ended it) -> problem */
export const explain = (stderr: string, signal: string | null): Problem => {
  for (const [pattern, problemOf] of known) {
    const match = pattern.exec(stderr)
    if (match !== null) return problemOf(match)
  }
  if (signal === "SIGILL") {
    return {
      found: "its native library uses instructions this processor lacks",
      remedy: `${rebuild} or use --engine onnx`,
    }
  }
  if (signal !== null) {
    return { found: `a probe operation was ended by ${signal}`, remedy: "use --engine onnx" }
  }
  const line = /^(?:\w*Error: .*)$/m.exec(stderr)?.[0] ?? stderr.trim().split("\n").at(-1) ?? ""
  return { found: `it cannot be imported: ${line}`, remedy: rebuild }
}

/** (stderr of the probe's process) -> why TensorFlow uses no GPU, if it looked for one. */
export const gpuProblemIn = (stderr: string): Problem | null => {
  const missing = /(?:dynamic library '|dlopen )(lib(?:cu|nv)[\w.-]+)/i.exec(stderr)?.[1]
  if (missing !== undefined) {
    return {
      found: `no GPU: the CUDA library ${missing} is missing`,
      remedy: "install CUDA's runtime to use one",
    }
  }
  if (/Could not find cuda drivers/i.test(stderr)) {
    return { found: "no GPU: the NVIDIA driver is missing", remedy: "install the NVIDIA driver" }
  }
  const failure = /failed call to cuInit: (?:INTERNAL: )?(.+)/.exec(stderr)?.[1]
  return failure === undefined
    ? null
    : { found: `no GPU: CUDA does not start: ${failure}`, remedy: "check the driver with nvidia-smi" }
}

const script = fileURLToPath(new URL("probeChild.ts", import.meta.url))
const timeoutMs = 120_000

interface Ended {
  readonly failed: boolean
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

const runChild = ({ from }: Place, threads: number) =>
  Effect.callback<Ended>((resume) => {
    const options = { timeout: timeoutMs, maxBuffer: 2 ** 26 }
    const child = execFile(
      process.execPath,
      [script, from, String(threads)],
      options,
      (error, stdout, stderr) => {
        const signal = error?.signal ?? null
        resume(Effect.succeed({ failed: error !== null, signal, stdout, stderr }))
      },
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const cacheOf = (place: Place) =>
  probeCache(
    "tensorflow",
    [
      place.folder,
      stampOf(place),
      process.version,
      cpus()[0]?.model ?? "unknown",
      process.env.CUDA_VISIBLE_DEVICES ?? "all",
    ],
    Probed,
  )

export const probe = Effect.fn("probeTensorflow")(function* (place: Place, threads: number) {
  const cache = cacheOf(place)
  const cached = yield* cache.read
  if (cached !== undefined) return cached
  const { failed, signal, stderr, stdout } = yield* runChild(place, threads)
  if (stderr.trim() !== "")
    yield* Effect.logDebug("the probe of tensorflow printed this", { stderr: stderr.trim() })
  if (failed) return yield* new ProbeFailed(explain(stderr, signal))
  const lines = stdout.trim().split("\n")
  const isa = /cpu,isa:(?:Intel )?(.+)$/m.exec(stdout)?.[1]
  const path =
    isa === undefined
      ? "eigen"
      : `onednn-${isa
          .trim()
          .toLowerCase()
          .replace(/[^a-z0-9]+/g, "-")}`
  const probed: Probed = { ...JSON.parse(lines.at(-1) ?? ""), path, gpuProblem: gpuProblemIn(stderr) }
  yield* cache.write(probed)
  return probed
})
