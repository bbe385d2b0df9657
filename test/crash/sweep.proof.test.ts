/** The short form of `pnpm crash-test --sweep`: two minutes, since each of the killed sweeps trains nine trials. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { crashTest } from "./crashTest.ts"
import { sweepSubject } from "./subjects.ts"

it("a sweep whose parent, child or all processes are killed ends with the same trials, decisions and bytes", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "tidemark-crash-"))
  const { crashes, different } = await crashTest({
    subject: sweepSubject({
      sweep: "test/fixtures/tinySweep.ts",
      name: "tiny-rates",
      scratch,
      jobs: 2,
      engine: "onnx",
    }),
    kills: 3,
    seed: 3,
    scratch,
    say: () => {},
  })
  assert.strictEqual(crashes.length, 3)
  assert.deepStrictEqual(different, [])
  rmSync(scratch, { recursive: true })
}, 600_000)
