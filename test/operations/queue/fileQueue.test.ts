/** The queue in a folder: what every queue must do, on one machine and on several that share the folder. */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { makeFileQueue } from "../../../operations/queue/fileQueue.ts"
import { currentProcess } from "../../../storage/lock/processIdentity.ts"
import { LeaseTimes } from "../../../operations/queue/Queue.ts"
import { finished, queueSuite } from "./queueSuite.ts"
import { jobOf } from "./jobs.ts"

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-queue-"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const lease = { leaseMs: 1200, renewMs: 300 }
const elsewhere = { ...currentProcess(), bootId: "another boot", host: "another-machine" }

describe("a queue in a folder", () => {
  queueSuite({
    lease,
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
      const newer = JSON.stringify({ ...jobOf(1), formatVersion: 3 })
      writeFileSync(join(folder, "jobs", jobOf(1).id, "job.json"), newer)
      assert.strictEqual((yield* queue.claim)?.job.what, jobOf(2).what)
      assert.isUndefined(yield* queue.claim)
      const [listed] = yield* queue.list([jobOf(1).id])
      assert.strictEqual(listed?.state, "queued")
      assert.strictEqual(listed.reason, "written by a newer version")
      assert.strictEqual(listed.what, jobOf(1).what)
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.live("leaves a job alone whose log has an entry of a newer version, and lists why", () =>
    Effect.gen(function* () {
      const folder = join(scratch, "newer-entry")
      const queue = yield* makeFileQueue(folder, "a")
      yield* queue.submit([jobOf(1), jobOf(2), jobOf(3)])
      const claim = yield* queue.claim
      const write = (seed: number, entry: string) =>
        writeFileSync(join(folder, "jobs", jobOf(seed).id, entry), JSON.stringify({ entry: "paused" }))
      write(1, "00003.json")
      write(2, "00002.json")
      assert.strictEqual((yield* queue.claim)?.job.what, jobOf(3).what)
      assert.isUndefined(yield* queue.claim)
      yield* queue.cancel([jobOf(1).id, jobOf(2).id])
      yield* queue.submit([jobOf(1), jobOf(2)])
      assert.deepStrictEqual(
        (yield* queue.list()).map(({ reason, state, what }) => [what, state, reason]),
        [
          [jobOf(1).what, "running", "written by a newer version"],
          [jobOf(2).what, "queued", "written by a newer version"],
          [jobOf(3).what, "running", ""],
        ],
      )
      assert.isFalse(yield* queue.isEmpty)
      // Nothing can be appended to a claim's log that has such an entry.
      assert.strictEqual(yield* claim?.renew ?? Effect.succeed("none"), "lost")
      assert.isFalse(yield* claim?.settle(finished) ?? Effect.succeed(true))
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.live(
    "counts the delay of a job that was given back from then, for a worker that sees it later too",
    () =>
      Effect.gen(function* () {
        const folder = join(scratch, "delayed")
        const first = yield* makeFileQueue(folder, "first")
        yield* first.submit([jobOf(1)])
        const claim = yield* first.claim
        yield* claim?.giveBack({ reason: "no data", kills: 0, returns: 1, delayMs: 600 }) ?? Effect.void
        yield* Effect.sleep(300)
        const second = yield* makeFileQueue(folder, "second")
        assert.isUndefined(yield* second.claim)
        yield* Effect.sleep(400)
        const third = yield* makeFileQueue(folder, "third")
        assert.isDefined(yield* third.claim)
      }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.live("lapses no claim while its folder is away", () =>
    Effect.gen(function* () {
      const folder = join(scratch, "away")
      const holder = yield* makeFileQueue(folder, "holder", elsewhere)
      const other = yield* makeFileQueue(folder, "other")
      yield* holder.submit([jobOf(1)])
      const claim = yield* holder.claim
      yield* claim?.renew ?? Effect.void
      /** Looks for so long; returns whether it got the job. */
      const look = Effect.fnUntraced(function* (durationMs: number) {
        for (let waited = 0; waited < durationMs; waited += 50) {
          if ((yield* other.claim) !== undefined) return true
          yield* Effect.sleep(50)
        }
        return false
      })
      assert.isFalse(yield* look(lease.leaseMs * 0.6))
      renameSync(folder, `${folder}-elsewhere`)
      assert.isFalse(yield* look(lease.leaseMs))
      renameSync(`${folder}-elsewhere`, folder)
      assert.isFalse(yield* look(lease.leaseMs * 0.6))
      assert.isTrue(yield* look(lease.leaseMs))
    }).pipe(Effect.provideService(LeaseTimes, lease), Effect.provide(NodeServices.layer)),
  )

  it.live("lists a job that is submitted again as its newest submission calls it", () =>
    Effect.gen(function* () {
      const queue = yield* makeFileQueue(join(scratch, "again"), "a")
      const whats = Effect.map(queue.list(), (listed) => listed.map(({ what }) => what))
      yield* queue.submit([jobOf(1)])
      assert.deepStrictEqual(yield* whats, [jobOf(1).what])
      yield* queue.cancel([jobOf(1).id])
      yield* queue.submit([jobOf(1, { what: "another name" })])
      assert.deepStrictEqual(yield* whats, ["another name"])
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.live("forgets the place of an ended job in the order, and ignores other files there", () =>
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
