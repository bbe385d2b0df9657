/**
 * `pipeline engine add tensorflow` adds the tensorflow engine, to this checkout (`.engine/tensorflow`) or, of the package, to
 * the user's cache.
 *
 * The usual installation of @tensorflow/tfjs-node-gpu downloads its native library from a host of its own. Here the unmodified
 * addon is built against the library in PyPI's TensorFlow wheel instead (about 300 MB to download, 1.2 GB on disk, a minute; with
 * `--gpu` 570 MB and 1.5 GB). CUDA 12 and cuDNN 9 are not downloaded: TensorFlow loads those of the machine.
 * Everything is built and tested in a temporary folder, which is renamed at the end: the engine is installed completely or not
 * at all. A second run does nothing.
 */
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readFile, readdir, rename, rm, statfs, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { Console, Effect } from "effect"
import { builtFolder, placeAt } from "../locate.ts"
import { probe, type Probed } from "../probe.ts"
import { buildAddon, checkCompiler, getPackages, packages } from "./addon.ts"
import { InstallFailed } from "./program.ts"
import { checkPip, getLibrary, gpuWheel, type Wheel, wheel } from "./wheel.ts"

const recordName = "engine.json"
const recordOf = (wheel: Wheel) => `${JSON.stringify({ packages, wheel }, undefined, 2)}\n`
const parent = dirname(builtFolder)
const temporaryPrefix = ".tensorflow-"
const probeThreads = 1

/** What is built for the processor alone, or for a GPU. */
interface Kind {
  readonly wheel: Wheel
  readonly downloadMB: number
  readonly neededBytes: number
  /** Records of an installation that will do. */
  readonly accepted: ReadonlyArray<string>
}

const forProcessor: Kind = {
  wheel,
  downloadMB: 300,
  neededBytes: 2e9,
  // The library with CUDA computes on the processor too.
  accepted: [recordOf(wheel), recordOf(gpuWheel)],
}
const forGpu: Kind = { wheel: gpuWheel, downloadMB: 570, neededBytes: 4e9, accepted: [recordOf(gpuWheel)] }

const isInstalled = ({ accepted }: Kind) =>
  Effect.tryPromise(() => readFile(join(builtFolder, recordName), "utf8")).pipe(
    Effect.map((found) => accepted.includes(found)),
    Effect.orElseSucceed(() => false),
  )

/** The devices of NVIDIA's driver on Linux, and of its driver in the Windows Subsystem for Linux. */
const cudaDevices = ["/dev/nvidiactl", "/dev/dxg"]

/** Before anything is downloaded. */
export const checkDriver = (devices = cudaDevices) =>
  devices.some((path) => existsSync(path))
    ? Effect.void
    : Effect.fail(
        new InstallFailed({
          step: "add tensorflow with --gpu",
          reason: `there is no NVIDIA driver: found none of ${devices.join(", ")}`,
          advice: "install the driver of the card, or add tensorflow without --gpu",
        }),
      )

const checkPlatform = Effect.suspend(() =>
  process.platform === "linux" && process.arch === "x64"
    ? Effect.void
    : Effect.fail(
        new InstallFailed({
          step: "build the tensorflow engine",
          reason: `found ${process.platform} on ${process.arch}, expected linux on x64`,
          advice: "use --engine onnx, which needs no installation",
        }),
      ),
)

const storageFailed = (error: unknown) =>
  new InstallFailed({
    step: `write ${parent}`,
    reason: error instanceof Error ? error.message : String(error),
    advice: "make the folder writable and run again",
  })

const checkSpace = Effect.fnUntraced(function* ({ neededBytes }: Kind) {
  const { bavail, bsize } = yield* Effect.tryPromise({ try: () => statfs(parent), catch: storageFailed })
  const free = bavail * bsize
  if (free >= neededBytes) return
  return yield* new InstallFailed({
    step: "build the tensorflow engine",
    reason: `found ${(free / 1e9).toFixed(1)} GB of free disk space, expected ${neededBytes / 1e9} GB`,
    advice: "free disk space and run again",
  })
})

/** A folder that is removed at the end unless it was renamed. Folders of killed installations are removed first. */
const temporaryFolder = Effect.acquireRelease(
  Effect.tryPromise({
    try: async () => {
      for (const name of await readdir(parent)) {
        if (name.startsWith(temporaryPrefix)) await rm(join(parent, name), { recursive: true, force: true })
      }
      return await mkdtemp(join(parent, temporaryPrefix))
    },
    catch: storageFailed,
  }),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true })),
)

const doesNotWork = (reason: string) =>
  new InstallFailed({ step: "use the engine that was built", reason, advice: "use --engine onnx" })

/** An engine that was built for a GPU has to see one. */
export const checkGpu = ({ gpu, gpuProblem }: Pick<Probed, "gpu" | "gpuProblem">) =>
  gpu
    ? Effect.void
    : Effect.fail(
        new InstallFailed({
          step: "use a GPU with the engine that was built",
          reason: gpuProblem?.found ?? "TensorFlow sees no GPU",
          advice: `${gpuProblem?.remedy ?? "check the driver with nvidia-smi"}, or add tensorflow without --gpu`,
        }),
      )

const test = Effect.fnUntraced(function* (folder: string) {
  const place = placeAt("just built", join(folder, "package.json"))
  if (place === undefined)
    return yield* doesNotWork("the package is missing in the folder where it was built")
  return yield* Effect.mapError(probe(place, probeThreads), ({ found }) => doesNotWork(found))
})

/** `isForGpu`: with CUDA. */
export const install = Effect.fnUntraced(function* (isForGpu: boolean) {
  const kind = isForGpu ? forGpu : forProcessor
  const { downloadMB, wheel } = kind
  if (yield* isInstalled(kind)) {
    yield* Console.log("the tensorflow engine is already installed")
    return
  }
  yield* checkPlatform
  if (isForGpu) yield* checkDriver()
  yield* checkCompiler
  yield* checkPip
  yield* Effect.tryPromise({ try: () => mkdir(parent, { recursive: true }), catch: storageFailed })
  yield* checkSpace(kind)
  const folder = yield* temporaryFolder
  yield* Console.log("1/4 downloading the package and its dependencies from npm")
  yield* getPackages(folder)
  yield* Console.log(`2/4 downloading ${wheel.name} ${wheel.version} with pip (${downloadMB} MB)`)
  const library = yield* getLibrary(wheel, folder)
  yield* Console.log("3/4 building the addon with g++")
  yield* buildAddon(folder, library)
  yield* Console.log("4/4 testing it")
  const probed = yield* test(folder)
  const { path, tensorflow } = probed
  if (isForGpu) yield* checkGpu(probed)
  yield* Effect.tryPromise({
    try: async () => {
      await writeFile(join(folder, recordName), recordOf(wheel))
      await rm(builtFolder, { recursive: true, force: true })
      await rename(folder, builtFolder)
    },
    catch: storageFailed,
  })
  yield* Console.log(`the tensorflow engine is ready: TensorFlow ${tensorflow}, ${path}`)
}, Effect.scoped)
