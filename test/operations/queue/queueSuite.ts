/**
 * What every queue must do, whatever keeps it: (how to open it as a worker) -> tests. A worker that is `remote` cannot be looked
 * at from the others, as on another machine.
 */
import { assert, it } from "@effect/vitest"
import { Effect, type FileSystem, type Path, type Scope } from "effect"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { type Lease, LeaseTimes, type Queue } from "../../../operations/queue/Queue.ts"
import type { QueuedJob, JobOutcome } from "../../../schemas/QueuedJob.ts"
import { jobOf } from "./jobs.ts"

type Opened = Effect.Effect<Queue["Service"], unknown, FileSystem.FileSystem | Path.Path | Scope.Scope>

export interface QueueUnderTest {
  readonly lease: Lease
  /** Opens the queue `name` as this worker. */
  readonly open: (name: string, worker: string, isRemote?: boolean) => Opened
}

export const finished: JobOutcome = { status: "finished", exitCode: 0, reason: "", run: "a-run" }

const claimOf = Effect.fnUntraced(function* (queue: Queue["Service"]) {
  const claim = yield* queue.claim
  if (claim === undefined) return assert.fail("nothing could be claimed")
  return claim
})

const stateOf = Effect.fnUntraced(function* (queue: Queue["Service"], { id }: QueuedJob) {
  const [listed] = yield* queue.list([id])
  return listed?.state
})

/** Claims again and again for so long; what it gets first. */
const claimWithin = Effect.fnUntraced(function* (queue: Queue["Service"], limitMs: number) {
  for (let waited = 0; waited < limitMs; waited += 100) {
    const claim = yield* queue.claim
    if (claim !== undefined) return { claim, waited }
    yield* Effect.sleep(100)
  }
  return undefined
})

export const queueSuite = ({ lease, open }: QueueUnderTest) => {
  const { leaseMs, renewMs } = lease
  const test = (
    name: string,
    effect: (
      queueName: string,
    ) => Effect.Effect<void, unknown, FileSystem.FileSystem | Path.Path | Scope.Scope>,
  ) =>
    it.live(name, () =>
      effect(name.replaceAll(/[^a-z]+/g, "-")).pipe(
        Effect.scoped,
        Effect.provideService(LeaseTimes, lease),
        Effect.provide(NodeServices.layer),
      ),
    )

  test("hands out jobs in the order in which they were submitted, with all that is in them", (name) =>
    Effect.gen(function* () {
      const queue = yield* open(name, "a")
      const jobs = [jobOf(3), jobOf(1), jobOf(2)]
      yield* queue.submit(jobs)
      const claimed = [yield* claimOf(queue), yield* claimOf(queue), yield* claimOf(queue)]
      assert.deepStrictEqual(
        claimed.map(({ job }) => job),
        jobs,
      )
      assert.isUndefined(yield* queue.claim)
      assert.deepStrictEqual(
        (yield* queue.list()).map(({ state, what }) => [what, state]),
        jobs.map(({ what }) => [what, "running"]),
      )
    }))

  test("queues a job once while it is open, and again when it has ended", (name) =>
    Effect.gen(function* () {
      const queue = yield* open(name, "a")
      yield* queue.submit([jobOf(1)])
      yield* queue.submit([jobOf(1)])
      const claim = yield* claimOf(queue)
      yield* queue.submit([jobOf(1)])
      assert.isUndefined(yield* queue.claim)
      assert.isTrue(yield* claim.settle(finished))
      assert.isUndefined(yield* queue.claim)
      assert.deepStrictEqual((yield* queue.list([jobOf(1).id]))[0]?.outcome, finished)
      yield* queue.submit([jobOf(1)])
      assert.strictEqual(yield* stateOf(queue, jobOf(1)), "queued")
      assert.isDefined(yield* queue.claim)
    }))

  test("gives each job to one of several workers that claim at once", (name) =>
    Effect.gen(function* () {
      const workers = yield* Effect.forEach(["a", "b", "c", "d"], (worker) => open(name, worker, true))
      const jobs = Array.from({ length: 12 }, (_, i) => jobOf(i))
      yield* workers[0].submit(jobs)
      const claimAll = Effect.fnUntraced(function* (queue: Queue["Service"]) {
        const mine: Array<string> = []
        for (let claim = yield* queue.claim; claim !== undefined; claim = yield* queue.claim) {
          mine.push(claim.job.what)
        }
        return mine
      })
      const claimed = yield* Effect.forEach(workers, claimAll, { concurrency: "unbounded" })
      assert.deepStrictEqual(claimed.flat().sort(), jobs.map(({ what }) => what).sort())
    }))

  test("keeps a claim that is renewed, and hands a claim that lapsed to another worker", (name) =>
    Effect.gen(function* () {
      const holder = yield* open(name, "holder", true)
      const other = yield* open(name, "other", true)
      yield* holder.submit([jobOf(1)])
      const claim = yield* claimOf(holder)
      const renewals = Effect.forever(Effect.andThen(claim.renew, Effect.sleep(renewMs)))
      const kept = yield* Effect.raceFirst(renewals, claimWithin(other, leaseMs * 1.5))
      assert.isUndefined(kept)
      const taken = yield* claimWithin(other, leaseMs * 2)
      assert.isDefined(taken)
      assert.isAtLeast(taken.waited, leaseMs - 2 * renewMs)
      // The holder wakes up: its claim is lost, and what it says about the job does not count.
      assert.strictEqual(yield* claim.renew, "lost")
      assert.isFalse(yield* claim.settle({ ...finished, run: "late" }))
      assert.isFalse(yield* claim.giveBack({ reason: "late", kills: 0, returns: 0, delayMs: 0 }))
      assert.strictEqual(yield* taken.claim.renew, "held")
      assert.isTrue(yield* taken.claim.settle(finished))
      assert.deepStrictEqual((yield* other.list([jobOf(1).id]))[0]?.outcome, finished)
    }))

  test("takes over a lapsed claim although younger jobs are queued", (name) =>
    Effect.gen(function* () {
      const gone = yield* open(name, "gone", true)
      const other = yield* open(name, "other", true)
      yield* gone.submit([jobOf(1), jobOf(2), jobOf(3)])
      const lost = yield* claimOf(gone)
      const younger = yield* claimOf(other)
      assert.strictEqual(younger.job.what, jobOf(2).what)
      yield* lost.renew
      // The other one trains: it renews its claim, and does not look for jobs.
      for (let trained = 0; trained < leaseMs * 2; trained += renewMs) {
        assert.strictEqual(yield* younger.renew, "held")
        yield* Effect.sleep(renewMs)
      }
      assert.isTrue(yield* younger.settle(finished))
      assert.strictEqual((yield* claimOf(other)).job.what, jobOf(1).what)
      assert.strictEqual((yield* claimOf(other)).job.what, jobOf(3).what)
    }))

  test("is empty when no job is queued or running", (name) =>
    Effect.gen(function* () {
      const queue = yield* open(name, "a")
      assert.isTrue(yield* queue.isEmpty)
      yield* queue.submit([jobOf(1), jobOf(2)])
      assert.isFalse(yield* queue.isEmpty)
      const claim = yield* claimOf(queue)
      yield* queue.cancel([jobOf(2).id])
      assert.isFalse(yield* queue.isEmpty)
      assert.isTrue(yield* claim.settle(finished))
      assert.isTrue(yield* queue.isEmpty)
    }))

  test("hands on what was given back, at once or after the delay, with what is known of it", (name) =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(name, "a"), yield* open(name, "b")]
      yield* a.submit([jobOf(1)])
      const first = yield* claimOf(a)
      assert.strictEqual(first.kills, 0)
      assert.isTrue(
        yield* first.giveBack({ reason: "its worker was stopped", kills: 0, returns: 0, delayMs: 0 }),
      )
      assert.strictEqual((yield* a.list())[0]?.reason, "its worker was stopped")
      const second = yield* claimOf(b)
      assert.isTrue(yield* second.giveBack({ reason: "killed", kills: 1, returns: 2, delayMs: 3000 }))
      assert.isUndefined(yield* b.claim)
      const third = yield* claimWithin(b, 6000)
      assert.isDefined(third)
      assert.isAtLeast(third.waited, 1500)
      assert.deepStrictEqual([third.claim.kills, third.claim.returns], [1, 2])
    }))

  test("cancels what is queued at once, and what is trained when its worker confirms", (name) =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(name, "a"), yield* open(name, "b")]
      yield* a.submit([jobOf(1), jobOf(2)])
      const claim = yield* claimOf(a)
      yield* b.cancel([jobOf(1).id, jobOf(2).id])
      assert.strictEqual(yield* stateOf(b, jobOf(2)), "cancelled")
      assert.strictEqual(yield* stateOf(b, jobOf(1)), "cancelling")
      assert.isUndefined(yield* b.claim)
      assert.strictEqual(yield* claim.renew, "cancelling")
      assert.isTrue(
        yield* claim.settle({ status: "cancelled", exitCode: 130, reason: "cancelled", run: null }),
      )
      assert.strictEqual(yield* stateOf(b, jobOf(1)), "cancelled")
      assert.isUndefined(yield* b.claim)
    }))

  test("never hands out a job that is to be cancelled, even if its worker gives it back or is gone", (name) =>
    Effect.gen(function* () {
      const [a, b] = [yield* open(name, "a", true), yield* open(name, "b", true)]
      yield* a.submit([jobOf(1), jobOf(2)])
      const back = yield* claimOf(a)
      yield* claimOf(a)
      yield* b.cancel([jobOf(1).id, jobOf(2).id])
      assert.isTrue(yield* back.giveBack({ reason: "stopped", kills: 0, returns: 0, delayMs: 0 }))
      assert.strictEqual(yield* stateOf(b, jobOf(1)), "cancelled")
      assert.isUndefined(yield* claimWithin(b, leaseMs * 1.5))
      assert.strictEqual(yield* stateOf(b, jobOf(2)), "cancelled")
    }))
}
