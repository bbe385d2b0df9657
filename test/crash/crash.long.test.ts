import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { crashTest } from "./crashTest.ts"

// The short form of `pnpm crash-test`.
it("a run killed at random moments ends with the same bytes as one that was left alone", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "tidemark-crash-"))
  const { crashes, different } = await crashTest({
    experiment: "test/fixtures/tiny.ts",
    iterations: 120,
    kills: 4,
    seed: 7,
    scratch,
    say: () => {},
  })
  assert.strictEqual(crashes.length, 4)
  assert.deepStrictEqual(different, [])
  rmSync(scratch, { recursive: true })
}, 180_000)
