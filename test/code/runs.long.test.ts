/**
 * A run with own code of every kind, killed and resumed when the working tree has changed: it ends with the same bytes, from
 * its own copy of the code.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"
import { onlyRun, resultOf } from "../fixtures/runFiles.ts"
import { runsIn } from "../pipeline/runsIn.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-own-killed-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const source = join(scratch, "experiments")
mkdirSync(source)
cpSync(fileURLToPath(new URL("../fixtures/ownCode", import.meta.url)), source, { recursive: true })
const { folder, killAt, resume, run, startRun } = runsIn(scratch, join(source, "experiment.ts"))

describe("a run with own code", () => {
  it("killed, and resumed when the working tree has changed, ends with the same bytes from its copy", async () => {
    const first = await run("whole")
    assert.strictEqual(first.code, 0, first.stderr)
    const path = onlyRun(folder("whole"))
    const whole = resultOf(path)
    await killAt("killed", 40, startRun("killed"))
    const functions = readFileSync(join(source, "functions.ts"), "utf8")
    writeFileSync(join(source, "share.ts"), "export const share = 3")
    rmSync(join(source, "functions.ts"))
    const resumed = await resume("killed")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.match(
      resumed.stderr,
      /share\.ts has changed since the run began \([0-9a-f]{8}, now [0-9a-f]{8}\): the run uses its copy, code\/share\.ts/,
    )
    assert.deepStrictEqual(resultOf(onlyRun(folder("killed"))), whole)
    writeFileSync(join(source, "functions.ts"), functions)
    const other = await run("other")
    assert.strictEqual(other.code, 0, other.stderr)
    const compared = await runCommand("compare", path, onlyRun(folder("other")))
    assert.match(compared.stdout, /code\.files\.share\.ts/)
  }, 120_000)
})
