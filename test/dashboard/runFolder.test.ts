/** Folders and files of runs by name: nothing outside a run, whatever the name is. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { isRunId, runFilePath, runFolder } from "../../dashboard/security/runFolder.ts"
import { logPath, metricsPath } from "../../dashboard/runs/curves.ts"

const id = "20260101T000001Z-small-00000000"
let scratch: string
let runsDir: string

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-run-folder-"))
  runsDir = join(scratch, "runs")
  mkdirSync(join(runsDir, id, "checkpoints"), { recursive: true })
  writeFileSync(join(runsDir, id, "run.json"), "{}")
  writeFileSync(join(runsDir, id, "secret.txt"), "secret")
  writeFileSync(join(scratch, "secret.json"), "secret")
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const hostileNames = [
  "",
  ".",
  "..",
  "../runs",
  "../../etc",
  "..\\..\\windows",
  "/etc",
  "C:\\windows",
  "C:/windows",
  "\\\\server\\share",
  "//server/share",
  "\\\\?\\C:\\windows",
  "20260101T000001Z-a/../../secret.json",
  "20260101T000001Z-a\\..\\..\\secret.json",
  "20260101T000001Z-..",
  "20260101T000001Z-small-00000000/",
  "20260101T000001Z-small-00000000.",
  "20260101T000001Z-small-00000000 ",
  "20260101T000001Z-small-00000000\u0000",
  "20260101T000001Z-small-00000000\u0000.json",
  "20260101T000001Z-small-00000000::$DATA",
  "20260101T000001Z-small-00000000:stream",
  "20260101T000001Z-%2e%2e",
  "20260101T000001Z-#",
  "20260101T000001Z-?",
  "20260101T000001Z-<script>alert(1)</script>",
  "20260101T000001Z-\u202Etxt",
  "20260101T000001Z-\uFF0E\uFF0E",
  "CON",
  "NUL.txt",
  "__proto__",
  "constructor",
  `20260101T000001Z-${"a".repeat(300)}`,
]

describe("a run named by a request", () => {
  it("is a folder of the runs folder", () => {
    assert.strictEqual(runFolder(runsDir, id), join(runsDir, id))
    assert.isUndefined(runFolder(runsDir, "20260101T000002Z-small-00000000"))
    assert.isTrue(isRunId("20260101T000001Z-small-00000000-2"))
    assert.isTrue(isRunId("20260101T000001Z-copy_of.it"))
  })

  it("is no other path", () => {
    // A name may end in a dot where the system allows it, but no folder here has it.
    for (const name of hostileNames) assert.isUndefined(runFolder(runsDir, name), JSON.stringify(name))
  })

  it("is no file", () => {
    writeFileSync(join(runsDir, "20260101T000003Z-file-00000000"), "")
    assert.isUndefined(runFolder(runsDir, "20260101T000003Z-file-00000000"))
  })
})

describe("a file of a run named by a request", () => {
  it("is one of a fixed list", () => {
    assert.strictEqual(runFilePath(runsDir, id, "run.json"), join(runsDir, id, "run.json"))
    for (const name of [
      ...hostileNames,
      "secret.txt",
      "../secret.json",
      "checkpoints",
      "attempts/0001.json",
      "RUN.JSON",
      "run.json/",
      "run.json.",
      "run.json ",
      "run.json::$DATA",
      "toString",
    ]) {
      assert.isUndefined(runFilePath(runsDir, id, name), JSON.stringify(name))
    }
  })

  it("is in the folder after its links are followed, and a regular file", () => {
    const other = "20260101T000004Z-links-00000000"
    mkdirSync(join(runsDir, other, "report.json"), { recursive: true })
    symlinkSync(join(scratch, "secret.json"), join(runsDir, other, "run.json"))
    symlinkSync(join(runsDir, id, "run.json"), join(runsDir, other, "metrics.ndjson"))
    for (const name of ["run.json", "metrics.ndjson", "report.json"]) {
      assert.isUndefined(runFilePath(runsDir, other, name), name)
    }
  })

  it("is neither curves nor a log that a link leads to", () => {
    const run = join(runsDir, "20260101T000005Z-links-00000000")
    mkdirSync(join(run, "metrics"), { recursive: true })
    symlinkSync("/etc", join(run, "log"))
    symlinkSync(join(scratch, "secret.json"), join(run, "metrics", "0001.ndjson"))
    symlinkSync(join(scratch, "secret.json"), join(run, "metrics.ndjson"))
    assert.isUndefined(metricsPath(run))
    assert.isUndefined(logPath(run))
  })
})
