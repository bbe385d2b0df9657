/**
 * Compiles this project for the package `tidemark`: (folder) -> JavaScript in `dist/`, flat, in two parts.
 *
 * `dist/cli` has effect inside, which halves the start-up time. `dist/api` imports the user's effect: an Effect must run in the
 * runtime of the program that runs it. Other packages are dependencies of both. Files that are found by their address (workers,
 * formats of protobuf) lie beside the modules that look for them.
 */
import { readFile, readdir } from "node:fs/promises"
import { basename, dirname, join, relative, resolve, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { build, type Plugin } from "esbuild"

export const root = fileURLToPath(new URL("../../", import.meta.url))

/** Modules that are started by their address. */
const threads = {
  evaluateWorker: "pipeline/experimentFile/evaluateWorker.ts",
  batchWorker: "stages/batch/batchWorker.ts",
  heartbeatWorker: "storage/lock/heartbeatWorker.ts",
  probeChild: "engines/tensorflow/probeChild.ts",
}
const formats = [
  "engines/onnx/onnx.proto",
  "engines/tensorflow/savedModel.proto",
  "storage/tensorboard/event.proto",
  "storage/tensorboard/hparams.proto",
]

interface Part {
  readonly name: "cli" | "api"
  readonly entries: Readonly<Record<string, string>>
  /** Packages that are compiled into it. */
  readonly inside: ReadonlyArray<string>
}

const parts: ReadonlyArray<Part> = [
  {
    name: "cli",
    entries: { main: "cli/main.ts", index: "schemas/index.ts", ...threads },
    inside: ["effect", "@effect/platform-node", "@effect/platform-node-shared"],
  },
  {
    name: "api",
    entries: { run: "api/index.ts", promises: "api/promises.ts", index: "schemas/index.ts", ...threads },
    inside: [],
  },
]

/** The address of a file of this project, as seen from any module of a part. */
const addressOf = ({ entries, name }: Part, target: string): string => {
  const path = relative(root, target).split(sep).join("/")
  const entry = Object.entries(entries).find(([, source]) => source === path)
  if (entry !== undefined) return `./${entry[0]}.js`
  if (path === "") return "../../"
  if (path === "cli/start.mjs") return name === "cli" ? "./start.mjs" : "../cli/start.mjs"
  if (formats.includes(path)) return `./${basename(path)}`
  throw new Error(`the package has no file for ${path}, which a module looks for by its address`)
}

/** Replaces `new URL("x.ts", import.meta.url)`: modules move together when they are compiled. */
const addresses = (part: Part): Plugin => ({
  name: "addresses",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (path.includes(`${sep}node_modules${sep}`)) return undefined
      const text = await readFile(path, "utf8")
      const contents = text.replaceAll(
        /new URL\("([^"]+)", import\.meta\.url\)/g,
        (_, address: string) =>
          `new URL("${addressOf(part, resolve(dirname(path), address))}", import.meta.url)`,
      )
      return { contents, loader: "ts" }
    })
  },
})

/** A package of another one is compiled in only if it is named. */
const packages = (inside: ReadonlyArray<string>): Plugin => ({
  name: "packages",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^[^./]/ }, ({ importer, kind, path }) => {
      if (kind === "entry-point" || path.startsWith("node:")) return undefined
      const name = path.split("/", path.startsWith("@") ? 2 : 1).join("/")
      // What those packages import is compiled in with them.
      const isInside = inside.includes(name) || inside.some((each) => importer.includes(`/node_modules/${each}/`))
      return isInside ? undefined : { path, external: true }
    })
  },
})

export interface BuiltFile {
  /** Below the package, with "/". */
  readonly path: string
  readonly bytes: Uint8Array
  readonly isProgram?: boolean
}

const compile = async (part: Part): Promise<ReadonlyArray<BuiltFile>> => {
  const folder = join(root, "dist", part.name)
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { ...part.entries },
    outdir: folder,
    entryNames: "[name]",
    chunkNames: "chunk-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22.19",
    sourcemap: false,
    legalComments: "inline",
    write: false,
    logLevel: "warning",
    plugins: [addresses(part), packages(part.inside)],
  })
  return outputFiles.map(({ contents, path }) => ({
    path: relative(root, path).split(sep).join("/"),
    bytes: contents,
  }))
}

/** The JavaScript of the package and what lies beside it. */
export const bundle = async (): Promise<ReadonlyArray<BuiltFile>> => {
  const files: Array<BuiltFile> = []
  for (const part of parts) {
    files.push(...(await compile(part)))
    for (const format of formats) {
      files.push({ path: `dist/${part.name}/${basename(format)}`, bytes: await readFile(join(root, format)) })
    }
  }
  const start = await readFile(join(root, "cli/start.mjs"), "utf8")
  files.push({
    path: "dist/cli/start.mjs",
    bytes: Buffer.from(start.replace(`"./main.ts"`, `"./main.js"`)),
    isProgram: true,
  })
  return files
}

export const listFolder = (folder: string) => readdir(join(root, folder))
