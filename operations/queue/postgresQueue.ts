/**
 * A queue in PostgreSQL, for many machines: (address) -> Queue, by pg-boss.
 *
 * A claim is a job of pg-boss that is active. Its attempt number (`retryCount`) fences every statement, and its heartbeat is
 * renewed. Times are the database's, with their zone. A claim lapses when a worker with a free seat asks pg-boss to look for silent
 * jobs; it does so only after one lease of unbroken connection, so after an outage the holders renew first.
 */
import { Effect, Option, Schema, Semaphore } from "effect"
import type { PgBoss } from "pg-boss"
import { elapsedMs } from "../../format/elapsed.ts"
import { cancelled, type ListedJob, QueuedJob, JobOutcome, type JobState } from "../../schemas/QueuedJob.ts"
import { bossSchema, openBoss, reasonOf } from "./boss.ts"
import { makeConnection } from "./connection.ts"
import { type Claim, type ClaimState, LeaseTimes, Queue, QueueUnavailable, type Returned } from "./Queue.ts"
import { readAddress } from "./postgresAddress.ts"

const jobsQueue = "jobs"
/** A mark with the id of a job is here while the job is to be cancelled, but a worker holds it. */
const cancelQueue = "cancelling"

/** pg-boss takes away a job that is active for 24 hours. Before, the worker gives it back: the run saves a checkpoint. */
const longestClaimMs = 20 * 3_600_000
const day = 86_400
/** The interval between two looks for silent jobs: no index has them. */
const lookMs = 4000
/** pg-boss then looks for silent jobs itself, and deletes old ones: some ten statements. */
const superviseMs = 60_000

const JobData = Schema.Struct({ job: QueuedJob })
const decodeJob = Schema.decodeUnknownOption(JobData)
const encodeJob = Schema.encodeSync(JobData)
const decodeOutcome = Schema.decodeUnknownOption(JobOutcome)
/** What a job that was given back keeps; those of the versions before have no `returns`. */
const Kept = Schema.Struct({
  reason: Schema.String,
  kills: Schema.Int,
  returns: Schema.optionalKey(Schema.Int),
})
const decodeReturned = Schema.decodeUnknownOption(Kept)

/** pg-boss returns how many jobs a statement changed, and leaves it out of its types. */
const decodeAffected = Schema.decodeUnknownSync(Schema.Struct({ affected: Schema.Number }))
const hasChanged = (response: unknown) => decodeAffected(response).affected > 0

/** 32 hexadecimal digits as a UUID, and back. */
const uuidOf = (id: string) => id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
const idOf = (uuid: string) => uuid.replaceAll("-", "")

const byRequest = cancelled("cancelled")

/** What is used of a job that pg-boss hands out. */
interface ActiveJob {
  readonly id: string
  readonly retryCount: number
  /** What the previous attempt left. */
  readonly output: unknown
}

interface Row {
  readonly id: string
  readonly state: string
  readonly output: unknown
  readonly what: string
  readonly run: string | null
  readonly fingerprint: string | null
  readonly cancelling: boolean
}

/** pg-boss has no statement that reads many jobs without their data. */
const selectRows = `
  SELECT job.id, job.state::text AS state, job.output, job.data->'job'->>'what' AS what,
    job.data->'job'->>'run' AS run, job.data->'job'->>'fingerprint' AS fingerprint, mark.id IS NOT NULL AS cancelling
  FROM ${bossSchema}.job job
  LEFT JOIN ${bossSchema}.job mark ON mark.name = '${cancelQueue}' AND mark.id = job.id
  WHERE job.name = '${jobsQueue}' AND ($1::uuid[] IS NULL OR job.id = ANY($1::uuid[]))
  ORDER BY job.created_on`

const selectOpen = `
  SELECT id FROM ${bossSchema}.job
  WHERE name = '${jobsQueue}' AND state IN ('created', 'retry', 'active') LIMIT 1`

/** What the statement that claims a job costs is saved while there is none. */
const selectWaiting = `
  SELECT 1 FROM ${bossSchema}.job
  WHERE name = '${jobsQueue}' AND state < 'active' AND NOT blocked AND start_after <= now() LIMIT 1`

const selectSilent = `
  SELECT 1 FROM ${bossSchema}.job
  WHERE name = '${jobsQueue}' AND state = 'active' AND heartbeat_on + heartbeat_seconds * interval '1s' < now() LIMIT 1`

const isEnded = ({ state }: Row) => state === "completed" || state === "cancelled" || state === "failed"

const stateOf = (row: Row, outcome: JobOutcome | null): JobState => {
  if (outcome !== null) return outcome.status
  if (row.cancelling) return "cancelling"
  return row.state === "active" ? "running" : "queued"
}

const outcomeOf = (row: Row): JobOutcome | null => {
  if (row.state === "cancelled") return byRequest
  return isEnded(row) ? Option.getOrElse(decodeOutcome(row.output), () => byRequest) : null
}

const listedOf = (row: Row): ListedJob => {
  const outcome = outcomeOf(row)
  const returned = Option.getOrUndefined(decodeReturned(row.output))
  const reason = outcome?.reason ?? returned?.reason ?? ""
  const { fingerprint, run, what } = row
  return {
    id: idOf(row.id),
    what,
    run,
    fingerprint,
    state: stateOf(row, outcome),
    worker: null,
    reason,
    outcome,
  }
}

type Call = <A>(run: () => Promise<A>) => Effect.Effect<A, QueueUnavailable>

const isMarked = (boss: PgBoss, call: Call, id: string) =>
  Effect.map(
    call(() => boss.findJobs(cancelQueue, { id })),
    (marks) => marks.length > 0,
  )

const makeClaim = (boss: PgBoss, call: Call, active: ActiveJob, job: QueuedJob, sinceMs: number): Claim => {
  const { id, retryCount } = active
  const attempt = { id, retryCount }
  const complete = Effect.fnUntraced(function* (outcome: JobOutcome) {
    const isEnded = hasChanged(yield* call(() => boss.complete(jobsQueue, attempt, outcome)))
    if (isEnded) yield* call(() => boss.deleteJob(cancelQueue, id))
    return isEnded
  })
  const giveBack = Effect.fnUntraced(function* ({ delayMs, ...kept }: Returned) {
    if (yield* isMarked(boss, call, id)) return yield* complete(byRequest)
    const isBack = hasChanged(yield* call(() => boss.fail(jobsQueue, attempt, kept)))
    const startAfter = Math.ceil(delayMs / 1000)
    if (isBack && startAfter > 0) yield* call(() => boss.update(jobsQueue, undefined, { id, startAfter }))
    return isBack
  })
  const { kills = 0, returns = 0 } = Option.getOrElse(
    decodeReturned(active.output),
    () => ({}) as Partial<typeof Kept.Type>,
  )
  return {
    job,
    kills,
    returns,
    renew: Effect.gen(function* () {
      const isHeld = hasChanged(yield* call(() => boss.touch(jobsQueue, attempt)))
      if (!isHeld) return "lost" satisfies ClaimState as ClaimState
      if (yield* isMarked(boss, call, id)) return "cancelling"
      return (yield* elapsedMs) - sinceMs > longestClaimMs ? "expired" : "held"
    }),
    settle: complete,
    giveBack,
  }
}

const createQueues = (boss: PgBoss, call: Call, leaseMs: number) =>
  call(async () => {
    await boss.createQueue(jobsQueue, {
      // How often a job is given back or taken over does not end it.
      retryLimit: 2 ** 31 - 1,
      retryDelay: 0,
      heartbeatSeconds: Math.ceil(leaseMs / 1000),
      expireInSeconds: day,
      retentionSeconds: 365 * day,
      deleteAfterSeconds: 30 * day,
    })
    await boss.createQueue(cancelQueue, { retentionSeconds: 365 * day })
  })

export const makePostgresQueue = Effect.fnUntraced(function* (given: string) {
  const address = yield* readAddress(given)
  const { leaseMs, renewMs } = yield* LeaseTimes
  const boss = yield* openBoss(address)
  const { unbrokenMs, watch } = makeConnection(2 * renewMs)
  const call: Call = (run) =>
    watch(
      Effect.tryPromise({
        try: run,
        catch: (error) => new QueueUnavailable({ queue: address.shown, reason: reasonOf(error) }),
      }),
    )
  const rowsOf = (ids: ReadonlyArray<string> | undefined) =>
    Effect.map(
      call(() => boss.getDb().executeSql(selectRows, [ids === undefined ? null : ids.map(uuidOf)])),
      ({ rows }): ReadonlyArray<Row> => rows,
    )
  yield* createQueues(boss, call, leaseMs)

  const submit = Effect.fnUntraced(function* (jobs: ReadonlyArray<QueuedJob>) {
    const known = new Map((yield* rowsOf(jobs.map(({ id }) => id))).map((row) => [row.id, row]))
    for (const job of jobs) {
      const id = uuidOf(job.id)
      const row = known.get(id)
      if (row !== undefined && !isEnded(row)) continue
      if (row !== undefined) {
        yield* call(() => boss.deleteJob(cancelQueue, id))
        yield* call(() => boss.deleteJob(jobsQueue, id))
      }
      // One after the other: jobs are claimed in the order of their times.
      yield* call(() => boss.insert(jobsQueue, [{ id, data: encodeJob({ job }) }]))
    }
  })

  const isAny = (statement: string) =>
    Effect.map(
      call(() => boss.getDb().executeSql(statement)),
      ({ rows }) => rows.length > 0,
    )

  const supervising = yield* Semaphore.make(1)
  let lookedMs = Number.NEGATIVE_INFINITY
  let supervisedMs = Number.NEGATIVE_INFINITY
  const supervise = Effect.gen(function* () {
    const now = yield* elapsedMs
    if (now - lookedMs < lookMs || (yield* unbrokenMs) < leaseMs) return
    lookedMs = now
    if (now - supervisedMs < superviseMs && !(yield* isAny(selectSilent))) return
    supervisedMs = now
    yield* call(() => boss.supervise(jobsQueue))
  }).pipe(supervising.withPermits(1))

  const claim = Effect.gen(function* () {
    yield* supervise
    while (yield* isAny(selectWaiting)) {
      const [active] = yield* call(() => boss.fetch(jobsQueue, { includeMetadata: true }))
      if (active === undefined) return undefined
      const data = Option.getOrUndefined(decodeJob(active.data))
      const { id, retryCount } = active
      if (data === undefined) {
        // A newer version may have written it: its workers take it.
        const output = { reason: "its worker does not understand it", kills: 0 }
        yield* call(() => boss.fail(jobsQueue, { id, retryCount }, output))
        yield* call(() => boss.update(jobsQueue, undefined, { id, startAfter: 30 }))
        continue
      }
      const claimed = makeClaim(boss, call, active, data.job, yield* elapsedMs)
      if (!(yield* isMarked(boss, call, id))) return claimed
      yield* claimed.settle(byRequest)
    }
    return undefined
  })

  const cancel = Effect.fnUntraced(function* (ids: ReadonlyArray<string>) {
    for (const row of yield* rowsOf(ids)) {
      const { id } = row
      if (isEnded(row)) continue
      if (row.state === "active") yield* call(() => boss.insert(cancelQueue, [{ id }]))
      else yield* call(() => boss.cancel(jobsQueue, id))
    }
  })

  return Queue.of({
    address: address.shown,
    submit,
    claim,
    isEmpty: Effect.map(isAny(selectOpen), (isOpen) => !isOpen),
    list: (ids) => Effect.map(rowsOf(ids), (rows) => rows.map(listedOf)),
    cancel,
  })
})
