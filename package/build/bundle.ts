/**
 * Compiles this project for the package `tidemark`: (folder) -> JavaScript in `dist/`, flat, in two parts.
 *
 * `dist/cli` has effect inside, which halves the start-up time. `dist/api` imports the user's effect: an Effect must run in the
 * runtime of the program that runs it. Other packages are dependencies of both. `dist/cli/client` is for browsers. Files that are found by their address (workers,
 * formats of protobuf) lie beside the modules that look for them.
 */
import { readFile } from "node:fs/promises"
import { basename, dirname, join, relative, resolve, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { build, type Plugin } from "esbuild"
import type { PackedFile } from "../tarball.ts"

export const root = fileURLToPath(new URL("../../", import.meta.url))

/** Modules that are started by their address. */
const threads = {
  evaluateWorker: "pipeline/experimentFile/evaluateWorker.ts",
  ownCodeChild: "pipeline/experimentFile/ownCodeChild.ts",
  measureChild: "pipeline/engineChoice/measureChild.ts",
  batchWorker: "stages/batch/batchWorker.ts",
  parquetWorker: "stages/pack/parquetWorker.ts",
  heartbeatWorker: "storage/lock/heartbeatWorker.ts",
  probeChild: "engines/tensorflow/probeChild.ts",
  gpuProbeChild: "engines/onnx/device/gpuProbeChild.ts",
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

/** A part of @effect/platform-node, under the same licence. */
const shared = "@effect/platform-node-shared"

const parts: ReadonlyArray<Part> = [
  {
    name: "cli",
    entries: {
      main: "cli/main.ts",
      index: "schemas/index.ts",
      code: "schemas/ownCode/define.ts",
      ...threads,
    },
    inside: ["effect", "@effect/platform-node", shared],
  },
  {
    name: "api",
    entries: {
      run: "api/index.ts",
      promises: "api/promises.ts",
      index: "schemas/index.ts",
      code: "schemas/ownCode/define.ts",
      ...threads,
    },
    inside: [],
  },
]

/** What browsers load from the dashboard: each with all that it imports, charts included. */
const browserModules = {
  "dashboard/client/main.ts": "client/main",
  "dashboard/client/liveWorker.ts": "client/liveWorker",
}
/** Packages that are compiled into them. */
const browserPackages = ["uplot"]

/** The address of a file of this project, as seen from any module of a part. */
const addressOf = ({ entries, name }: Part, target: string): string => {
  const path = relative(root, target).split(sep).join("/")
  const entry = Object.entries(entries).find(([, source]) => source === path)
  if (entry !== undefined) return `./${entry[0]}.js`
  const browserModule = Object.entries(browserModules).find(([source]) => source === path)
  if (browserModule !== undefined) return `./${browserModule[1]}.js`
  if (path === "") return "../../"
  if (path === "pnpm-lock.yaml") return "../../pnpm-lock.yaml"
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
      const contents = text.replaceAll(/new URL\("([^"]+)", import\.meta\.url\)/g, (whole, address: string) =>
        // The folder of a module is that of all modules.
        address === "."
          ? whole
          : `new URL("${addressOf(part, resolve(dirname(path), address))}", import.meta.url)`,
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
      const isInside =
        inside.includes(name) || inside.some((each) => importer.includes(`/node_modules/${each}/`))
      return isInside ? undefined : { path, external: true }
    })
  },
})

/**
 * The HTTP server of @effect/platform-node can speak web sockets. The dashboard has none, so their library, which no ES module
 * can hold, is left out.
 */
const withoutWebSockets: Plugin = {
  name: "without web sockets",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^ws$/ }, () => ({ path: "ws", namespace: "left-out" }))
    onLoad({ filter: /.*/, namespace: "left-out" }, () => ({
      contents:
        'const none = class { constructor() { throw new Error("there are no web sockets here") } }\nexport { none as default, none as WebSocket, none as WebSocketServer }',
    }))
  },
}

const compile = async (part: Part): Promise<ReadonlyArray<PackedFile>> => {
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
    plugins: [withoutWebSockets, addresses(part), packages(part.inside)],
  })
  return outputFiles.map(({ contents, path }) => ({
    path: relative(root, path).split(sep).join("/"),
    bytes: contents,
  }))
}

/** The modules for browsers. */
const compileClient = async (): Promise<ReadonlyArray<PackedFile>> => {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(Object.entries(browserModules).map(([source, name]) => [name, source])),
    outdir: join(root, "dist", "cli"),
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    // Half of it is uPlot, which nobody reads there.
    minify: true,
    sourcemap: false,
    legalComments: "inline",
    write: false,
    logLevel: "warning",
  })
  return outputFiles.map(({ contents, path }) => ({
    path: relative(root, path).split(sep).join("/"),
    bytes: contents,
  }))
}

/** The licences of the packages that are compiled in. */
const notices = async (): Promise<PackedFile> => {
  const inside = [...new Set([...parts.flatMap(({ inside }) => inside), ...browserPackages])].filter(
    (name) => name !== shared,
  )
  const texts = await Promise.all(
    inside.map(
      async (name) => `${name}\n\n${await readFile(join(root, "node_modules", name, "LICENSE"), "utf8")}`,
    ),
  )
  return { path: "dist/cli/NOTICES.txt", bytes: Buffer.from(texts.join(`\n${"-".repeat(80)}\n\n`)) }
}

/** The JavaScript of the package and what lies beside it. */
export const bundle = async (): Promise<ReadonlyArray<PackedFile>> => {
  const files: Array<PackedFile> = [await notices(), ...(await compileClient())]
  for (const part of parts) {
    files.push(...(await compile(part)))
    for (const format of formats) {
      files.push({ path: `dist/${part.name}/${basename(format)}`, bytes: await readFile(join(root, format)) })
    }
  }
  const start = await readFile(join(root, "cli/start.mjs"), "utf8")
  files.push({
    path: "dist/cli/start.mjs",
    bytes: Buffer.from(
      start
        .replace(`"./main.ts"`, `"./main.js"`)
        // A project has the Node.js of its user.
        .replace(
          "run `pnpm install` and `pnpm rebuild node`, which install the one that this project pins, or ",
          "",
        )
        .replace("install the packages with `pnpm install`", "install the packages of this project again"),
    ),
    isProgram: true,
  })
  return files
}
