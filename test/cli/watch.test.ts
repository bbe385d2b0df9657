/** `watch`: follows finished, running and killed runs, and renders their curves. */
import { spawn } from "node:child_process"
import { appendFileSync, mkdtempSync, rmSync, utimesSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type LiveRun, observe } from "../../inspect/liveRun.ts"
import { plot, sparkline } from "../../cli/render/plot.ts"
import { renderLive } from "../../cli/render/renderLiveRun.ts"
import { start } from "../fixtures/cli.ts"
import { runCommand } from "../fixtures/command.ts"
import { writeRun } from "../fixtures/writeRun.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-watch-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const observed = (path: string, before?: LiveRun) =>
  Effect.runPromise(Effect.provide(observe(path, before), NodeServices.layer))

const hold = (run: string) => {
  const child = spawn(process.execPath, [
    fileURLToPath(new URL("../fixtures/holdAttempt.ts", import.meta.url)),
    run,
  ])
  const held = new Promise((resolve) => child.stdout.once("data", resolve))
  return { child, held }
}

const row = (iteration: number) =>
  `${JSON.stringify({ split: "train", iteration, epoch: iteration / 100, loss: 1 / iteration, error: 0.5, batchLoss: 1, batchError: 0.5, learningRate: 0.1 })}\n`

describe("watch", () => {
  it("exits 0 for a finished run, 130 for an interrupted one, 1 for a failed one", async () => {
    const runsDir = join(scratch, "ended")
    writeRun({ runsDir, second: 1 })
    writeRun({ runsDir, second: 2, status: "interrupted", unfinished: true })
    writeRun({ runsDir, second: 3, status: "failed", unfinished: true })
    const watch = (second: number) => runCommand("watch", `20260101T00000${second}`, "--runs-dir", runsDir)
    const finished = await watch(1)
    assert.strictEqual(finished.code, 0, finished.stderr)
    assert.match(
      finished.stdout,
      /^finished · iteration 20\/20 .*validation error 25\.00 % · 200 images\/s$/m,
    )
    assert.match(finished.stdout, /^test error {8}50\.00 %$/m)
    const interrupted = await watch(2)
    assert.strictEqual(interrupted.code, 130)
    assert.match(interrupted.stderr, /did not finish: a reason; resume it with/)
    assert.strictEqual((await watch(3)).code, 1)
    const reason = "interrupted by SIGTERM during train at iteration 16 of 20"
    writeRun({ runsDir, second: 4, status: "interrupted", unfinished: true, reason })
    assert.match(
      (await watch(4)).stderr,
      /-small-00000000 did not finish: interrupted by SIGTERM during train .*; resume it with/,
    )
  })

  it("follows a run in plain lines and detects at once that it was killed", async () => {
    const run = writeRun({
      runsDir: join(scratch, "live"),
      second: 1,
      status: "interrupted",
      unfinished: true,
    })
    const { child, held } = hold(run)
    await held
    const { child: watcher, ended } = start("watch", run)
    await new Promise((resolve) => watcher.stdout?.once("data", resolve))
    child.kill("SIGKILL")
    const { code, stderr, stdout } = await ended
    assert.strictEqual(code, 130, stderr)
    assert.match(stdout, /^running · iteration 20/m)
    assert.match(stderr, /did not finish: its process is gone/)
    assert.notInclude(stdout, "\u001B")
  })

  it("ends when its reader is gone, without stopping the run", async () => {
    const run = writeRun({
      runsDir: join(scratch, "deaf"),
      second: 1,
      status: "interrupted",
      unfinished: true,
    })
    const { child, held } = hold(run)
    await held
    const { child: watcher, ended } = start("watch", run)
    await new Promise((resolve) => watcher.stdout?.once("data", resolve))
    watcher.stdout?.destroy()
    const error = (iteration: number) =>
      `${JSON.stringify({ split: "validation", iteration, epoch: 1, loss: 1, accuracy: 0.9, error: 0.1 })}\n`
    let iteration = 30
    const rows = setInterval(() => appendFileSync(join(run, "metrics.ndjson"), error(iteration++)), 200)
    try {
      assert.strictEqual((await ended).code, 0)
      assert.isNull(child.exitCode)
    } finally {
      clearInterval(rows)
      child.kill("SIGKILL")
    }
  })

  it("measures speed and remaining time from the times of metric rows, and resets them after a resume", async () => {
    const run = writeRun({
      runsDir: join(scratch, "speed"),
      second: 1,
      status: "interrupted",
      unfinished: true,
      validation: Array.from({ length: 10 }, () => 0.5),
    })
    const { child, held } = hold(run)
    await held
    try {
      const metrics = join(run, "metrics.ndjson")
      const appeared = (iteration: number, second: number) => {
        appendFileSync(metrics, row(iteration))
        utimesSync(metrics, second, second)
      }
      rmSync(metrics)
      appeared(10, 1_800_000_000)
      const first = await observed(run)
      assert.strictEqual(first.imagesPerSecond, null)
      appeared(20, 1_800_000_004)
      const second = await observed(run, first)
      // Ten iterations of 20 images in four seconds, independent of when the file was read.
      assert.strictEqual(second.imagesPerSecond, 50)
      assert.strictEqual(second.total, 100)
      assert.strictEqual(second.secondsLeft, (80 * 20) / 50)
      rmSync(metrics)
      appeared(10, 1_800_000_008)
      assert.strictEqual((await observed(run, second)).imagesPerSecond, null)
    } finally {
      child.kill("SIGKILL")
    }
  })

  it("exits 66 for an unknown run; renders lines that fit the terminal", async () => {
    assert.strictEqual((await runCommand("watch", "nothing", "--runs-dir", scratch)).code, 66)
    const run = writeRun({
      runsDir: join(scratch, "narrow"),
      second: 1,
      validation: Array.from({ length: 500 }, (_, i) => 1 / (i + 2)),
    })
    for (const columns of [40, 80, 120]) {
      assert.isTrue(renderLive(await observed(run), columns).every((line) => line.length < columns))
    }
  })
})

describe("plot", () => {
  it("draws a sparkline with one character per value, up to its width, and a logarithmic scale for large ranges", () => {
    assert.strictEqual(sparkline([1, 2, 3], 10), "▁▅█")
    assert.strictEqual(sparkline([1000, 100, 10, 1], 10), "█▆▃▁")
    assert.strictEqual(sparkline([5, 5], 10), "▁▁")
    assert.strictEqual(sparkline([], 10), "")
    assert.strictEqual(sparkline([Number.NaN, 1, 2], 10), "▁█")
    assert.strictEqual(
      sparkline(
        Array.from({ length: 1000 }, (_, i) => i),
        20,
      ).length,
      20,
    )
  })

  it("draws each curve with its letter, and a * where curves meet", () => {
    const drawn = plot(
      [
        {
          mark: "A",
          points: [
            { x: 0, y: 2 },
            { x: 10, y: 1 },
          ],
        },
        {
          mark: "B",
          points: [
            { x: 0, y: 1 },
            { x: 10, y: 1 },
          ],
        },
      ],
      { width: 24, height: 3, label: (y) => y.toFixed(0) },
    )
    assert.deepStrictEqual(drawn.split("\n"), [
      "2 │AAAAA",
      "  │     AAAAAAAAAA",
      "  │BBBBBBBBBBBBBBB******",
      "  └─────────────────────",
      "   0                  10",
    ])
    assert.strictEqual(plot([], { width: 20, height: 3, label: String }), "")
  })
})
