/** Tests run most commands in their own process: that must give what a process of its own gives. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { cliRun, type Ended } from "../fixtures/cli.ts"
import { runCommand } from "../fixtures/command.ts"
import { onlyRun } from "../fixtures/runFiles.ts"
import { writeRun } from "../fixtures/writeRun.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-in-process-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Without what differs between any two processes: speeds, times, ids and the names of folders. */
const masked = ({ code, signal, stderr, stdout }: Ended, folder: string) => {
  const mask = (text: string) =>
    text
      .replaceAll(folder, "FOLDER")
      .replaceAll(/\d{8}T\d{6}Z-\w+-[0-9a-f]{8}/g, "RUN")
      .replaceAll(/[\d,]+ images\/s|[\d.]+ s\b/g, "SPEED")
      .replaceAll(/"durationMs": [\d.]+/g, '"durationMs": TIME')
  return { code, signal, stderr: mask(stderr), stdout: mask(stdout) }
}

/** Both ways, each with a folder of its own. */
const bothWays = async (name: string, words: (folder: string) => ReadonlyArray<string>) => {
  const [own, here] = [join(scratch, `${name}-1`), join(scratch, `${name}-2`)]
  const process_ = masked(await cliRun(...words(own)), own)
  const inProcess = masked(await runCommand(...words(here)), here)
  assert.deepStrictEqual(inProcess, process_)
  return { ...inProcess, folders: [own, here] }
}

describe("a command in the process of a test", () => {
  it("prints help as a process does", async () => {
    const { code, stdout } = await bothWays("help", () => ["run", "--help"])
    assert.strictEqual(code, 0)
    assert.include(stdout, "--iterations")
  })

  it("reports a command line it does not understand as a process does", async () => {
    const { code, stderr } = await bothWays("usage", () => ["run", "--iteratons", "5", "--threads", "none"])
    assert.strictEqual(code, 64)
    assert.match(stderr, /^error: /)
  })

  it("reports a missing run as a process does", async () => {
    const { code } = await bothWays("missing", (folder) => ["show", "latest", "--runs-dir", folder])
    assert.strictEqual(code, 66)
  })

  it("reports an experiment file that cannot be loaded as a process does", async () => {
    const file = join(scratch, "throws.ts")
    writeFileSync(file, "\n\nthrow new Error('my mistake')")
    const { code } = await bothWays("throws", (folder) => ["run", file, "--runs-dir", folder])
    assert.strictEqual(code, 65)
  })

  it("lists runs as a process does, as text and as JSON", async () => {
    const runsDir = join(scratch, "listed")
    writeRun({ runsDir, second: 1 })
    writeRun({ runsDir, second: 2, status: "failed", unfinished: true })
    for (const format of [[], ["--json"]]) {
      const { code } = await bothWays("list", () => ["list", "--runs-dir", runsDir, ...format])
      assert.strictEqual(code, 0)
    }
  })

  it("prints a crontab with the words it was given, as a process does", async () => {
    const { code, stdout } = await bothWays("crontab", () => [
      "schedule",
      "test/fixtures/tiny.ts",
      "--cron",
      "30 2 * * *",
      "--print-crontab",
    ])
    assert.strictEqual(code, 0)
    assert.match(stdout, /tiny\.ts .*--now$/m)
  })

  it("trains, records and reports as a process does", async () => {
    const [schemas, tiny] = ["schemas/index.ts", "test/fixtures/tiny.ts"].map((path) =>
      JSON.stringify(resolve(path)),
    )
    const file = join(scratch, "built.ts")
    writeFileSync(
      file,
      `import { experiment } from ${schemas}\nimport tiny from ${tiny}\nexport default experiment(tiny)`,
    )
    const { code, folders } = await bothWays("train", (folder) => [
      "run",
      file,
      "--iterations=10",
      "--engine=onnx",
      `--runs-dir=${join(folder, "runs")}`,
      `--data-dir=${join(folder, "data")}`,
    ])
    assert.strictEqual(code, 0)
    const [own, here] = folders.map((folder) =>
      readFileSync(join(onlyRun(join(folder, "runs")), "metrics.ndjson"), "utf8"),
    )
    assert.strictEqual(here, own)
  })
})
