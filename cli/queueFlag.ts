/** The flag that names a queue, and the error where a command needs it. */
import { Effect, Option } from "effect"
import { Flag } from "effect/cli"
import { FlagRefused } from "./FlagRefused.ts"
import { Failure } from "../schemas/Failure.ts"
import type { Run } from "../storage/runDirectory.ts"

export const queueFlag = Flag.String("queue").pipe(
  Flag.withDescription(
    "Use this queue for many machines: a folder that they share, or postgres://USER@HOST/DATABASE",
  ),
  Flag.withMetavar("QUEUE"),
  Flag.optional,
)

/** Of commands that only look. */
export const readQueueFlag = queueFlag.pipe(
  Flag.withDescription("Show runs that wait for a worker of this queue as queued"),
)

/** Loads the queue only if one is given. */
export const openToRead = Effect.fnUntraced(function* (given: Option.Option<string>) {
  if (Option.isNone(given)) return undefined
  const { openQueue } = yield* Effect.promise(() => import("../operations/queue/openQueue.ts"))
  return yield* openQueue(given.value)
})

export const storeFlag = Flag.String("store").pipe(
  Flag.withDescription(
    "Share the runs through this store, for machines that share no folder: s3://BUCKET/PREFIX, or a folder",
  ),
  Flag.withMetavar("STORE"),
  Flag.optional,
)

class QueueMissing extends Failure<QueueMissing>()("QueueMissing", {
  exitCode: "usage",
  fields: {},
  message: () =>
    "--queue is missing: expected a folder, such as --queue /shared/queue, or postgres://USER@HOST/DATABASE",
}) {}

export const neededQueue = (given: Option.Option<string>) =>
  Option.match(given, { onNone: () => Effect.fail(new QueueMissing()), onSome: Effect.succeed })

const wordsOf = (name: string, given: Option.Option<string>): ReadonlyArray<string> =>
  Option.match(given, { onNone: () => [], onSome: (value) => [`--${name}`, value] })

/** The words that give the same queue and store to another command. */
export const queueWords = ({ queue, store }: Pick<QueueFlags, "queue" | "store">) => [
  ...wordsOf("queue", queue),
  ...wordsOf("store", store),
]

/** Loads the store only if one is given. */
export const openStoreIfGiven = Effect.fnUntraced(function* (given: Option.Option<string>) {
  if (Option.isNone(given)) return undefined
  const { openStore } = yield* Effect.promise(() => import("../storage/store/openStore.ts"))
  return yield* openStore(given.value)
})

/** Other machines take a run from the store: one that was trained without it is copied there. */
export const shareIfStored = Effect.fnUntraced(function* (given: Option.Option<string>, run: Run) {
  const store = yield* openStoreIfGiven(given)
  if (store === undefined) return
  const { shareLocal } = yield* Effect.promise(() => import("../operations/queue/shareLocal.ts"))
  yield* shareLocal(store, run)
})

/** Copies what a name stands for from the store, if one is given and it is there. */
export const pullIfStored = Effect.fnUntraced(function* (
  given: Option.Option<string>,
  runsDir: string,
  name: string,
) {
  const store = yield* openStoreIfGiven(given)
  if (store === undefined) return
  const { pullNamed } = yield* Effect.promise(() => import("../storage/share/pullNamed.ts"))
  yield* pullNamed(store, runsDir, [name])
})

export interface QueueFlags {
  readonly queue: Option.Option<string>
  readonly store: Option.Option<string>
  readonly runsDir: string
  readonly threads: Option.Option<number>
}

/** Loads the queue, and the store of its runs, only if one is given: most commands need none. */
export const openQueueIfGiven = Effect.fnUntraced(function* ({
  queue: given,
  runsDir,
  store,
  threads,
}: QueueFlags) {
  if (Option.isNone(given)) {
    if (Option.isNone(store)) return undefined
    return yield* new FlagRefused({ flag: "--store", reason: "it is for the runs of workers; add --queue" })
  }
  if (Option.isSome(threads)) {
    return yield* new FlagRefused({ flag: "--threads", reason: "the workers of --queue have their own" })
  }
  const { openQueue } = yield* Effect.promise(() => import("../operations/queue/openQueue.ts"))
  const queue = yield* openQueue(given.value)
  const opened = yield* openStoreIfGiven(store)
  if (opened === undefined) return { queue, store: undefined }
  const { makeStoredQueue } = yield* Effect.promise(() => import("../operations/queue/storedQueue.ts"))
  return { queue: yield* makeStoredQueue(queue, opened, runsDir), store: opened }
})
