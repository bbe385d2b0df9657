/**
 * A queue in a folder, for one machine or for several that share the folder: (folder, name of this worker) -> Queue.
 *
 *   open/<order>-<id>           what may be claimed, in this order; an empty file
 *   jobs/<id>/job.json        the job
 *   jobs/<id>/00001.json …     its log (`jobLog.ts`)
 *   jobs/<id>/00002.beat       a counter of the worker whose claim is entry 2
 *
 * A claim of a process of this machine lapses when the process is gone. Any other has lapsed if its counter did not change during a
 * lease that this process watched, so no clock is compared with another machine's, and an outage of the disk lapses no claim.
 */
import { randomUUID } from "node:crypto"
import { Clock, Effect, type FileSystem, Path, Schema } from "effect"
import { type ListedJob, QueuedJob, type JobOutcome } from "../../schemas/QueuedJob.ts"
import { elapsedMs } from "../../format/elapsed.ts"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { createExclusive } from "../../storage/createExclusive.ts"
import * as files from "../../storage/files.ts"
import { currentProcess, processState } from "../../storage/lock/processIdentity.ts"
import type { StorageFailed } from "../../storage/StorageFailed.ts"
import { type Claim, type ClaimState, type Lease, LeaseTimes, Queue, QueueUnavailable } from "./Queue.ts"
import {
  type Claimed,
  decodeEntry,
  encodeEntry,
  type Entry,
  noEntries,
  withEntry,
  type JobLogState,
} from "./jobLog.ts"

const JobText = Schema.fromJsonString(QueuedJob)
const decodeJob = Schema.decodeUnknownEffect(JobText)
const encodeJob = Schema.encodeSync(JobText)

const numbered = (number: number, extension: string) => `${String(number).padStart(5, "0")}.${extension}`

const idOfMarker = (name: string) => /^\d+-([0-9a-f]{32})$/.exec(name)?.[1]

const cancelled = (reason: string): JobOutcome => ({
  status: "cancelled",
  exitCode: exitCodes.interrupted,
  reason,
  run: null,
})

const beforeStart = cancelled("cancelled before it was trained")
const byRequest = cancelled("cancelled")

/** The jobs of a folder and their logs, as this process has read them so far. */
const makeJobs = (folder: string, paths: Path.Path) => {
  const known = new Map<string, JobLogState>()
  const jobFolder = (id: string) => paths.join(folder, "jobs", id)
  const entryFile = (id: string, number: number) => paths.join(jobFolder(id), numbered(number, "json"))

  /** Reads the entries that were appended since the last time. */
  const read = Effect.fnUntraced(function* (id: string) {
    let state = known.get(id) ?? noEntries
    while (true) {
      const text = yield* files.readStringIfExists(entryFile(id, state.number + 1))
      if (text === undefined) break
      const entry = yield* decodeEntry(text).pipe(Effect.orDie)
      state = withEntry(state, entry)
    }
    known.set(id, state)
    return state
  })

  /** Appends if nobody else has since `state` was read. */
  const append = (id: string, state: JobLogState, entry: Entry) =>
    createExclusive(entryFile(id, state.number + 1), encodeEntry(entry))

  /** Undefined if the file is gone or cannot be decoded: a newer version may have written it. */
  const readJob = Effect.fnUntraced(function* (id: string) {
    const text = yield* files.readStringIfExists(paths.join(jobFolder(id), "job.json"))
    if (text === undefined) return undefined
    return yield* decodeJob(text).pipe(Effect.orElseSucceed(() => undefined))
  })

  return { jobFolder, read, append, readJob }
}

/** Whether a claim has lapsed, by what this process has seen of it. */
const makeLapses = (
  { jobFolder }: Pick<ReturnType<typeof makeJobs>, "jobFolder">,
  paths: Path.Path,
  { leaseMs, renewMs }: Lease,
) => {
  const seen = new Map<string, { readonly sign: string; readonly sinceMs: number; readonly atMs: number }>()
  return Effect.fnUntraced(function* (id: string, { claimNumber }: JobLogState, { process, token }: Claimed) {
    const state = processState(process)
    if (state !== "unknown") return state === "gone"
    const beat = paths.join(jobFolder(id), numbered(claimNumber, "beat"))
    const sign = (yield* files.readStringIfExists(beat)) ?? ""
    const now = yield* elapsedMs
    const before = seen.get(token)
    // After a gap, in which this process or the disk may have slept, the watch begins again.
    const isSame = before?.sign === sign && now - before.atMs <= renewMs
    const sinceMs = isSame ? before.sinceMs : now
    seen.set(token, { sign, sinceMs, atMs: now })
    return now - sinceMs >= leaseMs
  })
}

export const makeFileQueue = Effect.fnUntraced(function* (
  folder: string,
  worker: string,
  /** The process that claims: another one only in tests. */
  claimer = currentProcess(),
) {
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const paths = yield* Path.Path
  const jobs = makeJobs(folder, paths)
  const hasLapsed = makeLapses(jobs, paths, yield* LeaseTimes)
  const openFolder = paths.join(folder, "open")
  /** Until when a job that was given back is left alone. */
  const delayed = new Map<string, { readonly number: number; readonly untilMs: number }>()

  /** Runs with the files, and any failure of the disk as one of the queue. */
  const provide = <A>(effect: Effect.Effect<A, StorageFailed, FileSystem.FileSystem | Path.Path>) =>
    effect.pipe(
      Effect.mapError(({ message }) => new QueueUnavailable({ queue: folder, reason: message })),
      Effect.provideContext(services),
    )

  const submit = Effect.fnUntraced(function* (submitted: ReadonlyArray<QueuedJob>) {
    yield* files.makeFolder(openFolder)
    const marked = new Set((yield* files.list(openFolder)).map(idOfMarker))
    let order = yield* Clock.currentTimeMillis
    for (const job of submitted) {
      const { id } = job
      yield* files.makeFolder(jobs.jobFolder(id))
      const state = yield* jobs.read(id)
      if (state.number === 0 || state.outcome !== null) {
        yield* files.writeAtomic(paths.join(jobs.jobFolder(id), "job.json"), encodeJob(job))
        yield* jobs.append(id, state, { entry: "submitted" })
      } else if (marked.has(id)) continue
      // After the entry: a marker of a job that has ended is removed by whoever finds it.
      yield* files.writeAtomic(paths.join(openFolder, `${String(order++).padStart(15, "0")}-${id}`), "")
    }
  })

  const settleAs = Effect.fnUntraced(function* (
    id: string,
    token: string,
    entryOf: (state: JobLogState) => Entry,
  ) {
    while (true) {
      const state = yield* jobs.read(id)
      if (state.claimed?.token !== token) return false
      if (yield* jobs.append(id, state, entryOf(state))) {
        yield* files.remove(paths.join(jobs.jobFolder(id), numbered(state.claimNumber, "beat")))
        return true
      }
    }
  })

  const makeClaim = (job: QueuedJob, { claimNumber, kills }: JobLogState, token: string): Claim => {
    const { id } = job
    const beat = paths.join(jobs.jobFolder(id), numbered(claimNumber, "beat"))
    let beats = 0
    return {
      job,
      kills,
      renew: provide(
        Effect.gen(function* () {
          const state = yield* jobs.read(id)
          if (state.claimed?.token !== token) return "lost" satisfies ClaimState as ClaimState
          yield* files.writeAtomic(beat, String(++beats))
          return state.state === "cancelling" ? "cancelling" : "held"
        }),
      ),
      settle: (outcome) => provide(settleAs(id, token, () => ({ entry: "settled", outcome }))),
      giveBack: (returned) =>
        provide(
          settleAs(id, token, ({ state }) =>
            state === "cancelling"
              ? { entry: "settled", outcome: byRequest }
              : { entry: "givenBack", ...returned },
          ),
        ),
    }
  }

  /** Whether a job that was given back is to be left alone a while longer. */
  const isDelayed = Effect.fnUntraced(function* (id: string, { delayMs, number }: JobLogState) {
    if (delayMs === 0) return false
    const now = yield* elapsedMs
    const known = delayed.get(id)
    if (known?.number === number) return now < known.untilMs
    delayed.set(id, { number, untilMs: now + delayMs })
    return true
  })

  const tryClaim = Effect.fnUntraced(function* (id: string) {
    const state = yield* jobs.read(id)
    if (state.state === "queued" && (yield* isDelayed(id, state))) return undefined
    if (state.claimed !== undefined && !(yield* hasLapsed(id, state, state.claimed))) return undefined
    if (state.state === "cancelling") {
      yield* jobs.append(id, state, { entry: "settled", outcome: byRequest })
      return undefined
    }
    const job = yield* jobs.readJob(id)
    if (job === undefined) return undefined
    const token = randomUUID()
    const entry: Entry = { entry: "claimed", token, worker, process: claimer }
    return (yield* jobs.append(id, state, entry)) ? makeClaim(job, withEntry(state, entry), token) : undefined
  })

  const claim = Effect.gen(function* () {
    for (const name of yield* files.list(openFolder)) {
      const id = idOfMarker(name)
      if (id === undefined) continue
      if ((yield* jobs.read(id)).outcome !== null) {
        yield* files.remove(paths.join(openFolder, name))
        continue
      }
      const claimed = yield* tryClaim(id)
      if (claimed !== undefined) return claimed
    }
    return undefined
  })

  const list = Effect.fnUntraced(function* (ids?: ReadonlyArray<string>) {
    const listed: Array<{ readonly job: ListedJob; readonly submittedMs: number }> = []
    for (const id of ids ?? (yield* files.list(paths.join(folder, "jobs")))) {
      const { number, outcome, reason, state, worker } = yield* jobs.read(id)
      if (number === 0) continue
      const file = yield* files.stat(paths.join(jobs.jobFolder(id), "job.json"))
      // Who waits for jobs by their ids knows what they are.
      const what = ids === undefined ? ((yield* jobs.readJob(id))?.what ?? "") : ""
      const job = { id, what, state, worker, reason, outcome }
      listed.push({ job, submittedMs: file?.modifiedMs ?? 0 })
    }
    return listed.toSorted((a, b) => a.submittedMs - b.submittedMs).map(({ job }) => job)
  })

  const cancel = Effect.fnUntraced(function* (ids: ReadonlyArray<string>) {
    for (const id of ids) {
      while (true) {
        const state = yield* jobs.read(id)
        if (state.number === 0 || state.outcome !== null || state.state === "cancelling") break
        const entry: Entry =
          state.claimed === undefined
            ? { entry: "settled", outcome: beforeStart }
            : { entry: "cancelRequested" }
        if (yield* jobs.append(id, state, entry)) break
      }
    }
  })

  return Queue.of({
    address: folder,
    submit: (submitted) => provide(submit(submitted)),
    claim: provide(claim),
    list: (ids) => provide(list(ids)),
    cancel: (ids) => provide(cancel(ids)),
  })
})
