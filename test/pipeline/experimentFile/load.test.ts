/** The experiment file of a command line is a regular file of a usual size, or it is not opened. */
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Runtime } from "effect"
import { loadDefault } from "../../../pipeline/experimentFile/load.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-load-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const at = (name: string) => join(scratch, name)

describe("an experiment file that is no regular file", () => {
  it.live("is refused at once, and so is one of many megabytes", () =>
    Effect.gen(function* () {
      execFileSync("mkfifo", [at("fifo.ts")])
      symlinkSync("/dev/zero", at("zero.ts"))
      mkdirSync(at("folder.ts"))
      writeFileSync(at("large.ts"), "")
      truncateSync(at("large.ts"), 2 ** 40)
      for (const [name, found] of [
        ["fifo.ts", "it is a FIFO, not a regular file"],
        ["zero.ts", "it is a character device, not a regular file"],
        ["folder.ts", "it is a folder, not a regular file"],
        ["large.ts", "it has 1.1 TB, expected at most 16.8 MB"],
      ]) {
        const error = yield* Effect.flip(loadDefault(at(name)))
        assert.strictEqual(error.message, `cannot read ${at(name)}: ${found}`)
        assert.strictEqual(error[Runtime.errorExitCode], 65)
      }
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
