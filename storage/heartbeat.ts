/**
 * Signs of life of the process that a file names: attempts at a run and claims to a folder are held by them.
 *
 * A process of this machine is looked at. The owner also touches its file every ten seconds: that decides only between
 * machines and containers that share a folder, where processes cannot be looked at.
 */
import { Clock, Effect, FileSystem } from "effect"
import type { ProcessIdentity } from "../schemas/Run.ts"
import * as files from "./files.ts"
import { processState } from "./processIdentity.ts"

const heartbeatMs = 10_000
/** Silence after which a process on another machine or in another container counts as dead. */
const silenceMs = 60_000

/** Whether the process that the file at `path` names lives. */
export const isAlive = Effect.fnUntraced(function* (path: string, owner: ProcessIdentity) {
  const state = processState(owner)
  if (state !== "unknown") return state === "alive"
  const file = yield* files.stat(path)
  return file !== undefined && (yield* Clock.currentTimeMillis) - file.modifiedMs < silenceMs
})

/** Touches a file of this process until the scope ends. */
export const keepTouching = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  yield* Clock.currentTimeMillis.pipe(
    Effect.flatMap((now) => fs.utimes(path, now / 1000, now / 1000)),
    Effect.ignore,
    Effect.delay(heartbeatMs),
    Effect.forever,
    Effect.forkScoped,
  )
})
