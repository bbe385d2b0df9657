/** The processes of scheduled runs: they report why they failed, and end when they are stopped. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import { Effect, Fiber, FileSystem } from "effect"
import { TestClock } from "effect/testing"
import { startProcess } from "../../../operations/childProcess.ts"
import { layerProcesses } from "../../../operations/schedule/processWorker.ts"
import { sendSignal } from "../../../operations/schedule/sendSignal.ts"
import { Worker } from "../../../operations/schedule/Worker.ts"
import { jobOf } from "./onTestClock.ts"
import { recordDisplay } from "../../fixtures/recordDisplay.ts"
import { finishedRunId, writeFinishedRun } from "../../fixtures/finishedRun.ts"

const holdAttempt = fileURLToPath(new URL("../../fixtures/holdAttempt.ts", import.meta.url))

afterEach(() => vi.unstubAllEnvs())

/** Follows a run, stops it, and lets the grace period of two minutes pass. */
const stopping = (deaf: boolean) =>
  Effect.gen(function* () {
    const runsDir = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
    const path = writeFinishedRun({ runsDir, second: 1, right: [true], status: "interrupted" })
    const ignore = ["--import", `data:text/javascript,process.on("SIGTERM",()=>{})`]
    const child = spawn(process.execPath, [...(deaf ? ignore : []), holdAttempt, path])
    yield* Effect.addFinalizer(() => Effect.sync(() => child.kill("SIGKILL")))
    const exited = once(child, "exit")
    yield* Effect.promise(() => once(child.stdout, "data"))
    const ended = yield* Effect.gen(function* () {
      const worker = yield* Worker
      const working = yield* worker.follow(jobOf(), finishedRunId(1))
      const stop = yield* Effect.forkChild(working.stop)
      while (stop.pollUnsafe() === undefined) {
        yield* TestClock.adjust("10 seconds")
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 50)))
      }
      return yield* Fiber.join(stop)
    }).pipe(
      Effect.provide(layerProcesses({ runsDir, dataDir: runsDir })),
      Effect.provide(recordDisplay().layer),
    )
    const [, signal] = yield* Effect.promise(() => exited)
    return { ended, signal }
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

describe("a followed run", () => {
  it.effect("is stopped by SIGTERM", () =>
    Effect.gen(function* () {
      const { ended, signal } = yield* stopping(false)
      assert.strictEqual(signal, "SIGTERM")
      assert.strictEqual(ended.code, 130)
    }),
  )

  it.effect("that ignores SIGTERM is killed after the grace period", () =>
    Effect.gen(function* () {
      const { ended, signal } = yield* stopping(true)
      assert.strictEqual(signal, "SIGKILL")
      assert.strictEqual(ended.code, 130)
    }),
  )
})

describe("a process", () => {
  it("reports why it failed, also if colours are forced", async () => {
    vi.stubEnv("NO_COLOR", undefined)
    vi.stubEnv("FORCE_COLOR", "1")
    const { layer, lines } = recordDisplay()
    const { code, reason } = await Effect.runPromise(
      startProcess(["run", "nothing.ts"]).pipe(
        Effect.flatMap(({ ended }) => ended),
        Effect.provide(layer),
      ),
    )
    assert.strictEqual(code, 66)
    assert.match(reason, /^cannot load .*nothing\.ts: file not found; /)
    assert.deepStrictEqual(lines, [])
  })

  it("may be gone when it is signalled", async () => {
    const child = spawn(process.execPath, ["-e", ""])
    await once(child, "exit")
    assert.isFalse(sendSignal(child.pid ?? 0, "SIGTERM"))
  })
})
