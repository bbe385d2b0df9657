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
import { exitCodes } from "../../schemas/exitCodes.ts"
import { type ListedWork, QueuedWork, WorkOutcome, type WorkState } from "../../schemas/QueuedWork.ts"
import { bossSchema, openBoss, reasonOf } from "./boss.ts"
import { type Claim, type ClaimState, LeaseTimes, Queue, QueueUnavailable, type Returned } from "./Queue.ts"
import { readAddress } from "./postgresAddress.ts"

const worksQueue = "works"
/** A job of the same id is here while its work is to be cancelled, but a worker holds it. */
const cancelQueue = "cancelling"

/** pg-boss takes away a job that is active for 24 hours. Before, its claim counts as lost: the run saves a checkpoint. */
const longestClaimMs = 20 * 3_600_000
const day = 86_400
/** The interval between two looks for silent jobs: some ten statements. */
const superviseMs = 4000

const JobData = Schema.Struct({ work: QueuedWork })
const decodeJob = Schema.decodeUnknownOption(JobData)
const encodeJob = Schema.encodeSync(JobData)
const decodeOutcome = Schema.decodeUnknownOption(WorkOutcome)
const decodeReturned = Schema.decodeUnknownOption(Schema.Struct({ reason: Schema.String, kills: Schema.Int }))

/** pg-boss returns how many jobs a statement changed, and leaves it out of its types. */
const decodeAffected = Schema.decodeUnknownSync(Schema.Struct({ affected: Schema.Number }))
const hasChanged = (response: unknown) => decodeAffected(response).affected > 0

/** 32 hexadecimal digits as a UUID, and back. */
const uuidOf = (id: string) => id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
const idOf = (uuid: string) => uuid.replaceAll("-", "")

const byRequest: WorkOutcome = {
  status: "cancelled",
  exitCode: exitCodes.interrupted,
  reason: "cancelled",
  run: null,
}

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
  readonly cancelling: boolean
}

/** pg-boss has no statement that reads many jobs without their data. */
const selectRows = `
  SELECT job.id, job.state::text AS state, job.output, job.data->'work'->>'what' AS what,
    mark.id IS NOT NULL AS cancelling
  FROM ${bossSchema}.job job
  LEFT JOIN ${bossSchema}.job mark ON mark.name = '${cancelQueue}' AND mark.id = job.id
  WHERE job.name = '${worksQueue}' AND ($1::uuid[] IS NULL OR job.id = ANY($1::uuid[]))
  ORDER BY job.created_on`

const isEnded = ({ state }: Row) => state === "completed" || state === "cancelled" || state === "failed"

const stateOf = (row: Row, outcome: WorkOutcome | null): WorkState => {
  if (outcome !== null) return outcome.status
  if (row.cancelling) return "cancelling"
  return row.state === "active" ? "running" : "queued"
}

const outcomeOf = (row: Row): WorkOutcome | null => {
  if (row.state === "cancelled") return byRequest
  return isEnded(row) ? Option.getOrElse(decodeOutcome(row.output), () => byRequest) : null
}

const listedOf = (row: Row): ListedWork => {
  const outcome = outcomeOf(row)
  const returned = Option.getOrUndefined(decodeReturned(row.output))
  const reason = outcome?.reason ?? returned?.reason ?? ""
  const { what } = row
  return { id: idOf(row.id), what, state: stateOf(row, outcome), worker: null, reason, outcome }
}

/** Since when every call has succeeded, without a gap in which nothing was tried. */
const makeConnection = (queue: string, longestGapMs: number) => {
  let sinceMs: number | undefined
  let lastMs = 0
  const call = Effect.fnUntraced(function* <A>(run: () => Promise<A>) {
    const result = yield* Effect.tryPromise({
      try: run,
      catch: (error) => new QueueUnavailable({ queue, reason: reasonOf(error) }),
    }).pipe(Effect.tapError(() => Effect.sync(() => (sinceMs = undefined))))
    const now = yield* elapsedMs
    if (sinceMs === undefined || now - lastMs > longestGapMs) sinceMs = now
    lastMs = now
    return result
  })
  return { call, unbrokenMs: Effect.map(elapsedMs, (now) => (sinceMs === undefined ? 0 : now - sinceMs)) }
}

type Call = ReturnType<typeof makeConnection>["call"]

const isMarked = (boss: PgBoss, call: Call, id: string) =>
  Effect.map(
    call(() => boss.findJobs(cancelQueue, { id })),
    (marks) => marks.length > 0,
  )

const makeClaim = (boss: PgBoss, call: Call, job: ActiveJob, work: QueuedWork, sinceMs: number): Claim => {
  const { id, retryCount } = job
  const attempt = { id, retryCount }
  const complete = Effect.fnUntraced(function* (outcome: WorkOutcome) {
    const isEnded = hasChanged(yield* call(() => boss.complete(worksQueue, attempt, outcome)))
    if (isEnded) yield* call(() => boss.deleteJob(cancelQueue, id))
    return isEnded
  })
  const giveBack = Effect.fnUntraced(function* ({ delayMs, kills, reason }: Returned) {
    if (yield* isMarked(boss, call, id)) return yield* complete(byRequest)
    const isBack = hasChanged(yield* call(() => boss.fail(worksQueue, attempt, { reason, kills })))
    const startAfter = Math.ceil(delayMs / 1000)
    if (isBack && startAfter > 0) yield* call(() => boss.update(worksQueue, undefined, { id, startAfter }))
    return isBack
  })
  return {
    work,
    kills: Option.match(decodeReturned(job.output), { onNone: () => 0, onSome: ({ kills }) => kills }),
    renew: Effect.gen(function* () {
      if ((yield* elapsedMs) - sinceMs > longestClaimMs) return "lost" satisfies ClaimState as ClaimState
      if (!hasChanged(yield* call(() => boss.touch(worksQueue, attempt)))) return "lost"
      return (yield* isMarked(boss, call, id)) ? "cancelling" : "held"
    }),
    settle: complete,
    giveBack,
  }
}

const createQueues = (boss: PgBoss, call: Call, leaseMs: number) =>
  call(async () => {
    await boss.createQueue(worksQueue, {
      // How often a work is given back or taken over does not end it.
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
  const { call, unbrokenMs } = makeConnection(address.shown, 2 * renewMs)
  const rowsOf = (ids: ReadonlyArray<string> | undefined) =>
    Effect.map(
      call(() => boss.getDb().executeSql(selectRows, [ids === undefined ? null : ids.map(uuidOf)])),
      ({ rows }): ReadonlyArray<Row> => rows,
    )
  yield* createQueues(boss, call, leaseMs)

  const submit = Effect.fnUntraced(function* (works: ReadonlyArray<QueuedWork>) {
    const known = new Map((yield* rowsOf(works.map(({ id }) => id))).map((row) => [row.id, row]))
    for (const work of works) {
      const id = uuidOf(work.id)
      const row = known.get(id)
      if (row !== undefined && !isEnded(row)) continue
      if (row !== undefined) {
        yield* call(() => boss.deleteJob(cancelQueue, id))
        yield* call(() => boss.deleteJob(worksQueue, id))
      }
      // One after the other: jobs are claimed in the order of their times.
      yield* call(() => boss.insert(worksQueue, [{ id, data: encodeJob({ work }) }]))
    }
  })

  const supervising = yield* Semaphore.make(1)
  let supervisedMs = Number.NEGATIVE_INFINITY
  const supervise = Effect.gen(function* () {
    const now = yield* elapsedMs
    if (now - supervisedMs < superviseMs || (yield* unbrokenMs) < leaseMs) return
    supervisedMs = now
    yield* call(() => boss.supervise(worksQueue))
  }).pipe(supervising.withPermits(1))

  const claim = Effect.gen(function* () {
    yield* supervise
    while (true) {
      const [job] = yield* call(() => boss.fetch(worksQueue, { includeMetadata: true }))
      if (job === undefined) return undefined
      const data = Option.getOrUndefined(decodeJob(job.data))
      const { id, retryCount } = job
      if (data === undefined) {
        // A newer version may have written it: its workers take it.
        const output = { reason: "its worker does not understand it", kills: 0 }
        yield* call(() => boss.fail(worksQueue, { id, retryCount }, output))
        yield* call(() => boss.update(worksQueue, undefined, { id, startAfter: 30 }))
        continue
      }
      const claimed = makeClaim(boss, call, job, data.work, yield* elapsedMs)
      if (!(yield* isMarked(boss, call, id))) return claimed
      yield* claimed.settle(byRequest)
    }
  })

  const cancel = Effect.fnUntraced(function* (ids: ReadonlyArray<string>) {
    for (const row of yield* rowsOf(ids)) {
      const { id } = row
      if (isEnded(row)) continue
      if (row.state === "active") yield* call(() => boss.insert(cancelQueue, [{ id }]))
      else yield* call(() => boss.cancel(worksQueue, id))
    }
  })

  return Queue.of({
    address: address.shown,
    submit,
    claim,
    list: (ids) => Effect.map(rowsOf(ids), (rows) => rows.map(listedOf)),
    cancel,
  })
})
