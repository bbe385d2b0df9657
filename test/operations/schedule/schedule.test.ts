/**
 * Scheduled runs in processes of their own: in sequence, killed and stopped in the middle, on data that changes. A
 * schedule that is killed or signalled is a process too; others run in this one.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { runCommand } from "../../fixtures/command.ts"
import { reached } from "../../fixtures/runFiles.ts"
import { schemas, squares, until } from "../../fixtures/squares.ts"

const {
  attemptsOf,
  championOf,
  file,
  folder,
  history,
  scheduledRuns,
  remove,
  runSchedule,
  runsOf,
  scratch,
  startSchedule,
  writeSet,
} = squares()
afterAll(remove)

const trains = (name: string) => () =>
  runsOf(name).length === 1 && reached(join(folder(name), runsOf(name)[0])) >= 25

describe("a scheduled run", () => {
  it("ends at the gate, notices changed data, and fails on data out of bounds while the champion stays", async () => {
    const first = await runSchedule("data", "--now")
    assert.strictEqual(first.code, 0, first.stderr)
    const champion = championOf("data")
    assert.strictEqual(champion, runsOf("data")[0])

    writeSet(3)
    const second = await runSchedule("data", "--now", "--seed", "5")
    assert.strictEqual(second.code, 0, second.stderr)
    writeSet(0)
    const third = await runSchedule("data", "--now")
    writeSet(1)
    assert.strictEqual(third.code, 65, third.stderr)
    assert.match(
      third.stderr,
      /the scheduled run of squares failed: squares is out of bounds: the mean pixel of the train set: found 0, expected 0\.1 to 0\.6; /,
    )

    const [one, two, three] = scheduledRuns("data")
    assert.strictEqual(one.outcome, "champion")
    assert.isFalse(one.dataset?.changed)
    assert.isTrue(two.dataset?.changed)
    assert.include(["champion", "challenger"], two.outcome)
    // The champion predicted the new test examples, so the two could be compared.
    const [judged, again] = history("data").flatMap((event) => ("verdict" in event ? [event] : []))
    assert.isAbove(judged.verdict.latencyMs ?? 0, 0)
    assert.strictEqual(again.verdict.test?.examples, 100)
    assert.strictEqual(three.outcome, "failed")
    assert.match(three.reasons.join(), /the mean pixel of the test set: found 0/)
    assert.strictEqual(three.champion, two.champion)
    const shown = await runCommand("show", "champion:squares", "--runs-dir", folder("data"))
    assert.strictEqual(shown.code, 0, shown.stderr)
    const summary = (await runCommand("champion", "squares", "--runs-dir", folder("data"))).stdout
    assert.match(summary, /^\S+ \S+ UTC: failed, the champion stays\b(?!: )/m, summary)
    assert.match(summary, /^\S+ \S+ +failed +\S+ +squares is out of bounds: the mean pixel/m)
    const page = readFileSync(join(folder("data"), "history.html"), "utf8")
    assert.match(page, /failed, the champion stays: squares is out of bounds: the mean pixel/)
  })

  it("stopped by SIGTERM saves a checkpoint, and the next start resumes it", async () => {
    // A page that cannot be written is only a warning.
    mkdirSync(join(folder("stopped"), "history.html"), { recursive: true })
    const { child, ended } = startSchedule("stopped", "--now", "--iterations", "4000")
    await until(trains("stopped"))
    child.kill("SIGTERM")
    const stopped = await ended
    assert.strictEqual(stopped.code, 130, stopped.stderr)
    assert.strictEqual(attemptsOf("stopped")[0].outcome?.status, "interrupted")
    const again = await runSchedule("stopped", "--now", "--iterations", "4000")
    assert.strictEqual(again.code, 0, again.stderr)
    assert.include(again.stderr, "cannot write history.html")
    assert.lengthOf(runsOf("stopped"), 1)
    assert.isAbove(attemptsOf("stopped")[1].resumedFrom ?? 0, 0)
    assert.deepStrictEqual(
      scheduledRuns("stopped").map(({ outcome, resumed }) => [outcome, resumed]),
      [["champion", true]],
    )
  })
})

describe("what would fail at a scheduled time", () => {
  it("is refused at the start", async () => {
    const refused = async (code: number, message: RegExp, ...args: ReadonlyArray<string>) => {
      const ended = await runCommand(
        "schedule",
        ...args,
        "--runs-dir",
        folder("refused"),
        "--data-dir",
        folder("d"),
      )
      assert.strictEqual(ended.code, code, ended.stderr)
      assert.match(ended.stderr, message)
      assert.notMatch(ended.stderr, /^ {4}at /m)
      assert.isFalse(existsSync(join(folder("refused"), "schedule.ndjson")))
    }
    await refused(65, /cron expression: found "61 2 \* \* \*"/, file, "--cron", "61 2 * * *")
    await refused(65, /unknown time zone "Mars"/, file, "--cron", "30 2 * * *", "--timezone", "Mars")
    await refused(66, /cannot load .*nothing\.ts: file not found/, "nothing.ts", "--now")
    await refused(
      65,
      /webhook.url: found "ftp:\/\/x", expected an http or https address/,
      file,
      "--now",
      "--webhook",
      "ftp://x",
    )
    await refused(65, /expected an http or https address/, file, "--now", "--webhook", "http://:80")
    const twice = join(scratch, "twice.ts")
    const entry = { file, cron: "30 2 * * *" }
    writeFileSync(twice, `export default ${JSON.stringify({ experiments: [entry, entry] })}`)
    await refused(65, /two experiments are named squares/, twice)
    await refused(65, /set cron there, not on the command line/, twice, "--cron", "30 2 * * *")
  })

  it("is refused at the start if the champions are a copy of what a store has", async () => {
    const runsDir = folder("copied")
    mkdirSync(join(runsDir, ".copies"), { recursive: true })
    const note = { store: "/elsewhere", version: "1", holder: null }
    writeFileSync(join(runsDir, ".copies", "champions.json"), JSON.stringify(note))
    const places = ["--runs-dir", runsDir, "--data-dir", folder("d")]
    const { code, stderr } = await runCommand("schedule", file, "--now", ...places)
    assert.strictEqual(code, 64, stderr)
    assert.match(stderr, /cannot change the champions in .*copied, a copy from \/elsewhere;/)
    assert.deepStrictEqual(runsOf("copied"), [])
  })

  it("lists every problem of a schedule file", async () => {
    const bad = join(scratch, "bad.ts")
    const entry = { file, cron: "61 2 * * *" }
    const seeded = { file: "test/fixtures/tiny.ts", cron: "0 4 * * 0", seed: 3, seedPolicy: "by-date" }
    writeFileSync(bad, `export default ${JSON.stringify({ experiments: [entry, seeded] })}`)
    const { code, stderr } = await runCommand("schedule", bad)
    assert.strictEqual(code, 65)
    assert.match(
      stderr,
      /2 problems:\n {2}cron expression: found "61 2 \* \* \*", expected .*\n {2}seed 3 and seedPolicy "by-date" exclude each other/,
    )
  })

  it("refuses --device cpu for a file whose engine is, or may be, on a GPU", async () => {
    for (const engine of ["onnx-gpu", "tensorflow-gpu", "auto-gpu"]) {
      const onGpu = join(scratch, `${engine}.ts`)
      const entry = { file, cron: "30 2 * * *", engine }
      writeFileSync(onGpu, `export default ${JSON.stringify({ experiments: [entry] })}`)
      const { code, stderr } = await runCommand("schedule", onGpu, "--device", "cpu", "--print-systemd")
      assert.strictEqual(code, 65)
      assert.include(
        stderr,
        `engine "${engine}" of squares and --device cpu exclude each other; remove one of them`,
      )
    }
  })

  it("accepts a schedule file of several experiments, and prints units for it", async () => {
    const several = join(scratch, "several.ts")
    writeFileSync(
      several,
      `import { schedule } from ${JSON.stringify(schemas)}
export default schedule({ experiments: [
  { file: ${JSON.stringify(file)}, cron: "30 2 * * *", timezone: "Europe/Prague", seedPolicy: "by-date" },
  { file: "test/fixtures/tiny.ts", cron: "0 4 * * 0", keep: 3 },
] })`,
    )
    const unit = await runCommand("schedule", several, "--print-systemd")
    assert.strictEqual(unit.code, 0, unit.stderr)
    assert.match(unit.stdout, /^ExecStart=.*start\.mjs schedule .*several\.ts$/m)
    assert.match(unit.stdout, /^KillMode=mixed$/m)
    const lines = (await runCommand("schedule", several, "--print-crontab", "--now")).stdout
      .trim()
      .split("\n")
    assert.match(lines.at(-3) ?? "", /^30 2 \* \* \* cd .*several\.ts --experiment squares --now$/)
    assert.match(lines.at(-1) ?? "", /^0 4 \* \* 0 cd .*several\.ts --experiment tiny --now$/)
    const seconds = await runCommand("schedule", file, "--cron", "*/2 * * * * *", "--print-crontab")
    assert.strictEqual(seconds.code, 65)
    assert.match(seconds.stderr, /cron has no seconds, found \*\/2/)
    const one = await runCommand(
      "schedule",
      several,
      "--now",
      "--experiment",
      "small",
      "--runs-dir",
      folder("one"),
    )
    assert.strictEqual(one.code, 65)
    assert.match(one.stderr, /it has no experiment small; choose from squares, tiny/)
  })
})
