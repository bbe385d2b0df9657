/** The files of an own dataset are replaced after a run was trained on them: real processes, a dataset of seconds. */
import { rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { cliRun } from "../fixtures/cli.ts"
import { squares } from "../fixtures/squares.ts"

describe("a run whose data was replaced", () => {
  const { file, folder, remove, scratch, writeSet } = squares()
  const data = join(scratch, "data")
  const runs = folder("runs")
  const resume = (iterations: number) =>
    cliRun("resume", "latest", "--iterations", String(iterations), "--runs-dir", runs)
  beforeAll(async () => {
    const folders = ["--runs-dir", runs, "--data-dir", data]
    const { code, stderr } = await cliRun("run", file, "--engine", "onnx", ...folders)
    assert.strictEqual(code, 0, stderr)
  })
  afterAll(remove)

  it("does not go on with other content where its own is gone from the cache, and says what to do", async () => {
    writeSet(2)
    rmSync(join(data, "own"), { recursive: true })
    const refused = await resume(75)
    assert.strictEqual(refused.code, 69, refused.stderr)
    assert.match(
      refused.stderr,
      /^error: cannot get trainImages of squares: \S+train-images: found 1936 bytes of SHA-256 \w{64}, expected SHA-256 \w{64}; .*put it back at \S+train-images, or begin a new run$/m,
    )
  })

  it("goes on when its content is back", async () => {
    writeSet(1)
    const { code, stderr } = await resume(75)
    assert.strictEqual(code, 0, stderr)
  })
})
