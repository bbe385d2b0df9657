/**
 * `pnpm package:onnxruntime [--out FOLDER]`: packs ONNX Runtime for every platform from the installed onnxruntime-node, and the
 * package that loads it. Two builds are equal byte by byte. Publishing them is another step (docs/packages.md).
 */
import { createHash } from "node:crypto"
import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join, resolve } from "node:path"
import { parseArgs } from "node:util"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Schema } from "effect"
import packageJson from "../../package.json" with { type: "json" }
import { Failure } from "../../schemas/Failure.ts"
import { pack } from "../tarball.ts"
import { loaderPackage, noticesVersion, type PackageContents, platformPackage } from "./contents.ts"
import { type Platform, platforms } from "./platforms.ts"

export class PackagingFailed extends Failure<PackagingFailed>()("PackagingFailed", {
  exitCode: ({ exit }) => exit,
  fields: {
    exit: Schema.Literals(["usage", "dataError", "cannotCreate"]),
    reason: Schema.String,
    advice: Schema.String,
  },
  message: ({ advice, reason }) => `cannot pack ONNX Runtime: ${reason}; ${advice}`,
}) {}

export interface Tarball {
  readonly name: string
  readonly path: string
  readonly packedBytes: number
  readonly unpackedBytes: number
  /** As a lock file has it. */
  readonly integrity: string
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** The installed onnxruntime-node: its folder and its version, which package.json and the notices must have too. */
const findSource = Effect.gen(function* () {
  const path = createRequire(import.meta.url).resolve("onnxruntime-node/package.json")
  const { version } = JSON.parse(yield* Effect.promise(() => readFile(path, "utf8"))) as { version: string }
  const expected = packageJson.dependencies["onnxruntime-node"]
  if (version !== expected) {
    return yield* new PackagingFailed({
      exit: "dataError",
      reason: `found onnxruntime-node ${version} in node_modules, expected ${expected}`,
      advice: "run `pnpm install` again",
    })
  }
  if (version !== noticesVersion) {
    return yield* new PackagingFailed({
      exit: "dataError",
      reason: `found the notices of ONNX Runtime ${noticesVersion}, expected those of ${version}`,
      advice: "copy LICENSE and ThirdPartyNotices.txt of the new version to package/onnxruntime/notices",
    })
  }
  return { folder: dirname(path), version }
})

/** `@tidemark/onnxruntime` 1.30.0 -> tidemark-onnxruntime-1.30.0.tgz, as npm names it. */
const fileNameOf = ({ name, version }: PackageContents) =>
  `${name.replace("@", "").replace("/", "-")}-${version}.tgz`

const writeTarball = (contents: PackageContents, out: string) =>
  Effect.tryPromise({
    try: async (): Promise<Tarball> => {
      const bytes = await pack(contents.files)
      const path = join(out, fileNameOf(contents))
      await mkdir(out, { recursive: true })
      await writeFile(`${path}.partial`, bytes)
      await rename(`${path}.partial`, path)
      return {
        name: contents.name,
        path,
        packedBytes: bytes.length,
        unpackedBytes: contents.files.reduce((sum, file) => sum + file.bytes.length, 0),
        integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`,
      }
    },
    catch: (error) =>
      new PackagingFailed({
        exit: "cannotCreate",
        reason: reasonOf(error),
        advice: "choose another folder with --out, or free disk space",
      }),
  })

/** One package after another: each needs up to 90 MB of memory. */
export const buildPackages = Effect.fnUntraced(function* (
  out: string,
  chosen: ReadonlyArray<Platform> = platforms,
) {
  const { folder, version } = yield* findSource
  const sources = [
    () => loaderPackage(version),
    ...chosen.map((platform) => () => platformPackage(folder, version, platform)),
  ]
  return yield* Effect.forEach(sources, (read) =>
    Effect.promise(read).pipe(Effect.flatMap((contents) => writeTarball(contents, out))),
  )
})

const readOptions = Effect.try({
  try: () => parseArgs({ options: { out: { type: "string", default: ".packages" } } }).values,
  catch: (error) =>
    new PackagingFailed({
      exit: "usage",
      reason: reasonOf(error),
      advice: "write `pnpm package:onnxruntime --out FOLDER`",
    }),
})

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

if (import.meta.main) {
  const main = Effect.gen(function* () {
    const { out } = yield* readOptions
    for (const { integrity, name, packedBytes, path, unpackedBytes } of yield* buildPackages(resolve(out))) {
      yield* Console.log(`${name}: ${megabytes(packedBytes)} packed, ${megabytes(unpackedBytes)} unpacked`)
      yield* Console.log(`  ${path}\n  ${integrity}`)
    }
  }).pipe(Effect.tapError((error) => Console.error(`error: ${error.message}`)))
  NodeRuntime.runMain(main, { disableErrorReporting: true })
}
