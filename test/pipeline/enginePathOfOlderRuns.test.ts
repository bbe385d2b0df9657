/** Runs of older versions have "+fourier" in the path of their engine for what is "+dft" now. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { engineChanges } from "../../pipeline/engineChanges.ts"
import { EngineInfo } from "../../schemas/EngineInfo.ts"
import { runCommand } from "../fixtures/command.ts"
import { engineInfo } from "../fixtures/engineInfo.ts"
import { resultOf } from "../fixtures/runFiles.ts"
import { squares } from "../fixtures/squares.ts"

const decode = Schema.decodeUnknownSync(EngineInfo)

describe("the path of an engine", () => {
  it("is read under its old name and its new one", () => {
    const read = (path: string) => decode({ ...engineInfo, path }).path
    assert.strictEqual(read("nchwc8+fourier"), "nchwc8+dft")
    assert.strictEqual(read("onednn-avx2+fourier"), "onednn-avx2+dft")
    for (const path of ["nchwc16+dft", "onednn-avx2+dft", "portable"]) assert.strictEqual(read(path), path)
  })

  it("is written as it is", () => {
    const info = { ...engineInfo, path: "nchwc16+dft" }
    assert.deepStrictEqual(Schema.encodeSync(EngineInfo)(info), info)
  })

  it("is unchanged from the old name to the new one, and changed between any two paths", () => {
    const changes = (before: string, now: string) =>
      engineChanges(decode({ ...engineInfo, path: before }), { ...engineInfo, path: now })
    assert.deepStrictEqual(changes("nchwc8+fourier", "nchwc8+dft"), [])
    assert.deepStrictEqual(changes("nchwc8+fourier", "portable"), ["path was nchwc8+dft, now portable"])
    assert.deepStrictEqual(changes("nchwc8", "nchwc8+dft"), ["path was nchwc8, now nchwc8+dft"])
  })
})

describe("a run of an older version", () => {
  const set = squares()
  const options = ["--engine=onnx", `--data-dir=${join(set.scratch, "data")}`]
  let run = ""
  beforeAll(async () => {
    const ended = await runCommand("run", set.file, ...options, `--runs-dir=${set.folder("runs")}`, "--json")
    assert.strictEqual(ended.code, 0, ended.stderr)
    run = JSON.parse(ended.stdout).path
  })
  afterAll(() => set.remove())

  /** A copy of the run whose files have the engine's path as the older version wrote it, or another one. */
  const copyWithPath = (name: string, path: (now: string) => string) => {
    const copy = join(set.folder(name), basename(run))
    mkdirSync(set.folder(name))
    cpSync(run, copy, { recursive: true })
    const files = ["run.json", ...readdirSync(join(copy, "attempts")).map((file) => join("attempts", file))]
    for (const file of files.map((each) => join(copy, each))) {
      const json = JSON.parse(readFileSync(file, "utf8"))
      json.engine.path = path(json.engine.path)
      writeFileSync(file, JSON.stringify(json))
    }
    return copy
  }

  it("is resumed as with the same engine, and ends with the same bytes", async () => {
    const older = copyWithPath("older", (now) => now.replace("+dft", "+fourier"))
    const newer = copyWithPath("newer", (now) => now)
    for (const copy of [older, newer]) {
      const { code, stderr } = await runCommand("resume", copy, "--iterations=60")
      assert.strictEqual(code, 0, stderr)
      assert.notInclude(stderr, "exact to the bit")
    }
    assert.deepStrictEqual(resultOf(older), resultOf(newer))
  })

  it("is not resumed with another path without --allow-engine-change", async () => {
    const other = copyWithPath("other", () => "other+fourier")
    const { code, stderr } = await runCommand("resume", other, "--iterations=60")
    assert.strictEqual(code, 65, stderr)
    assert.match(stderr, /path was other\+dft, now .*--allow-engine-change/)
  })
})
