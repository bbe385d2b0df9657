/** What becomes of a number that a machine claimed in the store before it died: the next machine waits for its silence and takes the run over. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Logger } from "effect"
import { withStore } from "../../../operations/queue/withStore.ts"
import { StopSignal } from "../../../pipeline/StopSignal.ts"
import { beginAttempt } from "../../../storage/attempts.ts"
import { currentProcess } from "../../../storage/lock/processIdentity.ts"
import { silenceLimitMs } from "../../../storage/lock/owner.ts"
import { makePublisher } from "../../../storage/share/publishRun.ts"
import { attemptKey, claimedAttempts } from "../../../storage/share/sharedRun.ts"
import { makeFolderStore } from "../../../storage/store/folderStore.ts"
import type { ObjectStore } from "../../../storage/store/ObjectStore.ts"
import { engineInfo } from "../../fixtures/engineInfo.ts"
import { jobOf } from "./jobs.ts"

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-with-store-"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const run = "20261122T020000Z-tiny-3f9a1c2e"
const described = {
  engine: engineInfo,
  node: "24",
  tidemark: "0",
  gitCommit: null,
  iterations: null,
}
const deadAttempt = (number: number) =>
  `${JSON.stringify({
    number,
    process: { ...currentProcess(), bootId: "another boot", host: "elsewhere" },
    startedAt: "2026-11-22T02:00:00.000Z",
    ...described,
    resumedFrom: null,
    outcome: null,
  })}\n`

const claimElsewhere = (store: ObjectStore, number: number) =>
  store.create(attemptKey(run, number), new TextEncoder().encode(deadAttempt(number)))

const createHere = (runsDir: string) => {
  mkdirSync(join(runsDir, run, "attempts"), { recursive: true })
  writeFileSync(join(runsDir, run, "run.json"), "{}")
}

/** One try of a worker to train the run: the number of its attempt. */
const attemptIn = (store: ObjectStore, runsDir: string) =>
  withStore(
    store,
    jobOf(1, { run }),
    runsDir,
    Effect.suspend(() => {
      // As `startRun` does for a job that names its run.
      createHere(runsDir)
      const path = join(runsDir, run)
      return Effect.map(beginAttempt(path, join(path, "attempts"), described), ({ number }) => number)
    }),
  ).pipe(
    Effect.provideService(silenceLimitMs, 600),
    Effect.scoped,
    Effect.provide([StopSignal.layer, Logger.layer([])]),
    Effect.provide(NodeServices.layer),
  )

const expectRefusedOnce = Effect.fnUntraced(function* (store: ObjectStore, runsDir: string, number: number) {
  const refused = yield* Effect.flip(attemptIn(store, runsDir))
  assert.strictEqual(refused._tag, "AttemptRefused")
  assert.include(refused.message, "another machine has taken the run")
  assert.strictEqual(yield* attemptIn(store, runsDir), number)
  assert.strictEqual(Math.max(...(yield* claimedAttempts(store, run))), number)
})

describe("a number that a machine claimed before it died", () => {
  it.live("does not block a run that it has never published", () =>
    Effect.gen(function* () {
      const store = yield* makeFolderStore(join(scratch, "first-store"))
      yield* claimElsewhere(store, 1)
      yield* expectRefusedOnce(store, join(scratch, "first"), 2)
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.live("does not block a run whose head is older and copied already", () =>
    Effect.gen(function* () {
      const store = yield* makeFolderStore(join(scratch, "second-store"))
      const elsewhere = join(scratch, "elsewhere")
      createHere(elsewhere)
      writeFileSync(join(elsewhere, run, "attempts", "0001.json"), deadAttempt(1))
      yield* claimElsewhere(store, 1)
      yield* (yield* makePublisher(store, join(elsewhere, run), 1)).publish(true)
      const runsDir = join(scratch, "second")
      const job = jobOf(1, { run })
      yield* withStore(store, job, runsDir, Effect.void).pipe(Effect.provide(StopSignal.layer))
      yield* claimElsewhere(store, 2)
      yield* expectRefusedOnce(store, runsDir, 3)
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
