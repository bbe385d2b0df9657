import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { crashTest } from "./crashTest.ts"
import { ensembleSubject, runSubject } from "./subjects.ts"

// The short form of `pnpm crash-test`.
it("a run killed at random moments ends with the same bytes as one that was left alone", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "tidemark-crash-"))
  const { crashes, different } = await crashTest({
    subject: runSubject({ experiment: "test/fixtures/tiny.ts", iterations: 120, scratch }),
    kills: 4,
    seed: 7,
    scratch,
    say: () => {},
  })
  assert.strictEqual(crashes.length, 4)
  assert.deepStrictEqual(different, [])
  rmSync(scratch, { recursive: true })
}, 180_000)

it("an ensemble whose parent, child or all processes are killed ends with the same bytes as one that was left alone", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "tidemark-crash-"))
  const { crashes, different } = await crashTest({
    subject: ensembleSubject({ experiment: "test/fixtures/tiny.ts", iterations: 60, scratch, jobs: 2 }),
    kills: 3,
    seed: 3,
    scratch,
    say: () => {},
  })
  assert.deepStrictEqual(new Set(crashes.map(({ target }) => target)), new Set(["parent", "child", "all"]))
  assert.deepStrictEqual(different, [])
  rmSync(scratch, { recursive: true })
}, 300_000)
