/** systemd units and crontabs, checked by systemd and cron. */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Job } from "../../../operations/schedule/Job.ts"
import { withoutFlag } from "../../../operations/schedule/commandLine.ts"
import { crontab, systemdUnit } from "../../../operations/schedule/units.ts"
import { runCommand } from "../../fixtures/command.ts"

const project = fileURLToPath(new URL("../../..", import.meta.url))
const call = (program: string, ...args: ReadonlyArray<string>) =>
  spawnSync(program, args, { encoding: "utf8" })

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-units-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const write = (name: string, text: string) => {
  const path = join(scratch, name)
  writeFileSync(path, `${text}\n`)
  return path
}

const job = (name: string, cron: string, timezone = "UTC"): Job => ({
  name,
  file: `${name}.ts`,
  cron,
  timezone,
  seedPolicy: "fixed",
  engine: "auto",
  overlap: "skip",
  catchUp: "none",
  retries: { times: 3, pauseSeconds: 60 },
  due: undefined,
})

/** Words that a shell, systemd and cron each interpret differently. */
const odd = ["it's 100%", "$HOME", 'a"b\\c', "x;y&z", "ž"]

describe("a systemd unit", () => {
  const found = call("systemd-analyze", "--version").status === 0
  const skipped = found ? "" : " (skipped: there is no systemd-analyze)"
  it.skipIf(!found)(`is valid, whatever the command and the folder contain${skipped}`, () => {
    const folder = join(scratch, "my $runs 100%")
    mkdirSync(folder)
    const verify = (text: string) => call("systemd-analyze", "verify", write("tidemark.service", text))
    const unit = systemdUnit([process.execPath, "cli.ts", ...odd], folder)
    const { status, stderr } = verify(unit)
    assert.deepStrictEqual([status, stderr], [0, ""])
    const broken = verify(unit.replace("KillMode=mixed", "KillMode=some").replace(/^ExecStart=.*$/m, ""))
    assert.notStrictEqual(broken.stderr, "")
  })
})

/** The option with which this machine's crontab only checks a file. */
const checking = () => {
  const { stderr, stdout, error } = call("crontab", "-h")
  const usage = error === undefined ? `${stdout}${stderr}` : ""
  return /^\s*-T\b.*(test|check)/im.test(usage) ? "-T" : /^\s*-n\b.*dry run/im.test(usage) ? "-n" : undefined
}

describe("a crontab", () => {
  const check = checking()
  const skipped = check === undefined ? " (skipped: there is no crontab that checks)" : ""
  it.skipIf(check === undefined)(`is valid${skipped}`, () => {
    const jobs = [job("a", "30 2 * * *", "Europe/Prague"), job("b", "*/5 1-3,22 1,15 JAN-MAR MON")]
    const accepted = (text: string) => call("crontab", check as string, write("crontab", text)).status === 0
    const text = crontab(["node", ...odd], jobs, join(scratch, "my runs"), "UTC")
    assert.isTrue(accepted(text), text)
    assert.isFalse(accepted(text.replace("30 2", "30 25")))
  })

  it("passes every word to the shell unchanged; % is escaped for cron, which removes the \\", () => {
    const line = crontab(["printf", "%s\\n", ...odd], [job("a", "30 2 * * *")], scratch, "UTC")
    assert.isTrue(line.startsWith("30 2 * * * cd "), line)
    const command = line.slice("30 2 * * * ".length).replaceAll("\\%", "%")
    assert.deepStrictEqual(call("sh", "-c", command).stdout.trimEnd().split("\n"), [...odd, "--now"])
  })

  it("has a line for each time, and warns about the time zone of other machines", () => {
    const three = [job("a", "30 2 * * *"), job("b", "0 5 * * 0"), job("c", "30 2 * * *")]
    const lines = crontab(["run"], three, "/x", "UTC").split("\n")
    assert.deepStrictEqual(lines.slice(1), [
      "30 2 * * * cd /x && run --experiment a,c --now",
      "0 5 * * 0 cd /x && run --experiment b --now",
    ])
    const some = ["run", "--experiment", "a,b"]
    assert.deepStrictEqual(crontab(some, three.slice(0, 2), "/x", "UTC").split("\n").slice(1), [
      "30 2 * * * cd /x && run --experiment a --now",
      "0 5 * * 0 cd /x && run --experiment b --now",
    ])
    assert.strictEqual(
      crontab(["run", "--experiment", "a"], three.slice(0, 1), "/x", "UTC"),
      "30 2 * * * cd /x && run --experiment a --now",
    )
    assert.match(lines[0], /^# .*refused/)
    const elsewhere = crontab(["run"], [job("a", "30 2 * * *", "Asia/Tokyo")], "/x", "UTC").split("\n")
    assert.match(elsewhere[1], /^# zone \(UTC\); /)
    assert.deepStrictEqual(elsewhere.slice(2), ["CRON_TZ=Asia/Tokyo", "30 2 * * * cd /x && run --now"])
  })

  it("removes the time from the command, however it was given", () => {
    assert.deepStrictEqual(withoutFlag("--cron", ["a", "--cron", "0 2 * * *", "b"]), ["a", "b"])
    assert.deepStrictEqual(withoutFlag("--cron", ["a", "--cron=0 2 * * *", "b"]), ["a", "b"])
    assert.deepStrictEqual(withoutFlag("--cron", ["a"]), ["a"])
  })
})

describe("the CronJob in the README", () => {
  const found = call("python3", "-c", "import kubernetes_validate").status === 0
  const skipped = found ? "" : " (skipped: python3 cannot import kubernetes_validate)"
  it.skipIf(!found)(`is valid, and so is its command line${skipped}`, async () => {
    const script = fileURLToPath(new URL("cronJob.py", import.meta.url))
    const { status, stderr, stdout } = call("python3", script, join(project, "README.md"), "1.31")
    assert.strictEqual(status, 0, stderr)
    const { spec } = JSON.parse(stdout)
    assert.strictEqual(spec.timeZone, "Europe/Prague")
    const { command } = spec.jobTemplate.spec.template.spec.containers[0]
    assert.deepStrictEqual(command.slice(0, 2), ["node", "cli/start.mjs"])
    const taken = await runCommand(...command.slice(2), "--cron", spec.schedule, "--print-systemd")
    assert.strictEqual(taken.code, 0, taken.stderr)
  })
})
