/** The flag that names a queue, and the error where a command needs it. */
import { Effect, Option } from "effect"
import { Flag } from "effect/cli"
import { FlagRefused } from "./FlagRefused.ts"
import { Failure } from "../schemas/Failure.ts"

export const queueFlag = Flag.String("queue").pipe(
  Flag.withDescription(
    "Use this queue for many machines: a folder that they share, or postgres://USER@HOST/DATABASE",
  ),
  Flag.withMetavar("QUEUE"),
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

/** The words that give the same queue to another command. */
export const queueWords = (given: Option.Option<string>): ReadonlyArray<string> =>
  Option.match(given, { onNone: () => [], onSome: (queue) => ["--queue", queue] })

export interface QueueFlags {
  readonly queue: Option.Option<string>
  readonly threads: Option.Option<number>
}

/** Loads the queue only if one is given: most commands need none. */
export const openQueueIfGiven = Effect.fnUntraced(function* ({ queue: given, threads }: QueueFlags) {
  if (Option.isNone(given)) return undefined
  if (Option.isSome(threads)) {
    return yield* new FlagRefused({ flag: "--threads", reason: "the workers of --queue have their own" })
  }
  const { openQueue } = yield* Effect.promise(() => import("../operations/queue/openQueue.ts"))
  return yield* openQueue(given.value)
})
