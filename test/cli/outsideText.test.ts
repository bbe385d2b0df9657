/** Text from outside is printed in a sane length and without control characters, on standard output and on standard error. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-outside-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const clears = "\u001B[2J\u001B]0;title\u0007"
const shown = "\\u001b[2J\\u001b]0;title\\u0007"

describe("the command line", () => {
  it("escapes control characters in errors, results and JSON", async () => {
    const missing = await runCommand("run", join(scratch, `${clears}.ts`))
    assert.strictEqual(missing.code, 66)
    const empty = await runCommand("list", "--runs-dir", join(scratch, clears))
    const usage = await runCommand(`list${clears}`)
    for (const text of [missing.stderr, empty.stdout, usage.stderr]) {
      assert.include(text, shown)
      assert.notMatch(text, /[^\P{Cc}\n]/u)
    }
    const { stdout } = await runCommand("doctor", "--runs-dir", join(scratch, "\u009B31m"), "--json")
    assert.include(stdout, "\\u009b31m")
    assert.include(JSON.stringify(JSON.parse(stdout)), "\u009B31m")
  })

  it("lists the first of many problems of an experiment, with long keys and values cut", async () => {
    const file = join(scratch, "many.ts")
    writeFileSync(
      file,
      `export default {
        name: "${"n".repeat(1_000_000)}",
        ...Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [i + "k".repeat(1000), i])),
      }`,
    )
    const { code, stderr } = await runCommand("run", file)
    assert.strictEqual(code, 65)
    assert.isBelow(stderr.length, 4500)
    assert.match(stderr, /is not a valid experiment, 20,?00\d problems:/)
    assert.match(stderr, /and 19,9\d\d more\n$/)
    assert.notMatch(stderr, /k{100}/)
  })
})
