/** `pipeline queue`: lists what is in a queue, or cancels some of it. */
import { Console, Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { program } from "../../format/program.ts"
import { Failure } from "../../schemas/Failure.ts"
import { isOpen, type ListedJob } from "../../schemas/QueuedJob.ts"
import { json } from "../flags.ts"
import { neededQueue, queueFlag } from "../queueFlag.ts"
import { renderJobs } from "../render/renderJobs.ts"

const cancel = Flag.String("cancel").pipe(
  Flag.withDescription("Cancel these jobs, by the beginning of their ids; all cancels every one"),
  Flag.withMetavar("ID,ID"),
  Flag.optional,
)

const all = Flag.Boolean("all").pipe(
  Flag.withDescription("List the jobs that have ended too"),
  Flag.withDefault(false),
)

class NoSuchJob extends Failure<NoSuchJob>()("NoSuchJob", {
  exitCode: "noInput",
  fields: { id: Schema.String, queue: Schema.String },
  message: ({ id, queue }) =>
    `--cancel: ${queue} has no queued or running job ${id}; list them with \`${program} queue --queue ${queue}\``,
}) {}

class JobAmbiguous extends Failure<JobAmbiguous>()("JobAmbiguous", {
  exitCode: "usage",
  fields: { id: Schema.String, found: Schema.Array(Schema.String) },
  message: ({ found, id }) =>
    `--cancel: ${id} is the beginning of ${found.length} ids, expected one: ${found.join(", ")}; give more digits`,
}) {}

class NotConfirmed extends Failure<NotConfirmed>()("NotConfirmed", {
  exitCode: "temporary",
  fields: { jobs: Schema.Array(Schema.String) },
  message: ({ jobs }) =>
    `cancelled, but not confirmed by a worker: ${jobs.join(", ")}; it cannot reach the queue, and stops when it can`,
}) {}

class NotCancelled extends Failure<NotCancelled>()("NotCancelled", {
  exitCode: "dataError",
  fields: { jobs: Schema.Array(Schema.String) },
  message: ({ jobs }) =>
    `cannot cancel ${jobs.join(", ")}: written by a newer version of tidemark; cancel with that version`,
}) {}

const cancelAll = Effect.fnUntraced(function* (given: string, jobs: ReadonlyArray<ListedJob>, queue: string) {
  const open = jobs.filter(isOpen)
  const chosen = new Set<string>()
  for (const wanted of given === "all" ? [] : given.split(",")) {
    const found = open.filter(({ id }) => wanted !== "" && id.startsWith(wanted))
    if (found.length === 0) return yield* new NoSuchJob({ id: wanted, queue })
    if (found.length > 1) return yield* new JobAmbiguous({ id: wanted, found: found.map(({ id }) => id) })
    chosen.add(found[0].id)
  }
  const { cancelJobs } = yield* Effect.promise(() => import("../../operations/queue/cancelJobs.ts"))
  const ids = given === "all" ? open.map(({ id }) => id) : [...chosen]
  return yield* cancelJobs(ids)
})

const checkCancelled = Effect.fnUntraced(function* (jobs: ReadonlyArray<ListedJob>) {
  const open = jobs.filter(isOpen)
  const whats = (isThere: boolean) =>
    open.filter(({ state }) => (state === "cancelling") === isThere).map(({ what }) => what)
  const [unconfirmed, kept] = [whats(true), whats(false)]
  if (unconfirmed.length > 0) return yield* new NotConfirmed({ jobs: unconfirmed })
  if (kept.length > 0) return yield* new NotCancelled({ jobs: kept })
})

export const queue = Command.make(
  "queue",
  { queue: queueFlag, cancel, all, json },
  Effect.fn("queue")(function* (options) {
    const { openQueue } = yield* Effect.promise(() => import("../../operations/queue/openQueue.ts"))
    const { Queue } = yield* Effect.promise(() => import("../../operations/queue/Queue.ts"))
    const queue = yield* openQueue(yield* neededQueue(options.queue))
    const jobs = yield* queue.list()
    const isCancelling = Option.isSome(options.cancel)
    const shown = isCancelling
      ? yield* cancelAll(options.cancel.value, jobs, queue.address).pipe(Effect.provideService(Queue, queue))
      : jobs.filter((job) => options.all || isOpen(job))
    yield* Console.log(options.json ? JSON.stringify(shown, null, 2) : renderJobs(shown, jobs.length))
    if (isCancelling) yield* checkCancelled(shown)
  }, Effect.scoped),
).pipe(
  Command.withDescription("List the queued and running jobs of a queue, or cancel some"),
  Command.withExamples([
    {
      command: "pipeline queue --queue /shared/queue",
      description: "List what is queued and what is running",
    },
    {
      command: "pipeline queue --queue /shared/queue --cancel all",
      description: "Cancel everything; checkpoints stay in the runs",
    },
  ]),
)
