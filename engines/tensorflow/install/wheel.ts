/**
 * Gets TensorFlow's native library from its wheel on PyPI: (wheel, folder) -> the folder with library and headers.
 *
 * pip downloads the wheel, with its own configuration of mirrors, proxies and certificates. Python unpacks the few files that
 * are needed, and runs nothing of TensorFlow. The invariant: a wheel with another digest is not used.
 */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { Effect } from "effect"
import { InstallFailed, runProgram } from "./program.ts"

/** A wheel on PyPI, with its digest. */
export interface Wheel {
  readonly name: string
  readonly version: string
  readonly python: string
  readonly platform: string
  readonly sha256: string
}

/** Any Python version for which the wheel exists will do: none of its code runs. */
const built = { version: "2.21.0", python: "3.11", platform: "manylinux_2_27_x86_64" } as const

export const wheel: Wheel = {
  name: "tensorflow-cpu",
  ...built,
  sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
}

/** The same library with CUDA 12. */
export const gpuWheel: Wheel = {
  name: "tensorflow",
  ...built,
  sha256: "9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124",
}

const step = "download TensorFlow's library"
const pipAdvice =
  "install Python 3 with pip (`apt-get install python3-pip`, or your system's package) and run again"

/** Checks that pip is installed, before anything is downloaded. */
export const checkPip = runProgram({
  step,
  command: "python3",
  args: ["-m", "pip", "--version"],
  whenMissing: pipAdvice,
  whenFailing: pipAdvice,
})

const download = (wheel: Wheel, folder: string) => {
  const options = ["--quiet", "--no-deps", "--no-cache-dir", "--only-binary=:all:"]
  const target = ["--python-version", wheel.python, "--platform", wheel.platform, "--dest", folder]
  return runProgram({
    step,
    command: "python3",
    args: ["-m", "pip", "download", ...options, ...target, `${wheel.name}==${wheel.version}`],
    whenMissing: pipAdvice,
    whenFailing: "check pip's network settings and run again",
  })
}

const digestOf = (path: string) =>
  Effect.tryPromise({
    try: async () => {
      const hash = createHash("sha256")
      await pipeline(createReadStream(path), hash)
      return hash.digest("hex")
    },
    catch: (error) => new InstallFailed({ step, reason: String(error), advice: "run again" }),
  })

/** Extracts libtensorflow_*.so.2 and the headers from the wheel. */
const unpack = `
import sys, zipfile
path, target = sys.argv[1:]
with zipfile.ZipFile(path) as archive:
    for name in archive.namelist():
        if name.startswith("tensorflow/libtensorflow_") or name.startswith("tensorflow/include/"):
            archive.extract(name, target)
`

export const getLibrary = Effect.fnUntraced(function* (wheel: Wheel, folder: string) {
  const downloads = join(folder, "wheel")
  yield* download(wheel, downloads)
  const name = (yield* Effect.promise(() => readdir(downloads))).find((file) => file.endsWith(".whl"))
  const path = join(downloads, name ?? "")
  const found = yield* digestOf(path)
  if (found !== wheel.sha256) {
    return yield* new InstallFailed({
      step,
      reason: `${name} has SHA-256 ${found}, expected ${wheel.sha256}`,
      advice: "check the index that pip uses and run again",
    })
  }
  yield* runProgram({
    step: "unpack TensorFlow's library",
    command: "python3",
    args: ["-c", unpack, path, folder],
    whenMissing: pipAdvice,
    whenFailing: "free disk space and run again",
  })
  yield* Effect.promise(() => rm(downloads, { recursive: true }))
  return join(folder, "tensorflow")
})
