/** Predictions of the dashboard are of the run as it is now. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import sharp from "sharp"
import { runCommand } from "../fixtures/command.ts"
import { digitAt } from "../fixtures/mnistTest.ts"
import { serve, type Served } from "./serve.ts"

let scratch: string
let runsDir: string
let served: Served
let image: Uint8Array<ArrayBuffer>

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-predictions-"))
  runsDir = join(scratch, "runs")
  for (const seed of [0, 1]) {
    const words = ["test/fixtures/tiny.ts", "--iterations", "10", "--seed", String(seed), "--engine", "onnx"]
    const folders = ["--runs-dir", runsDir, "--data-dir", join(scratch, "data")]
    const { code, stderr } = await runCommand("run", ...words, ...folders)
    assert.strictEqual(code, 0, stderr)
  }
  served = await serve(runsDir)
  const png = await sharp(digitAt(0).pixels, { raw: { width: 28, height: 28, channels: 1 } })
    .negate()
    .png()
    .toBuffer()
  image = new Uint8Array(png)
})
afterAll(async () => {
  await served.close()
  rmSync(scratch, { recursive: true, force: true })
})

const predict = async (model: string): Promise<ReadonlyArray<number>> => {
  const answer = await fetch(`${served.origin}/api/predict?model=${model}`, {
    method: "POST",
    body: image,
    headers: { cookie: served.cookie, origin: served.origin, "sec-fetch-site": "same-origin" },
  })
  const found = JSON.parse(await answer.text())
  assert.strictEqual(answer.status, 200, found.problem)
  return found.probabilities
}

describe("a prediction", () => {
  it("is that of the run as it is now, whatever was loaded before", async () => {
    const [first, second] = readdirSync(runsDir).filter((name) => /-tiny-/.test(name))
    const [ofFirst, ofSecond] = [await predict(first), await predict(second)]
    assert.notDeepEqual(ofFirst, ofSecond)
    assert.deepStrictEqual(await predict(first), ofFirst)
    rmSync(join(runsDir, first), { recursive: true })
    cpSync(join(runsDir, second), join(runsDir, first), { recursive: true })
    assert.deepStrictEqual(await predict(first), ofSecond)
  })
})
