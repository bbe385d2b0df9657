/**
 * Whether the package can be used: (place, threads) -> what it is, or in one line why not and what to do.
 *
 * A probe operation runs in a process of its own, whose stderr goes to the log. A good answer is remembered in the user's
 * cache for as long as library, processor and Node.js are the same: a probe takes a second or more.
 */
import { execFile } from "node:child_process"
import { cpus } from "node:os"
import { fileURLToPath } from "node:url"
import { Effect, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import { verdict } from "../probeCache.ts"
import { type Place, stampOf } from "./locate.ts"

const Probed = Schema.Struct({
  /** Version of @tensorflow/tfjs-node-gpu. */
  package: Schema.String,
  /** Version of TensorFlow's own library. */
  tensorflow: Schema.String,
  gpu: Schema.Boolean,
  /** Which kernels and instructions its convolutions use, as "onednn-avx2". */
  path: Schema.String,
  /** Why there is no GPU although there might be one. */
  note: Schema.NullOr(Schema.String),
})
export type Probed = typeof Probed.Type

/** The package is there and cannot be used: one line. */
export class ProbeFailed extends Failure<ProbeFailed>()("ProbeFailed", {
  exitCode: "unavailable",
  fields: { reason: Schema.String },
  message: ({ reason }) => reason,
}) {}

const rebuild = "`pnpm engine:tensorflow` builds one"

/** What is known of a failure, by what the import says; the first that fits. */
const known: ReadonlyArray<readonly [RegExp, (found: RegExpExecArray) => string]> = [
  [
    /(GLIBC(?:XX)?_[\d.]+)' not found/,
    ([, version]) =>
      `its native library needs ${version}, newer than this system's; ${rebuild} where g++ is newer, or use --engine onnx`,
  ],
  [
    /(lib(?:cu|nv)[\w.-]+): cannot open shared object/,
    ([, library]) => `the CUDA library ${library} is missing; install CUDA's runtime, or use --engine onnx`,
  ],
  [
    /(lib[\w.+-]+): cannot open shared object/,
    ([, library]) => `its native library ${library} is missing; ${rebuild}`,
  ],
  [
    /can not be found at path|Cannot find module '.*tfjs_binding/,
    () => `its native library is missing; ${rebuild}`,
  ],
  [/Cannot find module '([^']+)'/, ([, name]) => `its dependency ${name} is missing; ${rebuild}`],
  [
    /undefined symbol: (\S+)/,
    ([, symbol]) => `its native library does not fit (${symbol} is missing); ${rebuild}`,
  ],
]

/** (what the process wrote to stderr, signal that ended it) -> one line. */
export const explain = (stderr: string, signal: string | null): string => {
  for (const [pattern, say] of known) {
    const found = pattern.exec(stderr)
    if (found !== null) return say(found)
  }
  if (signal === "SIGILL")
    return `its native library uses instructions this processor lacks; ${rebuild} or use --engine onnx`
  if (signal !== null) return `a probe operation was ended by ${signal}; use --engine onnx`
  const line = /^(?:\w*Error: .*)$/m.exec(stderr)?.[0] ?? stderr.trim().split("\n").at(-1) ?? ""
  return `it cannot be imported: ${line}; ${rebuild}`
}

const gpuNote = (stderr: string): string | null => {
  const missing = /(?:dynamic library '|dlopen )(lib(?:cu|nv)[\w.-]+)/i.exec(stderr)?.[1]
  return missing === undefined
    ? null
    : `no GPU: the CUDA library ${missing} is missing; install CUDA's runtime to use one`
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

const verdictOn = (place: Place) =>
  verdict(
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
  const kept = verdictOn(place)
  const remembered = yield* kept.read
  if (remembered !== undefined) return remembered
  const { failed, signal, stderr, stdout } = yield* runChild(place, threads)
  if (stderr.trim() !== "") yield* Effect.logDebug("tensorflow, at its probe", { stderr: stderr.trim() })
  if (failed) return yield* new ProbeFailed({ reason: explain(stderr, signal) })
  const lines = stdout.trim().split("\n")
  const isa = /cpu,isa:(?:Intel )?(.+)$/m.exec(stdout)?.[1]
  const path =
    isa === undefined
      ? "eigen"
      : `onednn-${isa
          .trim()
          .toLowerCase()
          .replace(/[^a-z0-9]+/g, "-")}`
  const probed: Probed = { ...JSON.parse(lines.at(-1) ?? ""), path, note: gpuNote(stderr) }
  yield* kept.write(probed)
  return probed
})
