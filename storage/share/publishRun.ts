/**
 * Publishes a run that trains on this machine: (store, run directory, attempt) -> a way to bring the store up to date.
 *
 * Blobs are created first, then the head that names them replaces the one before, then what only that one named is removed. So a
 * reader sees the run as it was at one time, and a crash leaves a whole older run. Only the attempt that claimed the highest number
 * publishes: one that finds the head of a higher attempt has lost the run.
 */
import { Effect, Path } from "effect"
import type { RunHead, Segment } from "../../schemas/RunHead.ts"
import { attemptFile, readAttempts } from "../attempts.ts"
import * as files from "../files.ts"
import { heartbeatFile } from "../lock/heartbeat.ts"
import { layout } from "../runDirectory.ts"
import { isEqual, type ObjectStore } from "../store/ObjectStore.ts"
import { createExclusive } from "../createExclusive.ts"
import { listRunFiles, phases } from "./scanRun.ts"
import { type NewSegment, segmentsOf } from "./segments.ts"
import {
  attemptKey,
  blobKey,
  claimedAttempts,
  encodeHead,
  type FoundHead,
  headKey,
  readHead,
} from "./sharedRun.ts"

/** Blobs that are sent at once. */
const concurrency = 4
/** The head changes only when another machine takes the run over. */
const mostReplacements = 10

interface Known {
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly segments: ReadonlyArray<Segment>
}

const blobsOf = (head: RunHead | undefined) =>
  new Set(Object.values(head?.files ?? {}).flatMap((segments) => segments.map(({ blob }) => blob)))

export const makePublisher = Effect.fnUntraced(function* (
  store: ObjectStore,
  runPath: string,
  attempt: number,
) {
  const paths = yield* Path.Path
  const run = paths.basename(runPath)
  const known = new Map<string, Known>()
  const sent = new Set<string>()
  let published: FoundHead | undefined
  let hasRead = false

  /** The segments of a file now; `isThorough`: also if size and time are as before. */
  const readFile = Effect.fnUntraced(function* (path: string, isThorough: boolean) {
    const file = paths.join(runPath, path)
    const version = yield* files.stat(file)
    if (version === undefined) return undefined
    const before = known.get(path)
    if (!isThorough && before?.sizeBytes === version.sizeBytes && before.modifiedMs === version.modifiedMs) {
      return { segments: before.segments, added: undefined }
    }
    const bytes = yield* files.readIfExists(file)
    if (bytes === undefined) return undefined
    const { added, segments } = segmentsOf(
      bytes,
      before?.segments ?? published?.head.files[path] ?? [],
      attempt,
    )
    known.set(path, { ...version, segments })
    return { segments, added }
  })

  const send = Effect.fnUntraced(function* ({ blob, bytes }: NewSegment) {
    if (sent.has(blob)) return
    yield* store.create(blobKey(run, blob), bytes)
    sent.add(blob)
  })

  /** The files of a phase; undefined if one was removed since the folder was listed: what replaced it may not be in the list. */
  const collectPhase = Effect.fnUntraced(function* (isIn: (path: string) => boolean, isThorough: boolean) {
    const found: Record<string, ReadonlyArray<Segment>> = {}
    const added: Array<NewSegment> = []
    let isWhole = true
    for (const path of (yield* listRunFiles(runPath)).filter(isIn)) {
      const file = yield* readFile(path, isThorough)
      if (file === undefined) {
        isWhole = false
        continue
      }
      found[path] = file.segments
      if (file.added !== undefined) added.push(file.added)
    }
    // In any case: a file that was read once is not read again until it changes.
    yield* Effect.forEach(added, send, { concurrency, discard: true })
    return isWhole ? found : undefined
  })

  /** Sends what is new, phase by phase; the files of the head. */
  const collect = Effect.fnUntraced(
    function* (isThorough: boolean) {
      const found: Record<string, ReadonlyArray<Segment>> = {}
      for (const isIn of phases) {
        let phase = yield* collectPhase(isIn, isThorough)
        while (phase === undefined) phase = yield* collectPhase(isIn, isThorough)
        Object.assign(found, phase)
      }
      return found
    },
    // What was not sent is read again next time.
    Effect.tapError(() => Effect.sync(() => known.clear())),
  )

  /** Tells the process that trains here: it ends when it finds a higher attempt. */
  const recordTakeOver = Effect.fnUntraced(function* (by: number) {
    const record = yield* store.read(attemptKey(run, by))
    if (record === undefined) return
    yield* createExclusive(paths.join(runPath, layout.attempts, attemptFile(by)), record.bytes)
  })

  /** False if another attempt has taken over the run. */
  const replaceHead = Effect.fnUntraced(function* (head: RunHead) {
    const bytes = encodeHead(head)
    for (let i = 0; i < mostReplacements; i++) {
      if (published !== undefined && isEqual(encodeHead(published.head), bytes)) return true
      const before = published
      if (before === undefined) {
        if (yield* store.create(headKey(run), bytes)) {
          published = yield* readHead(store, run)
          return published?.head.attempt === attempt
        }
      } else {
        const version = yield* store.replace(headKey(run), bytes, before.version)
        if (version !== undefined) {
          published = { head, version }
          return true
        }
      }
      published = yield* readHead(store, run)
      if (published !== undefined && published.head.attempt > attempt) return false
    }
    return false
  })

  const removeUnnamed = Effect.fnUntraced(function* (before: RunHead | undefined, now: RunHead) {
    const named = blobsOf(now)
    const unnamed = [...blobsOf(before)].filter((blob) => !named.has(blob))
    for (const blob of unnamed) sent.delete(blob)
    yield* Effect.forEach(unnamed, (blob) => Effect.ignore(store.remove(blobKey(run, blob))), {
      concurrency,
      discard: true,
    })
  })

  /** Brings the store up to date; false if another attempt has taken over the run. */
  const publish = Effect.fn("publishRun")(function* (isLast: boolean) {
    if (!hasRead) {
      published = yield* readHead(store, run)
      hasRead = true
    }
    if ((published?.head.attempt ?? 0) <= attempt) {
      const lock = paths.join(runPath, layout.attempts, attemptFile(attempt))
      const heartbeat = isLast ? "" : ((yield* files.readStringIfExists(heartbeatFile(lock))) ?? "")
      const before = published?.head
      const head: RunHead = { formatVersion: 1, run, attempt, heartbeat, files: yield* collect(isLast) }
      if (yield* replaceHead(head)) {
        yield* removeUnnamed(before, head)
        // Their blobs are gone: if such a file comes back, it is sent again.
        for (const path of known.keys()) if (!(path in head.files)) known.delete(path)
        return true
      }
    }
    yield* recordTakeOver(published?.head.attempt ?? attempt + 1)
    return false
  })
  /** Tells the process that trains here of a higher attempt that another machine has claimed, though no head has it yet. */
  const findTakeOver = Effect.gen(function* () {
    const highest = Math.max(0, ...(yield* claimedAttempts(store, run)))
    if (highest > attempt) yield* recordTakeOver(highest)
  })
  return { run, publish, findTakeOver }
})

export type Publisher = Effect.Success<ReturnType<typeof makePublisher>>

/** The newest attempt at a run, if a process of this machine with that id has made it. */
export const attemptOf = Effect.fnUntraced(function* (
  runPath: string,
  isOwn: (process: { readonly pid: number; readonly bootId: string }) => boolean,
) {
  const paths = yield* Path.Path
  const last = (yield* readAttempts(paths.join(runPath, layout.attempts))).at(-1)
  return last !== undefined && isOwn(last.process) ? last.number : undefined
})
