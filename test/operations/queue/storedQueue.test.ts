/** A queue whose runs are in a store, while the store is away: which of both a person reads of. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Logger } from "effect"
import { Queue } from "../../../operations/queue/Queue.ts"
import { makeReachability } from "../../../operations/queue/reachability.ts"
import { makeStoredQueue } from "../../../operations/queue/storedQueue.ts"
import { makeFolderStore } from "../../../storage/store/folderStore.ts"
import { StoreUnavailable } from "../../../storage/store/ObjectStore.ts"
import { jobOf } from "./jobs.ts"

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-stored-queue-"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe("a queue whose runs are in a store", () => {
  it.live("names the store that is away, once, and logs that the store is back", () =>
    Effect.gen(function* () {
      const store = yield* makeFolderStore(join(scratch, "store"))
      let isAway = true
      const list: typeof store.list = (folder) =>
        isAway
          ? Effect.fail(new StoreUnavailable({ store: store.address, reason: "no response" }))
          : store.list(folder)
      const { id, ...job } = jobOf(1)
      const ended = {
        id,
        what: job.what,
        run: null,
        fingerprint: job.fingerprint,
        state: "finished" as const,
        worker: null,
        reason: "",
        outcome: { status: "finished" as const, exitCode: 0, reason: "", run: null },
      }
      const queue = Queue.of({
        address: "the queue of a test",
        submit: () => Effect.void,
        claim: Effect.succeed(undefined),
        isEmpty: Effect.succeed(true),
        list: () => Effect.succeed([ended]),
        cancel: () => Effect.void,
      })
      const stored = yield* makeStoredQueue(queue, { ...store, list }, join(scratch, "runs"))
      const { reach } = yield* makeReachability("waiting for it")
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      yield* Effect.gen(function* () {
        assert.isUndefined(yield* reach(stored.list([id])))
        assert.isUndefined(yield* reach(stored.list([id])))
        isAway = false
        assert.deepStrictEqual(yield* reach(stored.list([id])), [ended])
      }).pipe(Effect.provide(Logger.layer([logger])))
      assert.deepStrictEqual(lines, [
        `cannot copy runs of the store ${store.address}: no response; what is queued stays in the queue; waiting for it`,
        "the store is back",
      ])
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
