/**
 * A queue in a folder, for one machine or for several that share the folder: (folder, name of this worker) -> Queue.
 *
 *   open/<order>-<id>           what may be claimed, in this order; an empty file
 *   works/<id>/work.json        the work
 *   works/<id>/00001.json …     its log (`workLog.ts`)
 *   works/<id>/00002.beat       a counter of the worker whose claim is entry 2
 *
 * A claim of a process of this machine lapses when the process is gone. Any other has lapsed if its counter did not change during a
 * lease that this process watched, so no clock is compared with another machine's, and an outage of the disk lapses no claim.
 */
import { randomUUID } from "node:crypto"
import { Clock, Effect, type FileSystem, Path, Schema } from "effect"
import { type ListedWork, QueuedWork, type WorkOutcome } from "../../schemas/QueuedWork.ts"
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
  type WorkLogState,
} from "./workLog.ts"

const WorkText = Schema.fromJsonString(QueuedWork)
const decodeWork = Schema.decodeUnknownEffect(WorkText)
const encodeWork = Schema.encodeSync(WorkText)

const numbered = (number: number, extension: string) => `${String(number).padStart(5, "0")}.${extension}`

const idOfMarker = (name: string) => /^\d+-([0-9a-f]{32})$/.exec(name)?.[1]

const cancelled = (reason: string): WorkOutcome => ({
  status: "cancelled",
  exitCode: exitCodes.interrupted,
  reason,
  run: null,
})

const beforeStart = cancelled("cancelled before it was trained")
const byRequest = cancelled("cancelled")

/** The works of a folder and their logs, as this process has read them so far. */
const makeWorks = (folder: string, paths: Path.Path) => {
  const known = new Map<string, WorkLogState>()
  const workFolder = (id: string) => paths.join(folder, "works", id)
  const entryFile = (id: string, number: number) => paths.join(workFolder(id), numbered(number, "json"))

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
  const append = (id: string, state: WorkLogState, entry: Entry) =>
    createExclusive(entryFile(id, state.number + 1), encodeEntry(entry))

  /** Undefined if the file is gone or cannot be decoded: a newer version may have written it. */
  const readWork = Effect.fnUntraced(function* (id: string) {
    const text = yield* files.readStringIfExists(paths.join(workFolder(id), "work.json"))
    if (text === undefined) return undefined
    return yield* decodeWork(text).pipe(Effect.orElseSucceed(() => undefined))
  })

  return { workFolder, read, append, readWork }
}

/** Whether a claim has lapsed, by what this process has seen of it. */
const makeLapses = (
  { workFolder }: Pick<ReturnType<typeof makeWorks>, "workFolder">,
  paths: Path.Path,
  { leaseMs, renewMs }: Lease,
) => {
  const seen = new Map<string, { readonly sign: string; readonly sinceMs: number; readonly atMs: number }>()
  return Effect.fnUntraced(function* (
    id: string,
    { claimNumber }: WorkLogState,
    { process, token }: Claimed,
  ) {
    const state = processState(process)
    if (state !== "unknown") return state === "gone"
    const beat = paths.join(workFolder(id), numbered(claimNumber, "beat"))
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
  const works = makeWorks(folder, paths)
  const hasLapsed = makeLapses(works, paths, yield* LeaseTimes)
  const openFolder = paths.join(folder, "open")
  /** Until when a work that was given back is left alone. */
  const delayed = new Map<string, { readonly number: number; readonly untilMs: number }>()

  /** Runs with the files, and any failure of the disk as one of the queue. */
  const provide = <A>(effect: Effect.Effect<A, StorageFailed, FileSystem.FileSystem | Path.Path>) =>
    effect.pipe(
      Effect.mapError(({ message }) => new QueueUnavailable({ queue: folder, reason: message })),
      Effect.provideContext(services),
    )

  const submit = Effect.fnUntraced(function* (submitted: ReadonlyArray<QueuedWork>) {
    yield* files.makeFolder(openFolder)
    const marked = new Set((yield* files.list(openFolder)).map(idOfMarker))
    let order = yield* Clock.currentTimeMillis
    for (const work of submitted) {
      const { id } = work
      yield* files.makeFolder(works.workFolder(id))
      const state = yield* works.read(id)
      if (state.number === 0 || state.outcome !== null) {
        yield* files.writeAtomic(paths.join(works.workFolder(id), "work.json"), encodeWork(work))
        yield* works.append(id, state, { entry: "submitted" })
      } else if (marked.has(id)) continue
      // After the entry: a marker of a work that has ended is removed by whoever finds it.
      yield* files.writeAtomic(paths.join(openFolder, `${String(order++).padStart(15, "0")}-${id}`), "")
    }
  })

  const settleAs = Effect.fnUntraced(function* (
    id: string,
    token: string,
    entryOf: (state: WorkLogState) => Entry,
  ) {
    while (true) {
      const state = yield* works.read(id)
      if (state.claimed?.token !== token) return false
      if (yield* works.append(id, state, entryOf(state))) {
        yield* files.remove(paths.join(works.workFolder(id), numbered(state.claimNumber, "beat")))
        return true
      }
    }
  })

  const makeClaim = (work: QueuedWork, { claimNumber, kills }: WorkLogState, token: string): Claim => {
    const { id } = work
    const beat = paths.join(works.workFolder(id), numbered(claimNumber, "beat"))
    let beats = 0
    return {
      work,
      kills,
      renew: provide(
        Effect.gen(function* () {
          const state = yield* works.read(id)
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

  /** Whether a work that was given back is to be left alone a while longer. */
  const isDelayed = Effect.fnUntraced(function* (id: string, { delayMs, number }: WorkLogState) {
    if (delayMs === 0) return false
    const now = yield* elapsedMs
    const known = delayed.get(id)
    if (known?.number === number) return now < known.untilMs
    delayed.set(id, { number, untilMs: now + delayMs })
    return true
  })

  const tryClaim = Effect.fnUntraced(function* (id: string) {
    const state = yield* works.read(id)
    if (state.state === "queued" && (yield* isDelayed(id, state))) return undefined
    if (state.claimed !== undefined && !(yield* hasLapsed(id, state, state.claimed))) return undefined
    if (state.state === "cancelling") {
      yield* works.append(id, state, { entry: "settled", outcome: byRequest })
      return undefined
    }
    const work = yield* works.readWork(id)
    if (work === undefined) return undefined
    const token = randomUUID()
    const entry: Entry = { entry: "claimed", token, worker, process: claimer }
    return (yield* works.append(id, state, entry))
      ? makeClaim(work, withEntry(state, entry), token)
      : undefined
  })

  const claim = Effect.gen(function* () {
    for (const name of yield* files.list(openFolder)) {
      const id = idOfMarker(name)
      if (id === undefined) continue
      if ((yield* works.read(id)).outcome !== null) {
        yield* files.remove(paths.join(openFolder, name))
        continue
      }
      const claimed = yield* tryClaim(id)
      if (claimed !== undefined) return claimed
    }
    return undefined
  })

  const list = Effect.fnUntraced(function* (ids?: ReadonlyArray<string>) {
    const listed: Array<{ readonly work: ListedWork; readonly submittedMs: number }> = []
    for (const id of ids ?? (yield* files.list(paths.join(folder, "works")))) {
      const { number, outcome, reason, state, worker } = yield* works.read(id)
      if (number === 0) continue
      const file = yield* files.stat(paths.join(works.workFolder(id), "work.json"))
      // Who waits for works by their ids knows what they are.
      const what = ids === undefined ? ((yield* works.readWork(id))?.what ?? "") : ""
      const work = { id, what, state, worker, reason, outcome }
      listed.push({ work, submittedMs: file?.modifiedMs ?? 0 })
    }
    return listed.toSorted((a, b) => a.submittedMs - b.submittedMs).map(({ work }) => work)
  })

  const cancel = Effect.fnUntraced(function* (ids: ReadonlyArray<string>) {
    for (const id of ids) {
      while (true) {
        const state = yield* works.read(id)
        if (state.number === 0 || state.outcome !== null || state.state === "cancelling") break
        const entry: Entry =
          state.claimed === undefined
            ? { entry: "settled", outcome: beforeStart }
            : { entry: "cancelRequested" }
        if (yield* works.append(id, state, entry)) break
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
