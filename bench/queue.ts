/**
 * What a queue costs: throughput with many jobs and workers, an idle worker, and one training.
 *
 *   pnpm bench:queue [--json] [--jobs 10000] [--workers 100] [--queues folder,postgres] [--trainings 5] [--idle 60]
 *
 * - So many jobs are queued, listed, and claimed and settled by so many simulated workers, which train nothing. They share this
 *   process. A second time they hold each job for a second and renew their claims, as workers that train do.
 * - A real worker without jobs: processor time, and transactions of the database.
 * - A real worker that trains a small network: the time from submission to the claim, to the first sign of the run, and what the
 *   queue and the process add to fetching, validating, training and testing.
 *
 * Simulated workers in a folder wait for the disk in the threads of one process: UV_THREADPOOL_SIZE=64 lets more of them wait at once.
 * PostgreSQL is Debian's package; without it, only the folder is measured.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, type Scope } from "effect"
import { table } from "../cli/render/table.ts"
import type { Queue } from "../operations/queue/Queue.ts"
import { makeFileQueue } from "../operations/queue/fileQueue.ts"
import { makePostgresQueue } from "../operations/queue/postgresQueue.ts"
import { currentProcess } from "../storage/lock/processIdentity.ts"
import { start } from "../test/fixtures/cli.ts"
import { type Postgres, postgresMissing, startPostgres } from "../test/fixtures/postgres.ts"
import { smallMnist } from "../test/fixtures/smallMnist.ts"
import { jobOf } from "../test/operations/queue/jobs.ts"
import { measureTrainings } from "./queueTrainings.ts"
import { quartiles } from "./quartiles.ts"

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    jobs: { type: "string", default: "10000" },
    workers: { type: "string", default: "100" },
    queues: { type: "string", default: "folder,postgres" },
    trainings: { type: "string", default: "5" },
    idle: { type: "string", default: "60" },
  },
})
const [jobs, workers, trainings, idleSeconds] = [
  options.jobs,
  options.workers,
  options.trainings,
  options.idle,
].map(Number)
const scratch = mkdtempSync(join(tmpdir(), "tidemark-bench-"))

interface Place {
  readonly name: string
  readonly address: string
  readonly open: (worker: string) => Effect.Effect<Queue["Service"], unknown, Scope.Scope>
}

const finished = { status: "finished", exitCode: 0, reason: "", run: "a-run" } as const
const seconds = (since: number) => (performance.now() - since) / 1000

/** Claims and settles until nothing is left; returns how long each claim took. */
const drain = Effect.fnUntraced(function* (queue: Queue["Service"], holdMs: number) {
  const claimMs: Array<number> = []
  while (true) {
    const begun = performance.now()
    const claim = yield* queue.claim
    if (claim === undefined) return claimMs
    claimMs.push(performance.now() - begun)
    if (holdMs > 0) {
      yield* Effect.sleep(holdMs / 2)
      yield* claim.renew
      yield* Effect.sleep(holdMs / 2)
    }
    yield* claim.settle(finished)
  }
})

const log = (text: string) => console.error(`${(performance.now() / 1000).toFixed(1)} s: ${text}`)

const measureThroughput = Effect.fnUntraced(function* ({ open }: Place) {
  const submitter = yield* open("submitter")
  const drainAll = Effect.fnUntraced(function* (count: number, holdMs: number) {
    const submitted = performance.now()
    yield* submitter.submit(Array.from({ length: count }, (_, seed) => jobOf(seed)))
    const submitSeconds = seconds(submitted)
    log(`${count} jobs are queued`)
    const listed = performance.now()
    yield* submitter.list()
    const listSeconds = seconds(listed)
    const again = performance.now()
    yield* submitter.list()
    const listAgainSeconds = seconds(again)
    const queues = yield* Effect.forEach(
      Array.from({ length: workers }, (_, i) => `worker ${i}`),
      open,
    )
    log(`${workers} workers are open`)
    const [drained, processor] = [performance.now(), process.cpuUsage()]
    const claims = yield* Effect.forEach(queues, (queue) => drain(queue, holdMs), {
      concurrency: "unbounded",
    })
    const drainSeconds = seconds(drained)
    const { system, user } = process.cpuUsage(processor)
    log("all are settled")
    const claimMs = quartiles(claims.flat())
    const processorSeconds = (system + user) / 1e6
    return { count, submitSeconds, listSeconds, listAgainSeconds, drainSeconds, processorSeconds, claimMs }
  })
  return { without: yield* drainAll(jobs, 0), holding: yield* drainAll(Math.min(jobs, 10 * workers), 1000) }
})

/** Processor time of a process so far, in seconds; NaN except on Linux (proc(5)). */
const processorOf = (pid: number) => {
  if (process.platform !== "linux") return Number.NaN
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

const transactions = (postgres: Postgres | undefined) =>
  postgres === undefined
    ? Number.NaN
    : Number(
        postgres.query("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'idle'"),
      )

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A worker after its first 20 seconds, in which it starts. */
const measureIdle = async (address: string, postgres: Postgres | undefined) => {
  const { child, ended } = start("worker", `--queue=${address}`, `--runs-dir=${join(scratch, "idle-runs")}`)
  await pause(20_000)
  const pid = child.pid ?? 0
  const [processor, committed] = [processorOf(pid), transactions(postgres)]
  await pause(idleSeconds * 1000)
  const shareOfCore = (processorOf(pid) - processor) / idleSeconds
  const perSecond = (transactions(postgres) - committed) / idleSeconds
  child.kill("SIGTERM")
  await ended
  return { shareOfCore, transactionsPerSecond: postgres === undefined ? null : perSecond }
}

const measure = async (place: Place, postgres: Postgres | undefined) => {
  const throughput =
    jobs === 0 ? null : await Effect.runPromise(Effect.scoped(Effect.orDie(measureThroughput(place))))
  const idle = idleSeconds === 0 ? null : await measureIdle(place.address.replace("bench", "idle"), postgres)
  const address = place.address.replace("bench", "trainings")
  const experiment = smallMnist(join(scratch, "small-mnist"))
  const training =
    trainings === 0 ? null : await measureTrainings(scratch, place.name, address, experiment, trainings)
  return { queue: place.name, throughput, idle, training }
}

const elsewhere = (worker: string) => ({ ...currentProcess(), bootId: worker, host: worker })

const folderPlace = (): Place => {
  const address = join(scratch, "bench-queue")
  const open = (worker: string) =>
    makeFileQueue(address, worker, elsewhere(worker)).pipe(Effect.provide(NodeServices.layer))
  return { name: "folder", address, open }
}

const postgresPlace = (postgres: Postgres): Place => {
  for (const name of ["bench", "idle", "trainings"]) postgres.query(`CREATE DATABASE ${name}`)
  const address = postgres.address.replace(/postgres$/, "bench")
  const open = () => makePostgresQueue(address).pipe(Effect.provide(NodeServices.layer))
  return { name: "postgres", address, open }
}

type Measured = Awaited<ReturnType<typeof measure>>

const rowsOf = ({ idle, queue, throughput, training }: Measured) => {
  const rows: Array<ReadonlyArray<string>> = []
  if (throughput !== null) {
    const { holding, without } = throughput
    const { claimMs, count, drainSeconds } = without
    const claims = `${claimMs.median.toFixed(1)} (${claimMs.lower.toFixed(1)} to ${claimMs.upper.toFixed(1)}) ms`
    rows.push([queue, `${count} jobs are queued in`, `${without.submitSeconds.toFixed(1)} s`])
    rows.push([
      queue,
      "listed in; again in",
      `${without.listSeconds.toFixed(2)} s; ${without.listAgainSeconds.toFixed(2)} s`,
    ])
    rows.push([queue, `claimed and settled by ${workers} workers in`, `${drainSeconds.toFixed(1)} s`])
    rows.push([queue, "processor time of the workers", `${without.processorSeconds.toFixed(1)} s`])
    rows.push([queue, "a claim takes, with its quartiles", claims])
    const ideal = holding.count / workers
    rows.push([
      queue,
      `${holding.count} jobs of 1 s by ${workers} workers: ${ideal.toFixed(0)} s of work take`,
      `${holding.drainSeconds.toFixed(1)} s`,
    ])
  }
  if (idle !== null) {
    rows.push([queue, "an idle worker: share of a core", `${(100 * idle.shareOfCore).toFixed(2)} %`])
    if (idle.transactionsPerSecond !== null) {
      rows.push([queue, "an idle worker: transactions a second", idle.transactionsPerSecond.toFixed(1)])
    }
  }
  if (training !== null) {
    for (const [what, { lower, median, upper }] of Object.entries(training)) {
      rows.push([queue, what, `${median.toFixed(2)} (${lower.toFixed(2)} to ${upper.toFixed(2)}) s`])
    }
  }
  return rows
}

try {
  const measured: Array<Measured> = []
  const names = options.queues.split(",")
  if (names.includes("folder")) measured.push(await measure(folderPlace(), undefined))
  if (names.includes("postgres") && postgresMissing === "") {
    const postgres = await startPostgres(scratch, `max_connections=${5 * workers + 20}`)
    try {
      measured.push(await measure(postgresPlace(postgres), postgres))
    } finally {
      postgres.stop()
    }
  } else if (names.includes("postgres")) console.error(`PostgreSQL is not measured: ${postgresMissing}`)
  console.log(
    options.json
      ? JSON.stringify(measured, null, 2)
      : table(["queue", "what", "measured"], measured.flatMap(rowsOf)),
  )
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
process.exit()
