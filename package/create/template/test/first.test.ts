/** The first experiment is valid and learns: a few iterations, in a temporary folder. */
import assert from "node:assert/strict"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { run } from "tidemark/promises"
import first from "../experiments/first.ts"

test("the first experiment learns in 20 iterations", async (t) => {
  const runsDir = await mkdtemp(join(tmpdir(), "runs-"))
  t.after(() => rm(runsDir, { recursive: true }))
  const result = await run({ experiment: first, iterations: 20, runsDir })
  assert.equal(result.iterations, 20)
  assert.equal(result.test.examples, 10_000)
  // A guess is right for one image in ten.
  assert.ok(result.test.accuracy.value > 0.3, `accuracy ${result.test.accuracy.value}`)
})
