/** Runs on small disks that are full or read-only. They need a mount, so they are skipped where none can be made. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"
import { onlyRun } from "../fixtures/runFiles.ts"
import { refused } from "../fixtures/refused.ts"

const tiny = "test/fixtures/tiny.ts"

let scratch: string
let data: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-disks-"))
  data = join(scratch, "data")
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Whether this process may mount a small file system. */
const canMount = () => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false
  const probe = mkdtempSync(join(tmpdir(), "tidemark-mount-"))
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", probe]).status === 0
  if (mounted) spawnSync("umount", [probe])
  rmSync(probe, { recursive: true })
  return mounted
}

const mounted = async (options: string, use: (disk: string) => Promise<void>) => {
  const disk = mkdtempSync(join(scratch, "disk-"))
  assert.strictEqual(spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk]).status, 0)
  try {
    await use(disk)
  } finally {
    spawnSync("umount", ["-l", disk])
  }
}

describe.skipIf(!canMount())("run on a small disk", () => {
  it("ends with a clear error when the disk is full, leaves only whole files, and resumes once there is space", () =>
    mounted("size=400k", async (disk) => {
      const full = await runCommand("run", tiny, "--runs-dir", join(disk, "runs"), "--data-dir", data)
      assert.strictEqual(full.code, 74, full.stderr)
      assert.match(full.stderr, /error: cannot (write|append to) .*: the disk is full/)
      const run = onlyRun(join(disk, "runs"))
      const names = readdirSync(join(run, "checkpoints"))
      assert.isTrue(
        names.every((name) => name.endsWith(".safetensors")),
        names.join(", "),
      )
      assert.strictEqual(spawnSync("mount", ["-o", "remount,size=8m", disk]).status, 0)
      const resumed = await runCommand("resume", "latest", "--runs-dir", join(disk, "runs"))
      assert.strictEqual(resumed.code, 0, resumed.stderr)
    }))

  it("exits with 73 on a read-only disk, for runs and for data", () =>
    mounted("size=1m,ro", async (disk) => {
      refused(
        await runCommand("run", tiny, "--runs-dir", join(disk, "runs"), "--data-dir", data),
        73,
        /the disk is read-only/,
      )
      const ended = await runCommand(
        "run",
        tiny,
        "--runs-dir",
        join(scratch, "ro"),
        "--data-dir",
        join(disk, "data"),
      )
      assert.strictEqual(ended.code, 73, ended.stderr)
      assert.match(ended.stderr, /error: cannot make folder .*: the disk is read-only/)
    }))
})
