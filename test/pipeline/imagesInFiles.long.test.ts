/** A run whose images stay in files has the bytes of a run that holds them in memory, also if it is killed and resumed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { imageMemoryVariable } from "../../stages/dataset/images.ts"
import { cliRun, start } from "../fixtures/cli.ts"
import { writeMnistFiles } from "../fixtures/mnistFiles.ts"
import { onlyRun, resultOf, untilReached } from "../fixtures/runFiles.ts"
import tiny from "../fixtures/tiny.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-in-files-"))
afterAll(() => {
  delete process.env[imageMemoryVariable]
  rmSync(scratch, { recursive: true, force: true })
})

const variants = {
  "images as they are": {},
  "augmented images, standardized, split by content": {
    augmentation: { rotation: 10, shift: 1 },
    normalization: "standardized",
    split: { kind: "hashed", test: 0.2, validation: 0.2 },
    batchSize: 20,
  },
} as const

let dataset: object
beforeAll(async () => {
  dataset = (await writeMnistFiles(join(scratch, "set"))).packed.folder
}, 120_000)

/** Where a run with these images goes. Its process reads the images from files if the limit is 0 MB. */
const prepare = (name: string, more: object, megabytes: number | undefined) => {
  if (megabytes === undefined) delete process.env[imageMemoryVariable]
  else process.env[imageMemoryVariable] = String(megabytes)
  const file = join(scratch, `${name}.ts`)
  const experiment = { ...tiny, split: { kind: "standard", validation: 40 }, dataset, ...more }
  writeFileSync(file, `export default ${JSON.stringify(experiment)}`)
  const runs = join(scratch, `${name}-runs`)
  return {
    runs,
    args: ["run", file, "--engine=onnx", `--runs-dir=${runs}`, `--data-dir=${join(scratch, "data")}`],
  }
}

const saysFiles = /kB of images are read from the files of the cache/

describe.each(Object.entries(variants))("a run on %s", (what, more) => {
  const name = what.replaceAll(/[^a-z]/g, "")
  let expected: ReturnType<typeof resultOf>
  beforeAll(async () => {
    const { args, runs } = prepare(`${name}-memory`, more, undefined)
    const { code, stderr } = await cliRun(...args)
    assert.strictEqual(code, 0, stderr)
    assert.notMatch(stderr, saysFiles)
    expected = resultOf(onlyRun(runs))
  }, 180_000)

  it("has the same bytes if they are read from files", async () => {
    const { args, runs } = prepare(`${name}-files`, more, 0)
    const { code, stderr } = await cliRun(...args)
    assert.strictEqual(code, 0, stderr)
    assert.match(stderr, saysFiles)
    assert.deepStrictEqual(resultOf(onlyRun(runs)), expected)
  }, 180_000)

  it("has the same bytes if it is killed while it reads from files, and resumed in memory or from files", async () => {
    for (const resumeWith of [0, undefined]) {
      const { args, runs } = prepare(`${name}-killed-${resumeWith}`, more, 0)
      const { child, ended } = start(...args)
      await untilReached(runs, 75, ended)
      child.kill("SIGKILL")
      assert.strictEqual((await ended).signal, "SIGKILL")
      const run = onlyRun(runs)
      assert.notInclude(readFileSync(join(run, "attempts/0001.json"), "utf8"), "completed")
      prepare(`${name}-killed-${resumeWith}`, more, resumeWith)
      const resumed = await cliRun("resume", run)
      assert.strictEqual(resumed.code, 0, resumed.stderr)
      assert.deepStrictEqual(resultOf(run), expected)
    }
  }, 300_000)
})
