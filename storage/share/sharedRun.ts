/**
 * A run in a store that machines share:
 *
 *   heads/<run>.json             its head: attempt, heartbeat and files (`schemas/RunHead.ts`), replaced if unchanged
 *   attempts/<run>/0001.json     its attempts, created exclusively and never changed
 *   blobs/<run>/0001-<SHA-256>   the parts of its files, named by attempt and content, never changed
 */
import { Effect } from "effect"
import { type RunHead, RunHeadText } from "../../schemas/RunHead.ts"
import { attemptFile } from "../attempts.ts"
import { isRunName } from "../runNames.ts"
import { jsonObject } from "../store/jsonObject.ts"
import type { ObjectStore } from "../store/ObjectStore.ts"

const headsFolder = "heads"
export const headKey = (run: string) => `${headsFolder}/${run}.json`
const attemptsFolder = (run: string) => `attempts/${run}`
export const attemptKey = (run: string, number: number) => `${attemptsFolder(run)}/${attemptFile(number)}`
export const blobKey = (run: string, blob: string) => `blobs/${run}/${blob}`

const heads = jsonObject(RunHeadText, "the run")
export const encodeHead = heads.encode

export interface FoundHead {
  readonly head: RunHead
  readonly version: string
}

/** Undefined if the store has no such run. */
export const readHead = Effect.fn("readHead")(function* (store: ObjectStore, run: string) {
  const found = yield* heads.read(store, headKey(run))
  if (found === undefined) return undefined
  return { head: found.value, version: found.version } satisfies FoundHead as FoundHead
})

export interface SharedRun {
  readonly run: string
  /** Of its head. */
  readonly version: string
  readonly ageMs: number
}

/** The names of the runs in a store with the versions and ages of their heads. */
export const listSharedRuns = Effect.fn("listSharedRuns")(function* (store: ObjectStore) {
  return (yield* store.list(headsFolder)).flatMap(({ ageMs, key, version }) => {
    const run = key.slice(headsFolder.length + 1).replace(/\.json$/, "")
    return isRunName(run) && headKey(run) === key ? [{ run, version, ageMs } satisfies SharedRun] : []
  })
})

/** The numbers of the attempts at a run that machines have claimed. */
export const claimedAttempts = Effect.fnUntraced(function* (store: ObjectStore, run: string) {
  return (yield* store.list(attemptsFolder(run))).flatMap(({ key }) => {
    const number = Number(/\/(\d{4,9})\.json$/.exec(key)?.[1] ?? 0)
    return number > 0 ? [number] : []
  })
})
