/** The queue in a folder: what every queue must do, on one machine and on several that share the folder. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { makeFileQueue } from "../../../operations/queue/fileQueue.ts"
import { currentProcess } from "../../../storage/lock/processIdentity.ts"
import { queueSuite } from "./queueSuite.ts"
import { jobOf } from "./jobs.ts"

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-queue-"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const elsewhere = { ...currentProcess(), bootId: "another boot", host: "another-machine" }

describe("a queue in a folder", () => {
  queueSuite({
    lease: { leaseMs: 1200, renewMs: 300 },
    open: (name, worker, isRemote = false) =>
      makeFileQueue(join(scratch, name), worker, isRemote ? elsewhere : undefined),
  })

  it.live("takes over at once from a process of this machine that is gone", () =>
    Effect.gen(function* () {
      const folder = join(scratch, "gone")
      const gone = { ...currentProcess(), pid: 2 ** 22 + 1, started: "1" }
      const dead = yield* makeFileQueue(folder, "dead", gone)
      const other = yield* makeFileQueue(folder, "other")
      yield* dead.submit([jobOf(1)])
      assert.isDefined(yield* dead.claim)
      assert.isDefined(yield* other.claim)
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.live("leaves a job of a newer version in the queue, and trains the others", () =>
    Effect.gen(function* () {
      const folder = join(scratch, "newer")
      const queue = yield* makeFileQueue(folder, "a")
      yield* queue.submit([jobOf(1), jobOf(2)])
      const newer = JSON.stringify({ ...jobOf(1), formatVersion: 2 })
      writeFileSync(join(folder, "jobs", jobOf(1).id, "job.json"), newer)
      assert.strictEqual((yield* queue.claim)?.job.what, jobOf(2).what)
      assert.isUndefined(yield* queue.claim)
      assert.strictEqual((yield* queue.list([jobOf(1).id]))[0]?.state, "queued")
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.live("forgets the place of an ended job in the order, and of one without entries", () =>
    Effect.gen(function* () {
      const folder = join(scratch, "markers")
      const queue = yield* makeFileQueue(folder, "a")
      yield* queue.submit([jobOf(1)])
      yield* queue.cancel([jobOf(1).id])
      mkdirSync(join(folder, "open"), { recursive: true })
      writeFileSync(join(folder, "open", "not-a-job"), "")
      assert.isUndefined(yield* queue.claim)
      assert.deepStrictEqual(readdirSync(join(folder, "open")), ["not-a-job"])
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
