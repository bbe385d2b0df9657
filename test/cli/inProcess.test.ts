/** A command in the process of a test depends on nothing before it, and leaves nothing behind. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-in-process-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe("a command in the process of a test", () => {
  it("leaves this process as it was", async () => {
    const before = [
      process.stdout,
      process.stderr,
      process.argv,
      console,
      process.env.NO_COLOR,
      process.exitCode,
    ]
    const listeners = () =>
      (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((name) => process.listenerCount(name))
    const listening = listeners()
    await runCommand("list", "--runs-dir", join(scratch, "nothing"), "--no-such-flag")
    const after = [
      process.stdout,
      process.stderr,
      process.argv,
      console,
      process.env.NO_COLOR,
      process.exitCode,
    ]
    assert.isTrue(before.every((value, i) => value === after[i]))
    assert.deepStrictEqual(listeners(), listening)
    assert.isFalse(existsSync(join(scratch, "nothing")))
  })

  it("reads an experiment file as it is now, when it has changed since the last command", async () => {
    const file = join(scratch, "changes.ts")
    for (const name of ["before", "after"]) {
      writeFileSync(file, `export default { ${name}: 1 }`)
      const { code, stderr } = await runCommand("run", file)
      assert.strictEqual(code, 65)
      assert.match(stderr, new RegExp(`^  ${name}: `, "m"))
    }
  })
})
