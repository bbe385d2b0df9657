/**
 * The packages of ONNX Runtime, packed and installed by npm into an empty project from a registry on this machine: they run a
 * model with the same bits as onnxruntime-node.
 */
import { spawn, spawnSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { OnnxGraph } from "../../engines/onnx/graph.ts"
import { buildPackages, type Tarball } from "../../package/onnxruntime/build.ts"
import { loaderPackage, type PackageContents, platformPackage } from "../../package/onnxruntime/contents.ts"
import { nameOf, platforms } from "../../package/onnxruntime/platforms.ts"
import { pack } from "../../package/tarball.ts"
import packageJson from "../../package.json" with { type: "json" }
import { type PublishedPackage, type Registry, startRegistry } from "./registry.ts"
import { userEnvironment } from "../fixtures/userEnvironment.ts"

const version = packageJson.dependencies["onnxruntime-node"]
const require = createRequire(import.meta.url)
const source = dirname(require.resolve("onnxruntime-node/package.json"))
const common = dirname(createRequire(join(source, "package.json")).resolve("onnxruntime-common"))
const here = platforms.find(({ cpu, os }) => os === process.platform && cpu === process.arch)
const hasNpm = spawnSync("npm", ["--version"]).status === 0
const loader = "@tidemark/onnxruntime"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-packages-"))

const manifestOf = ({ files }: PackageContents) =>
  JSON.parse(String(Buffer.from(files.find(({ path }) => path === "package.json")?.bytes ?? [])))

/** onnxruntime-common as it is installed here. */
const commonPackage = async (): Promise<PublishedPackage> => {
  const folder = common.slice(0, common.lastIndexOf("onnxruntime-common") + "onnxruntime-common".length)
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" })
  const files = paths
    .filter((path) => statSync(join(folder, path)).isFile() && !path.includes("node_modules"))
    .filter((path) => path === "package.json" || /^dist\/(?:cjs|esm)\/.*\.js(?:on)?$/.test(path))
    .map((path) => ({ path, bytes: readFileSync(join(folder, path)) }))
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  // It is built before it is published, by a script that is not in it.
  delete manifest.scripts
  return { manifest, tarball: await pack(files) }
}

/** A convolution with its activation and a product of matrices: sums of many terms, whose order decides the last bits. */
const model = () => {
  const graph = new OnnxGraph("small")
  const values = (seed: number, length: number) =>
    Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(seed + i * 12.9898)))
  const x = graph.input("x", [2, 3, 16, 16])
  const convolved = graph.op("Conv", [x, graph.constant(values(1, 8 * 3 * 5 * 5), [8, 3, 5, 5])])
  const flat = graph.op("Flatten", [graph.op("Relu", [convolved])])
  graph.ops("MatMul", [flat, graph.constant(values(2, 8 * 144 * 10), [8 * 144, 10])], ["y"])
  graph.output("y", [2, 10])
  return graph.encode()
}

/** Prints the output of the model in hexadecimal digits, and the version. */
const program = `
  const ort = require(process.argv[1])
  const x = Float32Array.from({ length: 2 * 3 * 256 }, (_, i) => Math.cos(i * 78.233))
  ort.InferenceSession.create(process.argv[2], { intraOpNumThreads: 1 }).then(async (session) => {
    const { y } = await session.run({ x: new ort.Tensor("float32", x, [2, 3, 16, 16]) })
    const { data } = y
    console.log(ort.env.versions.node, Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex"))
  }, (error) => { console.error(error); process.exitCode = 1 })`

const runModel = (folder: string, name: string) =>
  spawnSync(process.execPath, ["-e", program, name, join(scratch, "model.onnx")], {
    cwd: folder,
    env: userEnvironment(),
    encoding: "utf8",
  })

describe.skipIf(here === undefined || !hasNpm)("the packages of ONNX Runtime", () => {
  let registry: Registry
  let tarballs: ReadonlyArray<Tarball>

  beforeAll(async () => {
    if (here === undefined) return
    tarballs = await Effect.runPromise(buildPackages(join(scratch, "first"), [here]))
    const contents = await Promise.all([
      loaderPackage(version),
      ...platforms.map((platform) => platformPackage(source, version, platform)),
    ])
    const published = contents.map((each): PublishedPackage => {
      const path = tarballs.find(({ name }) => name === each.name)?.path
      return { manifest: manifestOf(each), tarball: path === undefined ? undefined : readFileSync(path) }
    })
    registry = await startRegistry([...published, await commonPackage()])
    writeFileSync(join(scratch, "model.onnx"), model())
  })
  afterAll(async () => {
    await registry?.close()
    rmSync(scratch, { recursive: true })
  })

  /** npm in an empty project, or in one that it was used in before. */
  const npm = async (folder: string, ...args: ReadonlyArray<string>) => {
    if (!existsSync(folder)) {
      mkdirSync(folder)
      writeFileSync(join(folder, "package.json"), `{"name":"project","private":true}`)
    }
    const options = ["--registry", registry.url, "--cache", join(scratch, "cache"), "--no-audit", "--no-fund"]
    const child = spawn("npm", [...args, ...options], {
      cwd: folder,
      env: userEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
    })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += String(data)))
    const code = await new Promise((resolve) => child.on("close", resolve))
    assert.strictEqual(code, 0, output)
  }

  it("are equal byte by byte in two builds", async () => {
    if (here === undefined) return
    const again = await Effect.runPromise(buildPackages(join(scratch, "second"), [here]))
    for (const [index, { path }] of tarballs.entries()) {
      assert.isTrue(readFileSync(path).equals(readFileSync(again[index].path)), path)
    }
  })

  it("are of the measured sizes", () => {
    const platform = tarballs.find(({ name }) => name !== loader)
    assert.isAtMost(platform?.packedBytes ?? Infinity, 19e6)
    assert.isAtMost(platform?.unpackedBytes ?? Infinity, 48e6)
  })

  for (const [scripts, options] of [
    ["blocked", ["--ignore-scripts"]],
    ["allowed", ["--ignore-scripts=false", "--dangerously-allow-all-scripts"]],
  ] as const) {
    it(`are installed with scripts ${scripts} and compute the bits of onnxruntime-node`, async () => {
      if (here === undefined) return
      const folder = join(scratch, `scripts-${scripts}`)
      await npm(folder, "install", loader, ...options)
      assert.deepStrictEqual(readdirSync(join(folder, "node_modules/@tidemark")).toSorted(), [
        "onnxruntime",
        nameOf(here).replace("@tidemark/", ""),
      ])
      const installed = runModel(folder, loader)
      const expected = runModel(folder, require.resolve("onnxruntime-node"))
      assert.strictEqual(expected.status, 0, expected.stderr)
      assert.match(expected.stdout, new RegExp(`^${RegExp.escape(version)} [0-9a-f]{160}\n$`))
      assert.strictEqual(installed.stdout, expected.stdout, installed.stderr)
    })
  }

  it("are repaired by the command that the error names, if optional dependencies were omitted", async () => {
    if (here === undefined) return
    const folder = join(scratch, "omitted")
    await npm(folder, "install", loader, "--omit=optional")
    const { status, stderr } = runModel(folder, loader)
    assert.notStrictEqual(status, 0)
    const [, ...command] = /run `npm (\S+) (\S+)`/.exec(stderr) ?? []
    assert.deepStrictEqual(command, ["install", `${nameOf(here)}@${version}`])
    await npm(folder, ...command)
    assert.strictEqual(runModel(folder, loader).status, 0)
  })
})
