/** What own code may import: files by relative paths, packages, and modules that only compute. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { checkImport, ImportRefused } from "../../stages/code/modules.ts"
import { startIn } from "../fixtures/cli.ts"
import { onlyRun } from "../fixtures/runFiles.ts"
import { layer, problemOf } from "./brokenCode.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-own-imports-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const problem = (specifier: string): string => {
  try {
    checkImport(specifier, "own/gate.ts")
    return ""
  } catch (error) {
    assert.instanceOf(error, ImportRefused)
    return error.message
  }
}

describe("an import of own code", () => {
  it("is allowed for relative files, packages and modules that only compute", () => {
    for (const specifier of [
      "./share.ts",
      "../share.ts",
      "effect",
      "@scope/name/part",
      "node:path",
      "util",
    ]) {
      assert.strictEqual(problem(specifier), "")
    }
  })

  it("is refused if the copy in a run could not import the same", () => {
    for (const specifier of [
      "file:///home/ada/share.ts",
      "/home/ada/share.ts",
      "C:\\share.ts",
      "#share",
      "data:text/javascript,export default 1",
      "https://example.org/share.js",
    ]) {
      assert.strictEqual(
        problem(specifier),
        `own/gate.ts imports ${specifier}; import a file by its path relative to own/gate.ts, such as ./share.ts`,
      )
    }
    assert.strictEqual(
      problem("./share.ts?v=2"),
      "own/gate.ts imports ./share.ts?v=2; import the file without ?v=2",
    )
    for (const specifier of [
      "fs",
      "node:fs/promises",
      "node:module",
      "node:child_process",
      "node:perf_hooks",
    ]) {
      assert.include(problem(specifier), `own/gate.ts imports ${specifier}; own code only computes`)
    }
  })

  it("is checked when the experiment is loaded, with the name of a package that is missing", async () => {
    const path = join(scratch, "share.mjs")
    writeFileSync(path, "export const share = 1")
    assert.match(
      await problemOf(`import { share } from ${JSON.stringify(path)}\n${layer("return input")}`),
      /own\d+\.ts imports \/.*share\.mjs; import a file by its path relative to own\d+\.ts, such as \.\/share\.ts$/,
    )
    const missing = await problemOf(`import pad from "left-pad/deep.js"\n${layer("return input")}`)
    assert.match(
      missing,
      /^own code \.\/own\d+\.ts failed: own\d+\.ts imports left-pad\/deep\.js, and package left-pad /,
    )
    assert.include(
      missing,
      `is not installed in ${process.cwd()}; install it there, such as with \`npm install left-pad\``,
    )
    assert.match(
      await problemOf(`import * as inner from "effect/none"\n${layer("return input")}`),
      /own\d+\.ts imports effect\/none, which package effect does not export$/,
    )
  }, 60_000)
})

const own = `import * as tf from "@tensorflow/tfjs-core"
import { defineLayer } from "tidemark/code"
import { share } from "../shared.ts"

export const own: unknown = defineLayer({ call: ({ input }) => tf.mul(input, share as number) })
`
const experiment = `export default {
  name: "linked", dataset: "mnist", loss: "softmaxCrossEntropy", batchSize: 10, budget: { iterations: 2 },
  optimizer: { kind: "sgd", learningRate: 0.1 },
  model: [{ kind: "custom", module: "./own/own.ts", export: "own" }, { kind: "flatten" }, { kind: "dense", units: 10 }],
}
`

describe("an experiment file that is a link", () => {
  it("is run in another package's folder, and its modules are found from where it leads", async () => {
    // The working folder has no `tidemark`, and its package consists of CommonJS modules.
    const folder = join(scratch, "elsewhere")
    mkdirSync(join(folder, "real/own"), { recursive: true })
    mkdirSync(join(folder, "work"))
    writeFileSync(join(folder, "package.json"), `{ "type": "commonjs" }`)
    writeFileSync(join(folder, "real/experiment.ts"), experiment)
    writeFileSync(join(folder, "real/own/own.ts"), own)
    writeFileSync(join(folder, "real/shared.ts"), "export const share: number = 0.5\n")
    const work = join(folder, "work")
    symlinkSync("../real/experiment.ts", join(work, "linked.ts"))
    const ran = await startIn(work, "run", "linked.ts").ended
    assert.strictEqual(ran.code, 0, ran.stderr)
    const run = onlyRun(join(work, "runs"))
    assert.include(readFileSync(join(run, "code/shared.ts"), "utf8"), "0.5")
    writeFileSync(join(folder, "real/shared.ts"), "export const share: number = 0.25\n")
    const resumed = await startIn(work, "resume", "latest", "--iterations=3").ended
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.match(resumed.stderr, /real\/shared\.ts has changed since the run began/)
  }, 60_000)

  it("cannot have a link among its own files, because the copy has none", async () => {
    writeFileSync(join(scratch, "real-share.ts"), "export const share = 1\n")
    mkdirSync(join(scratch, "links/own"), { recursive: true })
    writeFileSync(join(scratch, "links/own/own.ts"), own)
    symlinkSync("../real-share.ts", join(scratch, "links/shared.ts"))
    writeFileSync(join(scratch, "links/experiment.ts"), experiment)
    const { code, stderr } = await startIn(join(scratch, "links"), "run", "experiment.ts").ended
    assert.strictEqual(code, 65)
    assert.match(
      stderr,
      /own\/own\.ts imports \.\.\/shared\.ts, a link to \/.*real-share\.ts; import that file by its own path/,
    )
  }, 60_000)
})
