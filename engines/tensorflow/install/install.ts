/**
 * `pnpm engine:tensorflow`: adds the tensorflow engine to this checkout, in `.engine/tensorflow`.
 *
 * The ordinary installation of @tensorflow/tfjs-node-gpu downloads its native library from a host of its own; here the
 * unmodified addon is built against the library in PyPI's TensorFlow wheel instead (about 300 MB to download, 1.2 GB on
 * disk, a minute). Everything is made in a temporary folder beside, tried there, and renamed at the end: the engine is
 * there or it is not. A second run does nothing.
 */
import { mkdir, mkdtemp, readFile, readdir, rename, rm, statfs, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect } from "effect"
import { builtFolder, placeAt } from "../locate.ts"
import { probe } from "../probe.ts"
import { buildAddon, checkCompiler, getPackages, packages } from "./addon.ts"
import { InstallFailed } from "./program.ts"
import { checkPip, getLibrary, wheel } from "./wheel.ts"

const recordName = "engine.json"
const record = `${JSON.stringify({ packages, wheel }, undefined, 2)}\n`
const parent = dirname(builtFolder)
const temporaryPrefix = ".tensorflow-"
const neededBytes = 2e9
const probeThreads = 1

const isInstalled = Effect.tryPromise(() => readFile(join(builtFolder, recordName), "utf8")).pipe(
  Effect.map((found) => found === record),
  Effect.orElseSucceed(() => false),
)

const checkPlatform = Effect.suspend(() =>
  process.platform === "linux" && process.arch === "x64"
    ? Effect.void
    : Effect.fail(
        new InstallFailed({
          step: "build the tensorflow engine",
          reason: `it is built on Linux on x64, and this is ${process.platform} on ${process.arch}`,
          advice: "train with --engine onnx, which needs nothing",
        }),
      ),
)

const storageFailed = (error: unknown) =>
  new InstallFailed({
    step: `write ${parent}`,
    reason: error instanceof Error ? error.message : String(error),
    advice: "make the folder writable and run again",
  })

const checkSpace = Effect.gen(function* () {
  const { bavail, bsize } = yield* Effect.tryPromise({ try: () => statfs(parent), catch: storageFailed })
  const free = bavail * bsize
  if (free >= neededBytes) return
  return yield* new InstallFailed({
    step: "build the tensorflow engine",
    reason: `${(free / 1e9).toFixed(1)} GB of disk are free, and it takes ${neededBytes / 1e9} GB while it is built`,
    advice: "free some and run again",
  })
})

/** A folder that goes away unless it has been renamed; so do those of runs that were killed. */
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
  new InstallFailed({ step: "use what was built", reason, advice: "train with --engine onnx" })

const tryOut = Effect.fnUntraced(function* (folder: string) {
  const place = placeAt("just built", join(folder, "package.json"))
  if (place === undefined) return yield* doesNotWork("the package is not where it was built")
  return yield* Effect.mapError(probe(place, probeThreads), ({ found }) => doesNotWork(found))
})

const install = Effect.gen(function* () {
  if (yield* isInstalled) {
    yield* Console.log("the tensorflow engine is there already; nothing to do")
    return
  }
  yield* checkPlatform
  yield* checkCompiler
  yield* checkPip
  yield* Effect.tryPromise({ try: () => mkdir(parent, { recursive: true }), catch: storageFailed })
  yield* checkSpace
  const folder = yield* temporaryFolder
  yield* Console.log("1/4 the package and what it depends on, from npm")
  yield* getPackages(folder)
  yield* Console.log(`2/4 ${wheel.name} ${wheel.version} (300 MB), with pip`)
  const library = yield* getLibrary(folder)
  yield* Console.log("3/4 building the addon, with g++")
  yield* buildAddon(folder, library)
  yield* Console.log("4/4 trying it out")
  const { path, tensorflow } = yield* tryOut(folder)
  yield* Effect.tryPromise({
    try: async () => {
      await writeFile(join(folder, recordName), record)
      await rm(builtFolder, { recursive: true, force: true })
      await rename(folder, builtFolder)
    },
    catch: storageFailed,
  })
  yield* Console.log(`the tensorflow engine is ready: TensorFlow ${tensorflow}, ${path}`)
})

if (import.meta.main) {
  const main = install.pipe(
    Effect.scoped,
    Effect.tapError((error) => Console.error(`error: ${error.message}`)),
  )
  NodeRuntime.runMain(main, { disableErrorReporting: true })
}
