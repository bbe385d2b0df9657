/**
 * A schedule of every minute, for several minutes, in real processes: it is killed, its run is killed, its data
 * changes, and it is stopped. No scheduled time is lost and none is handled twice. It takes six minutes.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, it } from "@effect/vitest"
import { reached } from "../../fixtures/runFiles.ts"
import { squares, until } from "../../fixtures/squares.ts"

const minute = 60_000

const { attemptsOf, championOf, folder, history, scheduledRuns, remove, runsOf, startSchedule, writeSet } =
  squares()
afterAll(remove)

const name = "minutes"
const startEveryMinute = () => startSchedule(name, "--cron", "* * * * *", "--iterations", "4000")
/** Waits for the run of this number, from 0, to have a checkpoint. */
const trains = (run: number) =>
  until(() => runsOf(name).length > run && reached(join(folder(name), runsOf(name)[run])) >= 25, 3 * minute)
/** Waits for the record of this run. */
const ends = async (run: number) => {
  const find = () => scheduledRuns(name).find((scheduledRun) => scheduledRun.run === runsOf(name)[run])
  await until(() => find() !== undefined, 4 * minute)
  const scheduledRun = find()
  if (scheduledRun === undefined) throw new Error("it was there")
  return scheduledRun
}

it(
  "a schedule of every minute loses no time and handles none twice, while it is killed",
  { timeout: 20 * minute },
  async () => {
    const first = startEveryMinute()
    assert.strictEqual((await ends(0)).outcome, "champion")

    await trains(1)
    first.child.kill("SIGKILL")
    assert.strictEqual((await first.ended).signal, "SIGKILL")
    const second = startEveryMinute()
    // The run continued without its schedule: it is followed, not trained again.
    assert.strictEqual((await ends(1)).exitCode, 0)
    assert.lengthOf(attemptsOf(name, 1), 1)

    await trains(2)
    process.kill(attemptsOf(name, 2)[0].process.pid, "SIGKILL")
    const again = await ends(2)
    assert.deepStrictEqual([again.exitCode, again.retries, again.resumed], [0, 1, true])
    assert.isAbove(attemptsOf(name, 2)[1].resumedFrom ?? 0, 0)

    writeSet(0)
    const champion = championOf(name)
    const refused = () => scheduledRuns(name).find(({ outcome }) => outcome === "failed")
    await until(() => refused() !== undefined, 3 * minute)
    writeSet(3)
    assert.match(
      refused()?.reasons.join() ?? "",
      /^squares is out of bounds: the mean pixel of the train set/,
    )
    assert.strictEqual(championOf(name), champion)

    const last = runsOf(name).length
    await trains(last)
    second.child.kill("SIGTERM")
    const stopped = await second.ended
    assert.strictEqual(stopped.code, 0, stopped.stderr)
    assert.strictEqual(attemptsOf(name, last)[0].outcome?.status, "interrupted")
    const third = startEveryMinute()
    assert.isTrue((await ends(last)).resumed)
    assert.lengthOf(attemptsOf(name, last), 2)
    third.child.kill("SIGTERM")
    assert.strictEqual((await third.ended).code, 0)

    const all = scheduledRuns(name)
    const scheduledTimes = all.map(({ scheduledAt }) => Date.parse(scheduledAt)).sort((a, b) => a - b)
    assert.lengthOf(new Set(scheduledTimes), scheduledTimes.length)
    const seen = all.reduce((sum, { missed }) => sum + 1 + missed, 0)
    assert.strictEqual(seen, (scheduledTimes[scheduledTimes.length - 1] - scheduledTimes[0]) / minute + 1)
    const passed = history(name).filter(({ kind }) => kind === "passed")
    assert.strictEqual(passed.at(-1)?.run, championOf(name))
    const page = readFileSync(join(folder(name), "history.html"), "utf8")
    for (const { run } of all) if (run !== null) assert.include(page, run)
  },
)
