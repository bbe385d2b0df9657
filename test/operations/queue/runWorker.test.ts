/** A worker with a queue that a test plays: when it gives a job back, and for how long the job is left alone. */
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Deferred, Effect, Logger } from "effect"
import { type Claim, LeaseTimes, Queue, type Returned } from "../../../operations/queue/Queue.ts"
import { runWorker } from "../../../operations/queue/runWorker.ts"
import type { ShareRuns } from "../../../operations/queue/shareRuns.ts"
import { StopSignal } from "../../../pipeline/StopSignal.ts"
import { recordDisplay } from "../../fixtures/recordDisplay.ts"
import { jobOf } from "./jobs.ts"

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-run-worker-"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Lets a worker train one claim by `words`; returns how it gave the job back. */
const giveBackOf = (
  claim: Pick<Claim, "returns" | "renew">,
  words: ReadonlyArray<string>,
  options: { readonly share?: ShareRuns } = {},
) =>
  Effect.gen(function* () {
    const returned = yield* Deferred.make<Returned>()
    const claims: Array<Claim> = [
      {
        job: jobOf(1),
        kills: 0,
        ...claim,
        settle: (outcome) => Effect.die(new Error(`settled as ${outcome.status}: ${outcome.reason}`)),
        giveBack: (given) => Deferred.succeed(returned, given),
      },
    ]
    const queue = Queue.of({
      address: "a test",
      submit: () => Effect.void,
      claim: Effect.sync(() => claims.pop()),
      isEmpty: Effect.succeed(true),
      list: () => Effect.succeed([]),
      cancel: () => Effect.void,
    })
    yield* runWorker({
      seats: 1,
      untilEmpty: true,
      commandOf: () => Effect.succeed(words),
      onDone: () => Effect.void,
      ...options,
    }).pipe(Effect.provideService(Queue, queue), Effect.provide(StopSignal.layer))
    return yield* Deferred.await(returned)
  }).pipe(
    Effect.provideService(LeaseTimes, { leaseMs: 400, renewMs: 100 }),
    Effect.provide([recordDisplay().layer, Logger.layer([])]),
    Effect.scoped,
    Effect.provide(NodeServices.layer),
  )

const held = Effect.succeed("held" as const)

describe("a worker", () => {
  it.live(
    "leaves a job alone twice as long each time that it cannot be trained, and at most ten minutes",
    () =>
      Effect.gen(function* () {
        const missing = ["run", join(scratch, "missing.ts")]
        for (const [returns, delayMs] of [
          [0, 15_000],
          [3, 120_000],
          [9, 600_000],
        ]) {
          const returned = yield* giveBackOf({ returns, renew: held }, missing)
          assert.match(returned.reason, /missing\.ts: file not found/)
          assert.deepStrictEqual(
            { ...returned, reason: "" },
            { reason: "", kills: 0, returns: returns + 1, delayMs },
          )
        }
      }),
  )

  it.live("leaves a job alone for as long although its run is not shared", () =>
    Effect.gen(function* () {
      const share: ShareRuns = () =>
        Effect.succeed({ look: Effect.void, deliver: Effect.succeed("taken over") })
      const returned = yield* giveBackOf({ returns: 3, renew: held }, ["run", join(scratch, "missing.ts")], {
        share,
      })
      assert.match(returned.reason, /missing\.ts: file not found/)
      assert.deepStrictEqual(
        { ...returned, reason: "" },
        { reason: "", kills: 0, returns: 4, delayMs: 120_000 },
      )
    }),
  )

  it.live("gives a job back at once, with a checkpoint, if it held it for as long as the queue allows", () =>
    Effect.gen(function* () {
      const runsDir = join(scratch, "runs")
      const renew = Effect.sync(() => (existsSync(runsDir) ? ("expired" as const) : ("held" as const)))
      const returned = yield* giveBackOf({ returns: 2, renew }, [
        "run",
        "test/fixtures/tiny.ts",
        "--iterations=40000",
        "--engine=onnx",
        "--threads=1",
        `--runs-dir=${runsDir}`,
        `--data-dir=${join(scratch, "data")}`,
      ])
      assert.deepStrictEqual(returned, {
        reason: "its worker held it for as long as the queue allows",
        kills: 0,
        returns: 2,
        delayMs: 0,
      })
    }),
  )
})
