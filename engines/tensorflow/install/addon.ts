/**
 * Builds the addon of @tensorflow/tfjs-node-gpu: (folder, unpacked library) -> the built package in the folder's node_modules.
 *
 * The package and its dependencies come from the npm registry, in the versions of this project's lockfile. None of their
 * scripts run. The addon's sources are compiled unmodified. The addon finds the library by a relative path, so the folder can
 * be moved.
 */
import { constants } from "node:fs"
import { access, copyFile, mkdir, realpath, rm, writeFile } from "node:fs/promises"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { runProgram } from "./program.ts"

export const packages = { "@tensorflow/tfjs-node-gpu": "4.22.0", "node-api-headers": "1.9.0" } as const
const pnpmVersion = "10.34.9"
const lockfile = fileURLToPath(new URL("../../../pnpm-lock.yaml", import.meta.url))

/** The pnpm that runs this script, else the one on the PATH, else npx. */
const pnpm = Effect.promise(async () => {
  const running = process.env.npm_execpath ?? ""
  if (/pnpm\.c?js$/.test(running)) return { command: process.execPath, first: [running] }
  const folders = (process.env.PATH ?? "").split(":")
  for (const folder of folders) {
    const found = await access(join(folder, "pnpm"), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return { command: join(folder, "pnpm"), first: [] }
  }
  return { command: "npx", first: ["-y", `pnpm@${pnpmVersion}`] }
})

export const getPackages = Effect.fnUntraced(function* (folder: string) {
  yield* Effect.promise(async () => {
    await writeFile(
      join(folder, "package.json"),
      `${JSON.stringify({ private: true, dependencies: packages }, undefined, 2)}\n`,
    )
    // It fixes the versions of all dependencies.
    await copyFile(lockfile, join(folder, "pnpm-lock.yaml"))
  })
  const { command, first } = yield* pnpm
  const options = ["--ignore-scripts", "--ignore-workspace", "--no-frozen-lockfile", "--prefer-offline"]
  yield* runProgram({
    step: "download @tensorflow/tfjs-node-gpu",
    command,
    args: [...first, "--dir", folder, "install", ...options],
    cwd: folder,
    env: { CI: "true" },
    whenMissing: "install npm and run again",
    whenFailing: "check npm's network settings and run again",
  })
})

const compilerAdvice =
  "install a C++ compiler (`apt-get install g++`, or your system's package) and run again"

/** Checks that g++ is installed, before anything is downloaded. */
export const checkCompiler = runProgram({
  step: "build the addon",
  command: "g++",
  args: ["--version"],
  whenMissing: compilerAdvice,
  whenFailing: compilerAdvice,
})

export const buildAddon = Effect.fnUntraced(function* (folder: string, library: string) {
  const modules = join(folder, "node_modules")
  const addon = yield* Effect.promise(() => realpath(join(modules, "@tensorflow", "tfjs-node-gpu")))
  const target = join(addon, "lib", "napi-v8")
  yield* Effect.promise(() => mkdir(target, { recursive: true }))
  const flags = ["-std=c++17", "-O2", "-fPIC", "-shared", "-DNAPI_VERSION=8"]
  const headers = ["-I", join(modules, "node-api-headers", "include"), "-I", join(library, "include")]
  const sources = ["tfjs_backend.cc", "tfjs_binding.cc"].map((name) => join(addon, "binding", name))
  const names = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]
  const search = `-Wl,-rpath,$ORIGIN/${relative(target, library)}`
  const libraries = [...names.map((name) => join(library, name)), search]
  yield* runProgram({
    step: "build the addon",
    command: "g++",
    args: [...flags, ...headers, ...sources, ...libraries, "-o", join(target, "tfjs_binding.node")],
    whenMissing: compilerAdvice,
    whenFailing: "install g++ 9 or newer and run again",
  })
  yield* Effect.promise(() => rm(join(library, "include"), { recursive: true }))
})
