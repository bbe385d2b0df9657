/** What a script reads from standard output is whole, or the exit code says that it is not. */
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { cli } from "../fixtures/cli.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-output-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Runs a shell line in which `$@` is the command line. */
const shell = (line: string, ...args: ReadonlyArray<string>) =>
  spawnSync("sh", ["-c", line, "sh", process.execPath, cli, ...args], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", OUT: join(scratch, "out") },
  })

describe("standard output", () => {
  it.skipIf(!existsSync("/dev/full"))("on a full disk ends with 74 and a line that says so", () => {
    const { status, stderr } = shell(`"$@" > /dev/full`, "doctor", "--json")
    assert.strictEqual(status, 74)
    assert.match(stderr, /^error: cannot write standard output: the disk is full/m)
  })

  it("that takes only a part ends with 74: no script takes cut-off JSON for whole", () => {
    // Files of at most 512 bytes (some shells count in kilobytes): the system takes the first of them, and refuses the rest.
    const { status } = shell(`trap "" XFSZ; ulimit -f 1; "$@" > "$OUT"`, "doctor", "--json")
    assert.strictEqual(status, 74)
    const { size } = statSync(join(scratch, "out"))
    assert.isAtLeast(size, 512)
    assert.throws(() => JSON.parse(readFileSync(join(scratch, "out"), "utf8")))
  })

  it("in a file is whole", () => {
    const { status, stderr } = shell(`"$@" > "$OUT"`, "doctor", "--json")
    assert.strictEqual(status, 0, stderr)
    assert.isArray(JSON.parse(readFileSync(join(scratch, "out"), "utf8")))
  })

  it("whose reader goes away is no error", () => {
    const { stderr } = shell(`("$@"; echo "exit $?" >&2) | true`, "doctor")
    assert.match(stderr, /^exit 0$/m)
  })
})
