/** Scheduled runs whose training goes through a queue: the worker that trains them hears from the queue alone. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Layer } from "effect"
import { makeFileQueue } from "../../../operations/queue/fileQueue.ts"
import type { Queue } from "../../../operations/queue/Queue.ts"
import { layerQueued } from "../../../operations/schedule/queueWorker.ts"
import { Worker } from "../../../operations/schedule/Worker.ts"
import { createRun } from "../../../storage/runDirectory.ts"
import { engineInfo } from "../../fixtures/engineInfo.ts"
import { finishedRunId, writeFinishedRun } from "../../fixtures/finishedRun.ts"
import { recordDisplay } from "../../fixtures/recordDisplay.ts"
import tiny from "../../fixtures/tiny.ts"
import { jobOf } from "./onTestClock.ts"

const holdAttempt = fileURLToPath(new URL("../../fixtures/holdAttempt.ts", import.meta.url))

/** Waits for the next job, as a worker does. */
const claimNext = Effect.fnUntraced(function* (queue: Queue["Service"]) {
  for (let waited = 0; waited < 10_000; waited += 20) {
    const claim = yield* queue.claim
    if (claim !== undefined) return claim
    yield* Effect.sleep(20)
  }
  return assert.fail("nothing was queued")
})

/** A folder of runs, and two ends of a queue. */
const makePlaces = Effect.gen(function* () {
  const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
  const [schedule, trainer] = [
    yield* makeFileQueue(`${folder}/queue`, "schedule"),
    yield* makeFileQueue(`${folder}/queue`, "trainer"),
  ]
  const runsDir = `${folder}/runs`
  const layer = layerQueued({ runsDir, dataDir: folder }, schedule)
  const provideWorker = Effect.provide(Layer.provide(layer, recordDisplay().layer))
  return { runsDir, trainer, provideWorker }
})

describe("a scheduled run that a worker of a queue trains", () => {
  it.live("is cancelled through the queue, even if its process is on this machine", () =>
    Effect.gen(function* () {
      const { provideWorker, runsDir, trainer } = yield* makePlaces
      const path = writeFinishedRun({ runsDir, second: 1, right: [true], status: "interrupted" })
      const child = spawn(process.execPath, [holdAttempt, path])
      yield* Effect.addFinalizer(() => Effect.sync(() => child.kill("SIGKILL")))
      yield* Effect.promise(() => once(child.stdout, "data"))
      const ended = yield* Effect.gen(function* () {
        const working = yield* (yield* Worker).follow(jobOf(), finishedRunId(1))
        const claim = yield* claimNext(trainer)
        const stop = yield* Effect.forkChild(working.stop)
        while ((yield* claim.renew) !== "cancelling") yield* Effect.sleep(20)
        assert.deepStrictEqual([child.exitCode, child.signalCode], [null, null])
        yield* claim.settle({ status: "cancelled", exitCode: 130, reason: "cancelled", run: null })
        return yield* Fiber.join(stop)
      }).pipe(provideWorker)
      assert.deepStrictEqual(ended, { code: 130, reason: "cancelled" })
      assert.deepStrictEqual([child.exitCode, child.signalCode], [null, null])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )

  it.live("has its id before it is queued, and keeps it after the schedule was killed", () =>
    Effect.gen(function* () {
      const { provideWorker, trainer } = yield* makePlaces
      const job = jobOf({ file: "test/fixtures/tiny.ts" }, "tiny")
      const [first, second] = yield* Effect.all([
        Effect.flatMap(Worker, (worker) => worker.nameRun(job, 7, undefined)),
        Effect.flatMap(Worker, (worker) => worker.nameRun(job, 7, undefined)),
      ]).pipe(provideWorker)
      assert.isDefined(first)
      assert.notStrictEqual(first, second)
      const train = Effect.gen(function* () {
        const worker = yield* Worker
        assert.strictEqual(yield* worker.nameRun(job, 7, first), first)
        return yield* worker.train(job, 7, first)
      })
      const claim = yield* Effect.andThen(train, claimNext(trainer)).pipe(provideWorker)
      // The schedule that is started again queues nothing new.
      yield* Effect.andThen(train, Effect.sleep(300)).pipe(provideWorker)
      assert.isUndefined(yield* trainer.claim)
      assert.strictEqual(claim.job.run, first)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )

  it.live("trains what its id was made for, although the file changes in between", () =>
    Effect.gen(function* () {
      const { provideWorker, runsDir, trainer } = yield* makePlaces
      const file = `${runsDir}.ts`
      const write = (seed: number) =>
        writeFileSync(file, `export default ${JSON.stringify({ ...tiny, seed })}\n`)
      const job = jobOf({ file }, "tiny")
      write(1)
      const claim = yield* Effect.gen(function* () {
        const worker = yield* Worker
        const run = yield* worker.nameRun(job, undefined, undefined)
        write(2)
        yield* worker.train(job, undefined, run)
        return yield* claimNext(trainer)
      }).pipe(provideWorker)
      assert.strictEqual(claim.job.experiment.seed, 1)
      assert.isTrue(claim.job.run?.endsWith(`-${claim.job.fingerprint.slice(0, 8)}`))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )

  it.live("is found although it failed on a machine whose clock is slow, and no earlier run instead", () =>
    Effect.gen(function* () {
      const { provideWorker, runsDir, trainer } = yield* makePlaces
      yield* Effect.gen(function* () {
        const worker = yield* Worker
        const job = jobOf({ file: "test/fixtures/tiny.ts" }, "tiny")
        const train = Effect.fnUntraced(function* (createdAt: string) {
          const working = yield* worker.train(job, 7, undefined)
          const claim = yield* claimNext(trainer)
          const { experiment, experimentFile, fingerprint, overrides, run } = claim.job
          assert.isDefined(run)
          const { identity } = yield* createRun({
            runsDir,
            id: run,
            name: experiment.name,
            fingerprint,
            prepare: () => Effect.void,
            describe: (id) => ({
              formatVersion: 1,
              id,
              createdAt,
              experiment,
              experimentFile,
              overrides,
              fingerprint,
              dataDir: "data",
              engine: engineInfo,
            }),
          })
          yield* claim.settle({ status: "failed", exitCode: 70, reason: "diverged", run: null })
          assert.deepStrictEqual(yield* working.ended, { code: 70, reason: "diverged" })
          return identity.id
        })
        const since = "2026-03-01T01:30:00.000Z"
        for (const createdAt of ["2026-03-02T01:30:00.000Z", "2026-03-01T01:29:00.000Z"]) {
          const run = yield* train(createdAt)
          assert.strictEqual(yield* worker.findRun(job, since, undefined), run)
        }
      }).pipe(provideWorker)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )
})
