/** Schedules for longer: every two seconds for some runs, and killed with SIGKILL, with and without their run. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import type { ScheduledRun } from "../../../schemas/ScheduledRun.ts"
import { start, startAs } from "../../fixtures/cli.ts"
import { reached } from "../../fixtures/runFiles.ts"
import { decodeScheduledRun, squares, until } from "../../fixtures/squares.ts"

const {
  attemptsOf,
  championOf,
  file,
  folder,
  remove,
  runSchedule,
  runsOf,
  scheduledRuns,
  scratch,
  startSchedule,
} = squares()
afterAll(remove)

const trains = (name: string) => () =>
  runsOf(name).length === 1 && reached(join(folder(name), runsOf(name)[0])) >= 25

describe("a scheduled run", () => {
  it("whose schedule and process are killed with SIGKILL resumes from its checkpoint", async () => {
    const { child, ended } = startSchedule("killed", "--now", "--iterations", "4000")
    await until(trains("killed"))
    child.kill("SIGKILL")
    process.kill(attemptsOf("killed")[0].process.pid, "SIGKILL")
    assert.strictEqual((await ended).signal, "SIGKILL")
    const again = await runSchedule("killed", "--now")
    assert.strictEqual(again.code, 0, again.stderr)
    assert.lengthOf(runsOf("killed"), 1)
    assert.isAbove(attemptsOf("killed")[1].resumedFrom ?? 0, 0)
    assert.lengthOf(scheduledRuns("killed"), 1)
    assert.strictEqual(championOf("killed"), runsOf("killed")[0])
  })

  it("whose schedule alone is killed is followed to its end, and judged", async () => {
    const { child, ended } = startSchedule("orphan", "--now", "--iterations", "6000")
    await until(trains("orphan"))
    child.kill("SIGKILL")
    await ended
    const again = await runSchedule("orphan", "--now")
    assert.strictEqual(again.code, 0, again.stderr)
    assert.lengthOf(runsOf("orphan"), 1)
    assert.lengthOf(attemptsOf("orphan"), 1)
    assert.strictEqual(scheduledRuns("orphan")[0].outcome, "champion")
  })
})

describe("a schedule every two seconds", () => {
  it("runs while a webhook hangs, fails and redirects, refuses a second schedule, and ends with SIGTERM", async () => {
    const received: Array<ScheduledRun> = []
    let requests = 0
    let release = () => {}
    const server = createServer((request, response) => {
      let body = ""
      request.on("data", (data) => (body += String(data)))
      request.on("end", () => {
        requests++
        if (requests === 1) release = () => response.writeHead(503).end()
        else if (request.url === "/runs") response.writeHead(307, { location: "/moved" }).end()
        else {
          received.push(decodeScheduledRun(body))
          response.writeHead(200).end()
        }
      })
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/runs`
    const often = join(scratch, "often.ts")
    const entry = { file, cron: "*/2 * * * * *", engine: "onnx", seedPolicy: "by-date", keep: 1 }
    const webhook = { url, timeoutSeconds: 50 }
    writeFileSync(often, `export default ${JSON.stringify({ experiments: [entry], webhook })}`)
    const { child, ended } = start(
      "schedule",
      often,
      "--runs-dir",
      folder("often"),
      "--data-dir",
      join(scratch, "data"),
    )
    const trained = () =>
      existsSync(join(folder("often"), "schedule.ndjson"))
        ? scheduledRuns("often").filter(({ run }) => run !== null)
        : []
    await until(() => trained().length >= 1)
    const second = await runSchedule("often", "--now")
    assert.strictEqual(second.code, 75, second.stderr)
    assert.include(second.stderr, `process ${child.pid}`)
    await until(() => trained().length >= 3)
    assert.deepStrictEqual([requests, received], [1, []])
    release()
    await until(() => received.length >= 3)
    child.kill("SIGTERM")
    const { code, stderr } = await ended
    server.close()
    assert.strictEqual(code, 0, stderr)
    assert.deepStrictEqual(
      trained()
        .slice(0, 2)
        .map(({ outcome }) => outcome),
      ["champion", "challenger"],
    )
    assert.match(trained()[1].reasons.join(), /its predictions are identical to the champion's/)
    assert.deepStrictEqual(received.slice(0, 3), scheduledRuns("often").slice(0, 3))
    assert.include(runsOf("often"), championOf("often"))
    assert.isAtMost(runsOf("often").length, 3)
  })
})

describe("what would fail at a scheduled time", () => {
  it("includes a folder that is not writable, before a run is due", async () => {
    const nobody = process.getuid?.() === 0 ? 65_534 : undefined
    const closed = folder("closed")
    mkdirSync(join(closed, "data"), { recursive: true })
    chmodSync(join(closed, "data"), 0o777)
    chmodSync(scratch, 0o755)
    chmodSync(closed, 0o555)
    writeFileSync(join(scratch, "a-file"), "")
    const data = join(closed, "data")
    for (const [runs, dataDir, message] of [
      [closed, data, /cannot schedule runs in .*closed: .*permission denied/],
      [join(closed, "runs"), data, /cannot schedule runs in .*closed\/runs: .*permission denied/],
      [data, closed, /cannot schedule runs in .*closed: .*permission denied/],
      [join(scratch, "a-file"), data, /cannot schedule runs in .*a-file: /],
    ] as const) {
      const started = startAs(
        nobody,
        "schedule",
        file,
        "--cron",
        "30 2 * * *",
        "--runs-dir",
        runs,
        "--data-dir",
        dataDir,
      )
      const { code, stderr } = await started.ended
      assert.strictEqual(code, 66, stderr)
      assert.match(stderr, message)
      assert.strictEqual(stderr.trim().split("\n").length, 1, stderr)
    }
    chmodSync(closed, 0o755)
  })
})
