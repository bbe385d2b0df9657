/**
 * A queue in a folder, for one machine or for several that share the folder: (folder, name of this worker) -> Queue.
 *
 *   open/, claimed/           markers of the open jobs (`markers.ts`)
 *   clock                     an empty file, whose time is that of the disk
 *   jobs/<id>/job.json        the job
 *   jobs/<id>/00001.json …     its log (`jobLog.ts`)
 *   jobs/<id>/00002.beat       a counter of the worker whose claim is entry 2
 *
 * `lapses.ts` has when another worker may take over a claim. A job whose log or text a newer version has written is left to it.
 */
import { randomInt, randomUUID } from "node:crypto"
import { Clock, Effect, type FileSystem, Path } from "effect"
import { elapsedMs } from "../../format/elapsed.ts"
import { cancelled, type ListedJob, type QueuedJob } from "../../schemas/QueuedJob.ts"
import * as files from "../../storage/files.ts"
import { currentProcess } from "../../storage/lock/processIdentity.ts"
import type { StorageFailed } from "../../storage/StorageFailed.ts"
import { makeConnection } from "./connection.ts"
import { decodeJob, isFormatKnown, makeJobFiles } from "./jobFiles.ts"
import { type Entry, withEntry, type JobLogState } from "./jobLog.ts"
import { makeLapses } from "./lapses.ts"
import { makeMarkers, type Marker } from "./markers.ts"
import { type Claim, type ClaimState, LeaseTimes, Queue, QueueUnavailable } from "./Queue.ts"

/** A claim of this worker: its job, the name of the job's marker, and what identifies it. */
interface Held {
  readonly id: string
  readonly marker: string
  readonly token: string
}

/** After so many candidates that others have taken or settled, the list is read again. */
const mostMisses = 8
/** More than the workers of a queue. */
const mostSpread = 256

const beforeStart = cancelled("cancelled before it was trained")
const byRequest = cancelled("cancelled")
const newer = "written by a newer version"

export const makeFileQueue = Effect.fnUntraced(function* (
  folder: string,
  worker: string,
  /** The process that claims: another one only in tests. */
  claimer = currentProcess(),
) {
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const paths = yield* Path.Path
  const jobs = makeJobFiles(folder, paths)
  const lease = yield* LeaseTimes
  const { unbrokenMs, watch } = makeConnection(2 * lease.renewMs)
  const lapses = makeLapses(jobs, lease, unbrokenMs)
  const markers = makeMarkers(folder, paths)
  const allMarked = Effect.zipWith(markers.open, markers.claimed, (open, claimed) => [...open, ...claimed])
  /** Until when a job that was given back is left alone. */
  const delayed = new Map<string, { readonly number: number; readonly untilMs: number }>()

  /** Runs with the files, and any failure of the disk as one of the queue. */
  const provide = <A>(effect: Effect.Effect<A, StorageFailed, FileSystem.FileSystem | Path.Path>) =>
    effect.pipe(
      Effect.mapError(({ message }) => new QueueUnavailable({ queue: folder, reason: message })),
      Effect.provideContext(services),
      watch,
    )

  const submitOne = Effect.fnUntraced(function* (job: QueuedJob, order: number, marked: ReadonlySet<string>) {
    const { id } = job
    yield* files.makeFolder(jobs.jobFolder(id))
    const state = yield* jobs.read(id)
    if (state.isNewer) return
    if (state.number === 0 || state.outcome !== null) {
      yield* jobs.writeJob(job)
      yield* jobs.append(id, state, { entry: "submitted", order })
    } else if (marked.has(id)) return
    // After the entry: a marker of a job that has ended is removed by whoever finds it.
    yield* markers.add(order, id)
  })

  const submit = Effect.fnUntraced(function* (submitted: ReadonlyArray<QueuedJob>) {
    yield* markers.makeFolders
    const marked = new Set((yield* allMarked).map(({ id }) => id))
    const order = yield* Clock.currentTimeMillis
    // Each waits for the disk several times.
    yield* Effect.forEach(submitted, (job, i) => submitOne(job, order + i, marked), {
      concurrency: 8,
      discard: true,
    })
  })

  const settleAs = Effect.fnUntraced(function* (
    { id, marker, token }: Held,
    entryOf: (state: JobLogState) => Entry,
  ) {
    while (true) {
      const state = yield* jobs.read(id)
      if (state.isNewer || state.claimed?.token !== token) return false
      const entry = entryOf(state)
      if (!(yield* jobs.append(id, state, entry))) continue
      yield* files.remove(jobs.beatFile(id, state.claimNumber))
      yield* entry.entry === "settled" ? markers.remove(marker) : markers.setOpen(marker)
      return true
    }
  })

  const makeClaim = (job: QueuedJob, { claimNumber, kills, returns }: JobLogState, held: Held): Claim => {
    const { id, token } = held
    const beat = jobs.beatFile(id, claimNumber)
    let beats = 0
    return {
      job,
      kills,
      returns,
      renew: provide(
        Effect.gen(function* () {
          const state = yield* jobs.read(id)
          if (state.isNewer || state.claimed?.token !== token)
            return "lost" satisfies ClaimState as ClaimState
          yield* files.writeAtomic(beat, String(++beats))
          return state.state === "cancelling" ? "cancelling" : "held"
        }),
      ).pipe(Effect.tap(Effect.ignore(provide(lapses.watch)))),
      settle: (outcome) => provide(settleAs(held, () => ({ entry: "settled", outcome }))),
      giveBack: (returned) =>
        provide(
          settleAs(held, ({ state }) =>
            state === "cancelling"
              ? { entry: "settled", outcome: byRequest }
              : { entry: "givenBack", ...returned },
          ),
        ),
    }
  }

  /** How long ago the newest entry of a job was appended, by the clock of the disk: it gives the time of a file written now, too. */
  const entryAgeMs = Effect.fnUntraced(function* (id: string, number: number) {
    const clock = paths.join(folder, "clock")
    yield* files.writeAtomic(clock, "")
    const now = (yield* files.stat(clock))?.modifiedMs ?? 0
    return Math.max(0, now - ((yield* jobs.entryTime(id, number)) ?? now))
  })

  /** Whether a job that was given back is to be left alone a while longer. */
  const isDelayed = Effect.fnUntraced(function* (id: string, { delayMs, number }: JobLogState) {
    if (delayMs === 0) return false
    const now = yield* elapsedMs
    const known = delayed.get(id)
    if (known?.number === number) return now < known.untilMs
    const leftMs = delayMs - (yield* entryAgeMs(id, number))
    delayed.set(id, { number, untilMs: now + leftMs })
    return leftMs > 0
  })

  /** Jobs whose text this version does not understand, with the number of their submission. */
  const unknown = new Map<string, number>()

  /** `lost`: another worker was faster. */
  const tryClaim = Effect.fnUntraced(function* (id: string, marker: string, state: JobLogState) {
    if (state.isNewer || unknown.get(id) === state.submission) return undefined
    if (state.state === "queued" && (yield* isDelayed(id, state))) return undefined
    if (state.claimed !== undefined && !(yield* lapses.hasLapsed(id, state, state.claimed))) return undefined
    if (state.state === "cancelling") {
      yield* jobs.append(id, state, { entry: "settled", outcome: byRequest })
      return undefined
    }
    const text = yield* jobs.readText(id)
    if (!isFormatKnown(text)) return undefined
    const held = { id, marker, token: randomUUID() }
    const entry: Entry = { entry: "claimed", token: held.token, worker, process: claimer }
    if (!(yield* jobs.append(id, state, entry))) return "lost"
    yield* markers.setClaimed(marker)
    const claimed = withEntry(state, entry)
    // After the claim: of the workers that try to claim it, one decodes it.
    const job = decodeJob(text)
    if (job !== undefined) return makeClaim(job, claimed, held)
    unknown.set(id, state.submission)
    const { kills, returns } = claimed
    yield* settleAs(held, () => ({ entry: "givenBack", reason: newer, kills, returns, delayMs: 0 }))
    return undefined
  })

  /** How far from the oldest job the search begins at most: further while other workers are faster again and again. */
  let spread = 1

  /** The first one at the end of the list. */
  const fromSomewhere = (found: ReadonlyArray<Marker>) => {
    const first = randomInt(Math.max(1, Math.min(spread, found.length)))
    return [...found.slice(first), ...found.slice(0, first)].toReversed()
  }

  let claimsSeenMs = Number.NEGATIVE_INFINITY

  /** What may be claimed, the oldest first, or from some place on if there are many workers. Claims of others now and then. */
  const findCandidates = Effect.gen(function* () {
    const now = yield* elapsedMs
    const open = yield* markers.open
    const isDue = now - claimsSeenMs >= lease.renewMs
    const claimed = isDue ? yield* markers.claimed : []
    if (isDue) {
      claimsSeenMs = now
      lapses.keepOnly(new Set([...open, ...claimed].map(({ id }) => id)))
    }
    const all = claimed.length === 0 ? open : [...open, ...claimed].sort((a, b) => (a.name < b.name ? -1 : 1))
    return fromSomewhere(all)
  })

  const claim = Effect.gen(function* () {
    const seen = new Set<string>()
    let candidates = yield* findCandidates
    spread = Math.max(1, Math.floor(0.9 * spread))
    let misses = 0
    for (let candidate = candidates.pop(); candidate !== undefined; candidate = candidates.pop()) {
      const { id, name } = candidate
      seen.add(name)
      const state = yield* jobs.read(id)
      const hasEnded = state.outcome !== null && !state.isNewer
      if (hasEnded) yield* markers.remove(name)
      const claimed = hasEnded ? undefined : yield* tryClaim(id, name, state)
      if (claimed !== undefined && claimed !== "lost") return claimed
      if (claimed === "lost") {
        // Whoever was faster takes the next ones too.
        spread = Math.min(4 * spread, mostSpread)
        candidates = fromSomewhere(candidates.toReversed())
      } else if (!hasEnded) continue
      if (++misses % mostMisses === 0) {
        candidates = (yield* findCandidates).filter(({ name }) => !seen.has(name))
      }
    }
    return undefined
  })

  const isEmpty = Effect.gen(function* () {
    for (const { id } of yield* allMarked) {
      const { isNewer, outcome } = yield* jobs.read(id)
      if (isNewer || outcome === null) return false
    }
    return true
  })

  const list = Effect.fnUntraced(function* (ids?: ReadonlyArray<string>) {
    const listed: Array<{ readonly job: ListedJob; readonly submittedMs: number }> = []
    for (const id of ids ?? (yield* files.list(paths.join(folder, "jobs")))) {
      const log = yield* jobs.read(id)
      const { isNewer, number, outcome, state, worker } = log
      if (number === 0 && !isNewer) continue
      const { fingerprint, isKnown, run, submittedMs, what } = yield* jobs.describe(id, log)
      const reason = isNewer || (!isKnown && outcome === null) ? newer : log.reason
      listed.push({ job: { id, what, run, fingerprint, state, worker, reason, outcome }, submittedMs })
    }
    return listed.toSorted((a, b) => a.submittedMs - b.submittedMs).map(({ job }) => job)
  })

  const cancel = Effect.fnUntraced(function* (ids: ReadonlyArray<string>) {
    for (const id of ids) {
      while (true) {
        const state = yield* jobs.read(id)
        if (state.number === 0 || state.isNewer || state.outcome !== null) break
        if (state.state === "cancelling") break
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
    isEmpty: provide(isEmpty),
    list: (ids) => provide(list(ids)),
    cancel: (ids) => provide(cancel(ids)),
  })
})
