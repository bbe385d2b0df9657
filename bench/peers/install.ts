/**
 * Installs the Python packages of the peers: (framework) -> the Python interpreter that has them, or InstallFailed.
 *
 * Each framework has an environment of its own in `.engine/peers`, made from `requirements/` when it is first needed. Every
 * version is pinned, and only packages that the benchmark imports are installed. pip downloads from wherever it is configured
 * to. A copy of the requirements is written last: an environment without it is made again.
 */
import { copyFile, mkdir, readFile, rm, statfs } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { InstallFailed, runProgram } from "../../engines/tensorflow/install/program.ts"

export type Framework = "pytorch" | "tensorflow" | "jax"

/** GB to download and on disk, measured with these versions. */
const sizes: Record<Framework, { readonly download: number; readonly disk: number }> = {
  pytorch: { download: 2.5, disk: 4.6 },
  tensorflow: { download: 0.3, disk: 1.4 },
  jax: { download: 0.2, disk: 0.5 },
}

const project = fileURLToPath(new URL("../../", import.meta.url))
const parent = join(project, ".engine", "peers")
const pythonAdvice =
  "install Python 3.11 to 3.13 with pip and venv (`apt-get install python3-venv`, or your system's package), or choose other peers with --contenders"

const python = (step: string, args: ReadonlyArray<string>, whenFailing: string, command = "python3") =>
  runProgram({ step, command, args, whenMissing: pythonAdvice, whenFailing })

/** Fails with the version that it found. */
const check = `
import sys, venv, ensurepip
found = sys.version_info[:2]
if not (3, 11) <= found <= (3, 13):
    sys.exit("found Python %d.%d, expected 3.11 to 3.13" % found)
`

const checkPython = (step: string) => python(step, ["-c", check], pythonAdvice)

const checkSpace = Effect.fnUntraced(function* (step: string, gigabytes: number) {
  const { bavail, bsize } = yield* Effect.promise(() => statfs(parent))
  const free = (bavail * bsize) / 1e9
  if (free >= gigabytes) return
  return yield* new InstallFailed({
    step,
    reason: `found ${free.toFixed(1)} GB of free disk space, expected ${gigabytes} GB`,
    advice: "free disk space, or choose other peers with --contenders",
  })
})

export const install = Effect.fn("installPeer")(function* (
  framework: Framework,
  log: (line: string) => void,
) {
  const step = `install ${framework} for the benchmark`
  const requirements = fileURLToPath(new URL(`requirements/${framework}.txt`, import.meta.url))
  const folder = join(parent, framework)
  const record = join(folder, "requirements.txt")
  const interpreter = join(folder, "bin", "python")
  const wanted = yield* Effect.promise(() => readFile(requirements, "utf8"))
  const found = yield* Effect.promise(() => readFile(record, "utf8").catch(() => ""))
  if (found === wanted) return interpreter
  const { disk, download } = sizes[framework]
  yield* checkPython(step)
  yield* Effect.promise(() => mkdir(parent, { recursive: true }))
  yield* checkSpace(step, disk)
  log(`installing ${framework} into .engine/peers: ${download} GB to download, ${disk} GB on disk`)
  yield* Effect.promise(() => rm(folder, { recursive: true, force: true }))
  yield* python(step, ["-m", "venv", folder], pythonAdvice)
  const options = ["--quiet", "--no-cache-dir", "--no-deps", "--only-binary=:all:"]
  yield* python(
    step,
    ["-m", "pip", "install", ...options, "-r", requirements],
    "check pip's network settings and the disk, or choose other peers with --contenders",
    interpreter,
  )
  yield* Effect.promise(() => copyFile(requirements, record))
  return interpreter
})
