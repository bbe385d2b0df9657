/** `pipeline worker`: trains what is in a queue, or, as its child process, one job of it. */
import { mkdtempSync, rmSync } from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { basename, join } from "node:path"
import { Console, Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import type { JobDone, WorkerOptions } from "../../operations/queue/runWorker.ts"
import { plural } from "../../format/numbers.ts"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { QueuedJobText } from "../../schemas/QueuedJob.ts"
import * as files from "../../storage/files.ts"
import { tryWriteReportPage } from "../../views/report/tryWriteReportPage.ts"
import { dataDir, json, runsDir, threads, wholeNumber } from "../flags.ts"
import { neededQueue, openStoreIfGiven, queueFlag, storeFlag } from "../queueFlag.ts"

const seats = wholeNumber("seats", 1).pipe(
  Flag.withDescription(
    "Train N runs in parallel: each in a process with its share of the cores (default: 1)",
  ),
  Flag.withDefault(1),
)

const untilEmpty = Flag.Boolean("until-empty").pipe(
  Flag.withDescription("End when nothing is queued or running anymore; without it, wait for more"),
  Flag.withDefault(false),
)

const job = Flag.String("job").pipe(
  Flag.withDescription("Train only the job in this file, as the processes of a worker do"),
  Flag.withMetavar("FILE"),
  Flag.optional,
)

const flags = { queue: queueFlag, store: storeFlag, seats, threads, untilEmpty, job, runsDir, dataDir, json }
type Options = Command.Command.Config.Infer<typeof flags>

const encodeJob = Schema.encodeSync(QueuedJobText)

/** Trains one job; its worker reads from standard output which run it is. */
const runJob = Effect.fnUntraced(function* (file: string, options: Options) {
  const decoded = yield* Schema.decodeUnknownEffect(QueuedJobText)(yield* files.readString(file)).pipe(
    Effect.orDie,
  )
  const { trainJob } = yield* Effect.promise(() => import("../../operations/queue/trainJob.ts"))
  const store = yield* openStoreIfGiven(options.store)
  const path = yield* trainJob(decoded, {
    ...(store === undefined ? {} : { store }),
    threads: Option.getOrUndefined(options.threads),
    runsDir: options.runsDir,
    dataDir: options.dataDir,
    onTested: tryWriteReportPage,
  })
  yield* Console.log(JSON.stringify({ run: basename(path) }))
})

const describe = ({ reason, run, status, job }: JobDone) => {
  if (status === "finished") return `finished ${job.what}: ${run ?? "unknown run"}`
  return `${status === "returned" ? "gave back" : status} ${job.what}: ${reason}`
}

/** The store of a worker, which must keep its conditions. */
const openSharing = Effect.fnUntraced(function* ({ runsDir, store: given }: Options) {
  const store = yield* openStoreIfGiven(given)
  if (store === undefined) return undefined
  const { checkStore } = yield* Effect.promise(() => import("../../storage/store/checkStore.ts"))
  const { makeShareRuns } = yield* Effect.promise(() => import("../../operations/queue/shareRuns.ts"))
  yield* checkStore(store)
  return { address: store.address, share: yield* makeShareRuns(store, runsDir) }
})

const runAll = Effect.fnUntraced(function* (options: Options) {
  const { openQueue } = yield* Effect.promise(() => import("../../operations/queue/openQueue.ts"))
  const { Queue } = yield* Effect.promise(() => import("../../operations/queue/Queue.ts"))
  const { runWorker } = yield* Effect.promise(() => import("../../operations/queue/runWorker.ts"))
  const queue = yield* openQueue(yield* neededQueue(options.queue))
  const store = yield* openSharing(options)
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "tidemark-worker-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true })),
  )
  const share = Math.max(1, Math.floor(availableParallelism() / options.seats))
  const ownThreads = Option.getOrElse(options.threads, () => share)
  const commandOf: WorkerOptions["commandOf"] = Effect.fnUntraced(function* (job) {
    const file = join(folder, `${job.id}.json`)
    yield* Effect.acquireRelease(files.writeAtomic(file, encodeJob(job)).pipe(Effect.orDie), () =>
      Effect.ignore(files.remove(file)),
    )
    const words = {
      job: file,
      threads: ownThreads,
      "runs-dir": options.runsDir,
      "data-dir": options.dataDir,
      ...(Option.isSome(options.store) ? { store: options.store.value } : {}),
    }
    return ["worker", ...Object.entries(words).flatMap(([name, value]) => [`--${name}`, String(value)])]
  })
  const onDone = (done: JobDone) => {
    const log = done.status === "failed" ? Effect.logWarning : Effect.logInfo
    const { id, what } = done.job
    const line = { id, what, status: done.status, reason: done.reason, run: done.run }
    return Effect.andThen(log(describe(done)), options.json ? Console.log(JSON.stringify(line)) : Effect.void)
  }
  const seatsText = plural(options.seats, "1 seat", "seats")
  const threadsText = plural(ownThreads, "1 thread", "threads")
  yield* Effect.logInfo(`worker at ${queue.address}: ${seatsText}, ${threadsText} each`)
  if (store !== undefined) yield* Effect.logInfo(`runs are shared at ${store.address}`)
  const { seats, untilEmpty } = options
  const sharing = store === undefined ? {} : { share: store.share }
  yield* runWorker({ seats, untilEmpty, commandOf, onDone, ...sharing }).pipe(
    Effect.provideService(Queue, queue),
  )
}, Effect.scoped)

export const worker = Command.make(
  "worker",
  flags,
  Effect.fn("worker")(function* (options) {
    yield* Option.isSome(options.job) ? runJob(options.job.value, options) : runAll(options)
  }, Effect.provide(StopSignal.layer)),
).pipe(
  Command.withDescription(
    "Train runs of a queue, on any machine that reaches it and the folder or the store of the runs. A signal saves checkpoints and gives the runs back",
  ),
  Command.withShortDescription("Train runs of a queue"),
  Command.withExamples([
    {
      command: "pipeline worker --queue /shared/queue --runs-dir /shared/runs --seats 2",
      description: "Train two runs at a time of a queue in a shared folder",
    },
    {
      command: "pipeline worker --queue postgres://tidemark@db.example/tidemark --runs-dir /shared/runs",
      description: "Train runs of a queue in a database; the password is in PGPASSWORD or ~/.pgpass",
    },
    {
      command: "pipeline worker --queue postgres://tidemark@db.example/tidemark --store s3://models/tidemark",
      description: "Share the runs through a bucket, where the machines have no folder in common",
    },
  ]),
)
