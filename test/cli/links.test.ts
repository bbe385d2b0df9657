/** rm and gc, given links, archives and files: what they remove, and what they say of it. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"
import { type WrittenRun, writeRun } from "../fixtures/writeRun.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-removal-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let second = 0
const write = (runsDir: string, run: Omit<WrittenRun, "runsDir" | "second"> = {}) =>
  writeRun({ ...run, runsDir: join(scratch, runsDir), second: second++ })

describe("a link to a run, and what is no run", () => {
  it("is removed without the data that it leads to, and the message says so", async () => {
    const real = write("linked-real", { name: "a" })
    const runsDir = join(scratch, "linked")
    mkdirSync(join(runsDir, "ensembles"), { recursive: true })
    const link = join(runsDir, basename(real))
    const rm = (...words: ReadonlyArray<string>) => runCommand("rm", ...words, "--runs-dir", runsDir)

    symlinkSync(real, link)
    const said = `${basename(real)} is only a link: its data stay in ${real}`
    const dry = await rm("latest")
    assert.include(dry.stdout, "nothing was removed; add --yes to remove 1 link, ")
    assert.include(dry.stdout, said)
    const removed = await rm("latest", "--yes")
    assert.match(removed.stdout, /^removed 1 link, \d+ B$/m)
    assert.include(removed.stdout, said)
    assert.isFalse(existsSync(link))

    symlinkSync(real, link)
    const gc = await runCommand("gc", "--keep", "0", "--yes", "--runs-dir", runsDir, "--data-dir", scratch)
    assert.include(gc.stdout, said)
    assert.isFalse(existsSync(link))
    assert.isTrue(existsSync(join(real, "run.json")))
  })

  it("stays where rm is given an archive or a file by its name", async () => {
    const run = write("archive", { name: "a" })
    const archive = `${run}.tar.gz`
    writeFileSync(archive, "archive")
    writeFileSync(join(scratch, "archive", "20260101T000000Z-a-00000009"), "file")
    for (const word of [archive, basename(archive), "20260101T000000Z-a-00000009"]) {
      const refused = await runCommand("rm", word, "--yes", "--runs-dir", join(scratch, "archive"))
      assert.strictEqual(refused.code, 66, refused.stderr)
    }
    const listed = await runCommand("list", "--json", "--runs-dir", join(scratch, "archive"))
    assert.lengthOf(JSON.parse(listed.stdout), 1)
    assert.strictEqual(listed.stderr, "")
    assert.isTrue(existsSync(archive))
  })

  it("is neither a champion nor an ensemble", async () => {
    const run = write("neither", { name: "a" })
    const runsDir = join(scratch, "neither")
    mkdirSync(join(runsDir, "champions", "old"), { recursive: true })
    writeFileSync(join(runsDir, "champions", "notes"), "todo: look at a\n")
    mkdirSync(join(runsDir, "ensembles", "empty"), { recursive: true })
    writeFileSync(join(runsDir, "ensembles", "digits"), "a file")
    const refused = await runCommand("rm", "ensemble:digits", "--yes", "--runs-dir", runsDir)
    assert.strictEqual(refused.code, 66)
    const removed = await runCommand("rm", "latest", "--yes", "--runs-dir", runsDir)
    assert.strictEqual(removed.code, 0, removed.stderr)
    assert.isFalse(existsSync(run))
    assert.isTrue(existsSync(join(runsDir, "ensembles", "digits")))
  })
})
