/**
 * Brings a run that was trained without a store to one: (store, run) -> void. A run stays as it is there, unless it was trained
 * further here and no other machine has done so.
 *
 * One that a process trains now is refused: nothing would tell that process that another machine has taken the run over.
 */
import { Effect, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import { makePublisher } from "../../storage/share/publishRun.ts"
import { claimedAttempts, readHead } from "../../storage/share/sharedRun.ts"
import type { Run } from "../../storage/runDirectory.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"

export class StillTraining extends Failure<StillTraining>()("StillTraining", {
  exitCode: "temporary",
  fields: { run: Schema.String, store: Schema.String },
  message: ({ run, store }) =>
    `cannot copy ${run} to ${store}: a process trains it now, without the store; stop that process first, or wait until it has ended`,
}) {}

export const shareLocal = Effect.fn("shareLocal")(function* (store: ObjectStore, run: Run) {
  const { attempts, identity, path, status } = run
  const { id } = identity
  const last = attempts.at(-1)?.number ?? 0
  const there = yield* readHead(store, id)
  if (there !== undefined && Math.max(there.head.attempt, ...(yield* claimedAttempts(store, id))) >= last)
    return
  if (status === "running") return yield* new StillTraining({ run: id, store: store.address })
  const { publish } = yield* makePublisher(store, path, last)
  yield* publish(true)
  yield* Effect.logInfo(`copied ${id} to ${store.address}`)
})
