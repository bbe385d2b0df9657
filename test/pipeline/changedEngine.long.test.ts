/** A run on another engine than the one that began it: refused, or accepted with a warning. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import type { Running } from "../fixtures/cli.ts"
import { onlyRun } from "../fixtures/runFiles.ts"
import { runsIn } from "./runsIn.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-engines-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const { folder, killAt, resume, startResume, startRun } = runsIn(scratch, "test/fixtures/tiny.ts")

/** Sends SIGINT once training has resumed: before that, nothing handles the signal. */
const interruptedInTraining = ({ child, ended }: Running) => {
  let stderr = ""
  let isInterrupted = false
  child.stderr?.on("data", (data) => {
    stderr += String(data)
    if (!isInterrupted && stderr.includes("resuming from iteration")) isInterrupted = child.kill("SIGINT")
  })
  return ended
}

describe("a run of 200 iterations", () => {
  it("resumes on another engine only with --allow-engine-change, and warns", async () => {
    await killAt("engines", 25, startRun("engines"))
    const refused = await resume("engines", "--engine", "reference")
    assert.strictEqual(refused.code, 65)
    assert.match(
      refused.stderr,
      /cannot resume exactly to the bit: engine was onnx, now reference.*--allow-engine-change/,
    )
    const allowed = startResume("engines", "--engine", "reference", "--allow-engine-change")
    const { code, stderr } = await interruptedInTraining(allowed)
    assert.strictEqual(code, 130, stderr)
    assert.match(
      stderr,
      /warning: from here on, the result is not exact to the bit: engine was onnx, now reference/,
    )
    // From now on the other engine is the run's own: resuming on it is no change.
    const again = startResume("engines")
    const resumed = await interruptedInTraining(again)
    assert.strictEqual(resumed.code, 130, resumed.stderr)
    assert.notInclude(resumed.stderr, "not exact")
    const attempts = readdirSync(join(onlyRun(folder("engines")), "attempts"))
    assert.deepStrictEqual(attempts, ["0001.json", "0002.json", "0003.json"])
  })
})
