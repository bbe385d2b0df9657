/**
 * Copies runs of a store into a runs folder: (store, runs folder) -> ways to copy one run, or several.
 *
 * A copy appears whole, and later changes file by file: metrics and checkpoints before the records that name them. What this machine
 * trained itself is newer than the store as long as no other machine has claimed a later attempt, and then it is left alone.
 */
import { randomInt } from "node:crypto"
import { Clock, Effect, FileSystem, Path, Schema } from "effect"
import type { RunHead, Segment } from "../../schemas/RunHead.ts"
import { attemptFile, readAttempts } from "../attempts.ts"
import { createExclusive } from "../createExclusive.ts"
import * as files from "../files.ts"
import { heartbeatFile } from "../lock/heartbeat.ts"
import { processState } from "../lock/processIdentity.ts"
import { layout } from "../runDirectory.ts"
import { type ObjectStore, StoreRefused } from "../store/ObjectStore.ts"
import { notesFolder } from "./copyNote.ts"
import { listRunFiles, phases } from "./scanRun.ts"
import { isSegment, matchingSegments } from "./segments.ts"
import {
  attemptKey,
  blobKey,
  claimedAttempts,
  listSharedRuns,
  readHead,
  type SharedRun,
} from "./sharedRun.ts"

const concurrency = 4
/** A run whose head changes while it is copied is copied again. */
const mostTries = 20

/** Which version of the store's run a copy is, and of which attempt. A run that was trained here has later attempts, or no note. */
const RunNote = Schema.fromJsonString(
  Schema.Struct({ store: Schema.String, version: Schema.String, attempt: Schema.Int }),
)
const decodeNote = Schema.decodeUnknownEffect(RunNote)
const encodeNote = Schema.encodeSync(RunNote)

export interface PulledRun {
  readonly run: string
  /** Whether files were written. */
  readonly isChanged: boolean
}

export const makePuller = Effect.fnUntraced(function* (store: ObjectStore, runsDir: string) {
  const paths = yield* Path.Path
  const fs = yield* FileSystem.FileSystem
  const notePath = (run: string) => paths.join(runsDir, notesFolder, `${run}.json`)

  const readNote = Effect.fnUntraced(function* (run: string) {
    const text = yield* files.readStringIfExists(notePath(run))
    const note = yield* decodeNote(text ?? "").pipe(Effect.option)
    return note._tag === "Some" && note.value.store === store.address ? note.value : undefined
  })

  /** Undefined if the head has changed meanwhile: its blobs are removed then. */
  const readSegment = Effect.fnUntraced(function* (run: string, segment: Segment) {
    const found = yield* store.read(blobKey(run, segment.blob))
    if (found === undefined) return undefined
    if (isSegment(segment, found.bytes)) return found.bytes
    return yield* new StoreRefused({
      store: store.address,
      reason: `blobs/${run}/${segment.blob} does not have the bytes that its name says`,
      advice: "remove the run from the store, or restore the object",
    })
  })

  /** Brings one file up to date; false if its blobs are gone, undefined if it was as it should be. */
  const copyFile = Effect.fnUntraced(function* (run: string, file: string, segments: ReadonlyArray<Segment>) {
    const here = yield* files.readIfExists(file)
    const { end, matching } = matchingSegments(here ?? new Uint8Array(), segments)
    if (here?.byteLength === end && matching.length === segments.length) return undefined
    const rest = yield* Effect.forEach(segments.slice(matching.length), (one) => readSegment(run, one), {
      concurrency,
    })
    const pieces = rest.filter((bytes) => bytes !== undefined)
    if (pieces.length < rest.length) return false
    yield* files.makeFolder(paths.dirname(file))
    yield* files.writeAtomic(file, Buffer.concat([(here ?? new Uint8Array()).subarray(0, end), ...pieces]))
    return true
  })

  /** Brings the files of a folder up to date with a head; undefined if blobs are gone. */
  const copyFiles = Effect.fnUntraced(function* (head: RunHead, folder: string) {
    let isChanged = false
    const named = Object.entries(head.files)
    for (const isIn of phases.toReversed()) {
      for (const [path, segments] of named.filter(([path]) => isIn(path))) {
        const copied = yield* copyFile(head.run, paths.join(folder, ...path.split("/")), segments)
        if (copied === false) return undefined
        isChanged ||= copied === true
      }
    }
    for (const path of yield* listRunFiles(folder)) {
      if (path in head.files) continue
      yield* files.remove(paths.join(folder, ...path.split("/")))
      isChanged = true
    }
    return isChanged
  })

  /** Records that the run here is a copy, also of the attempts that were claimed elsewhere. */
  const writeRecord = Effect.fnUntraced(function* (run: string, version: string, attempt: number) {
    yield* files.makeFolder(paths.dirname(notePath(run)))
    yield* files.writeAtomic(notePath(run), `${encodeNote({ store: store.address, version, attempt })}\n`)
  })

  /** Copies attempts that were claimed and did not get as far as a head: the next one has a higher number here too. */
  const copyClaims = Effect.fnUntraced(function* (run: string, after: number, version: string) {
    const folder = paths.join(runsDir, run, layout.attempts)
    const claimed = (yield* claimedAttempts(store, run)).filter((number) => number > after)
    // First, because these attempts without the record would count as this machine's own.
    yield* writeRecord(run, version, Math.max(after, ...claimed))
    for (const number of claimed) {
      const record = yield* store.read(attemptKey(run, number))
      const file = paths.join(folder, attemptFile(number))
      if (record !== undefined && !(yield* files.exists(file))) yield* createExclusive(file, record.bytes)
    }
  })

  /** Copies the attempts that other machines have claimed after this one, whether or not they have published anything. */
  const pullClaims = Effect.fn("pullClaims")(function* (run: string, after: number) {
    yield* copyClaims(run, after, (yield* readNote(run))?.version ?? "")
  })

  /** The heartbeat of the attempt elsewhere, with the time that it has on this machine's clock. */
  const copyHeartbeat = Effect.fnUntraced(function* (head: RunHead, folder: string, ageMs: number) {
    if (head.heartbeat === "") return
    const file = heartbeatFile(paths.join(folder, layout.attempts, attemptFile(head.attempt)))
    if ((yield* files.readStringIfExists(file)) === head.heartbeat) return
    yield* files.writeAtomic(file, head.heartbeat)
    const at = new Date((yield* Clock.currentTimeMillis) - ageMs)
    yield* Effect.ignore(fs.utimes(file, at, at))
  })

  /** Whether the run was trained here, and is not to be replaced by the store's. */
  const isOwn = Effect.fnUntraced(function* (run: string, folder: string, copied: number | undefined) {
    const last = (yield* readAttempts(paths.join(folder, layout.attempts))).at(-1)
    if (last === undefined || last.number === copied) return false
    if (last.outcome === null && processState(last.process) === "alive") return true
    return last.number >= Math.max(0, ...(yield* claimedAttempts(store, run)))
  })

  /** Copies a run that is not here yet, so that it appears whole; undefined if blobs are gone, or another process was faster. */
  const createCopy = Effect.fnUntraced(function* (head: RunHead, folder: string) {
    const name = `.${head.run}.copy.${process.pid}-${randomInt(2 ** 47)}${files.temporarySuffix}`
    const temporary = paths.join(runsDir, name)
    return yield* Effect.gen(function* () {
      for (const inner of [layout.attempts, layout.stages, layout.checkpoints]) {
        yield* files.makeFolder(paths.join(temporary, inner))
      }
      if ((yield* copyFiles(head, temporary)) === undefined) return undefined
      return (yield* files.publishFolder(temporary, folder)) ? true : undefined
    }).pipe(
      // Nothing has this name anymore once the folder is published.
      Effect.ensuring(Effect.ignore(files.remove(temporary))),
    )
  })

  const pullOnce = Effect.fnUntraced(function* (run: string, ageMs: number) {
    const folder = paths.join(runsDir, run)
    const found = yield* readHead(store, run)
    if (found === undefined) return { run, isChanged: false } satisfies PulledRun as PulledRun
    const { head, version } = found
    const note = yield* readNote(run)
    const exists = yield* files.exists(paths.join(folder, layout.identity))
    if (exists && (yield* isOwn(run, folder, note?.attempt))) return { run, isChanged: false }
    const copied = yield* exists ? copyFiles(head, folder) : createCopy(head, folder)
    if (copied === undefined) return undefined
    yield* copyHeartbeat(head, folder, ageMs)
    yield* copyClaims(run, head.attempt, version)
    return { run, isChanged: copied }
  })

  /** Copies one run, or brings its copy up to date. `ageMs`: the time since its head was written. */
  const pull = Effect.fn("pullRun")(function* (run: string, ageMs = 0) {
    for (let tries = 0; tries < mostTries; tries++) {
      const pulled = yield* pullOnce(run, ageMs)
      if (pulled !== undefined) return pulled
    }
    return yield* new StoreRefused({
      store: store.address,
      reason: `${run} lacks blobs that its head names`,
      advice: "try again; if it stays so, objects were removed from the store: train the run again",
    })
  })

  /** The same of all runs with a wanted name whose heads have changed. */
  const pullAll = Effect.fn("pullRuns")(function* (
    isWanted: (run: string) => boolean,
    /** The runs of the store, if they are listed already. */
    listed?: ReadonlyArray<SharedRun>,
  ) {
    yield* files.makeFolder(runsDir)
    const wanted = (listed ?? (yield* listSharedRuns(store))).filter(({ run }) => isWanted(run))
    return yield* Effect.forEach(
      wanted,
      Effect.fnUntraced(function* ({ ageMs, run, version }) {
        const isThere = yield* files.exists(paths.join(runsDir, run, layout.identity))
        if (!isThere || (yield* readNote(run))?.version !== version) return yield* pull(run, ageMs)
        return { run, isChanged: false } satisfies PulledRun as PulledRun
      }),
      { concurrency },
    )
  })
  return { pull, pullAll, pullClaims }
})

export type Puller = Effect.Success<ReturnType<typeof makePuller>>
