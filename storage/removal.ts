/**
 * Removing runs: (run directory) -> gone, or kept because a process, a champion or an ensemble needs it.
 *
 * A run is renamed to a hidden name first and deleted then, so that a crash leaves the whole run or none under its name.
 * After the rename it is looked at once more: a process that took it in between gets it back.
 */
import { hostname } from "node:os"
import { Clock, Effect, Path, Schema } from "effect"
import { Failure } from "../schemas/Failure.ts"
import { attemptFile } from "./attempts.ts"
import { championOf, earlierChampion, listChampions, readChampionHistory } from "./champions.ts"
import { memberRuns } from "./ensembles.ts"
import * as files from "./files.ts"
import { isAlive } from "./lock/owner.ts"
import { hasProcess } from "./lock/processIdentity.ts"
import { isRunName, layout } from "./runDirectory.ts"
import { readAttemptGlances } from "./runHeader.ts"

/** A new run has no attempt yet for this long at most. */
const startingMs = 60_000
/** Leftovers of another machine, whose processes cannot be looked at, count as abandoned after this. */
const abandonedMs = 3_600_000

/** Runs looked at beside each other: one whose process cannot be seen from here takes half a minute. */
export const looksAtOnce = 64

/** Why a champion stays; the other reasons name their own way out, or an end to wait for. */
const aChampion = "a champion"

/** Runs that must not be removed. */
export class RunProtected extends Failure<RunProtected>()("RunProtected", {
  exitCode: "temporary",
  fields: { runs: Schema.Array(Schema.Struct({ run: Schema.String, reason: Schema.String })) },
  message: ({ runs }) => {
    const list = runs.map(({ reason, run }) => `${run} (${reason})`).join(", ")
    const ways = [
      `leave ${runs.length === 1 ? "it" : "them"} out`,
      ...(runs.some(({ reason }) => reason === aChampion) ? ["or `promote` another run first"] : []),
    ]
    return `nothing was removed: ${list}; ${ways.join(", ")}`
  },
}) {}

/** A path that is no run must never be deleted. */
export class NotARun extends Failure<NotARun>()("NotARun", {
  exitCode: "dataError",
  fields: { path: Schema.String },
  message: ({ path }) =>
    `nothing was removed: ${path} is not a run directory: it has no ${layout.identity} and not the name of one`,
}) {}

/** Runs that others rely on, by their ids: what each is. Ensembles in `except` are about to be removed themselves. */
export const neededRuns = Effect.fn("neededRuns")(function* (
  runsDir: string,
  except: ReadonlyArray<string> = [],
) {
  return new Map([...(yield* memberRuns(runsDir, except)), ...(yield* championRuns(runsDir))])
})

/**
 * Runs that are champions, by their pointers and by the history, which a crash may leave ahead of them, and of each
 * experiment the one that a rollback leads to: id -> what it is.
 */
const championRuns = Effect.fn("championRuns")(function* (runsDir: string) {
  const pointed = yield* listChampions(runsDir)
  const history = yield* readChampionHistory(runsDir)
  const runs = new Map<string, string>()
  for (const name of new Set(history.map(({ experiment }) => experiment))) {
    const events = history.filter(({ experiment }) => experiment === name)
    const champion = championOf(events) ?? pointed.find(({ experiment }) => experiment === name)?.run
    const earlier = yield* earlierChampion(runsDir, events, champion)
    if (earlier !== undefined)
      runs.set(earlier, `the champion before, to which \`rollback ${name}\` goes back`)
    if (champion !== undefined) runs.set(champion, aChampion)
  }
  for (const { run } of pointed) runs.set(run, aChampion)
  return runs
})

/** Who works on a run, if anybody does. */
const busyReason = Effect.fnUntraced(function* (path: string) {
  const paths = yield* Path.Path
  const attempts = yield* readAttemptGlances(path)
  const last = attempts.at(-1)
  if (last !== undefined) {
    if (last.outcome !== null) return undefined
    const lock = paths.join(path, layout.attempts, attemptFile(last.number))
    // What cannot be told is left alone.
    const alive = yield* isAlive(paths.basename(path), lock, last.process).pipe(
      Effect.orElseSucceed(() => true),
    )
    return alive ? `process ${last.process.pid} on ${last.process.host} is working on it` : undefined
  }
  const folder = yield* files.stat(paths.join(path, layout.identity))
  const young = folder !== undefined && (yield* Clock.currentTimeMillis) - folder.modifiedMs < startingMs
  return young ? "it is just being started" : undefined
})

/** Why a run must stay, or undefined. */
export const protection = Effect.fn("protection")(function* (
  path: string,
  needed: ReadonlyMap<string, string>,
) {
  const paths = yield* Path.Path
  return needed.get(paths.basename(path)) ?? (yield* busyReason(path))
})

export const checkIsRun = Effect.fnUntraced(function* (path: string) {
  const paths = yield* Path.Path
  const named = isRunName(paths.basename(path))
  if (!named && !(yield* files.exists(paths.join(path, layout.identity)))) return yield* new NotARun({ path })
})

/** Removes a run for good; fails, with the run as it was, where a process took it meanwhile. */
export const removeRun = Effect.fn("removeRun")(function* (path: string) {
  const paths = yield* Path.Path
  const hidden = yield* files.hideFolder(path)
  const back = files.rename(hidden, path)
  // Stopped while it is looked at (Ctrl-C), the run is there again.
  const busy = yield* busyReason(hidden).pipe(Effect.onInterrupt(() => Effect.ignore(back)))
  if (busy !== undefined) {
    yield* back
    return yield* new RunProtected({ runs: [{ run: paths.basename(path), reason: busy }] })
  }
  yield* files.remove(hidden)
})

/** What crashes left in a runs folder: runs that were being made or removed by a process that is gone. */
export const leftovers = Effect.fn("leftovers")(function* (runsDir: string) {
  const paths = yield* Path.Path
  const found: Array<string> = []
  for (const name of yield* files.list(runsDir)) {
    // .ID@HOST.PID-RANDOM.tmp of a run being made, .ID.PID-RANDOM.tmp of one being removed.
    const parts = /^\.(\d{8}T\d{6}Z-[^@]*?)(?:@(.+))?\.(\d+)(?:-\d+)?\.tmp$/.exec(name)
    if (parts === null) continue
    const [, , host, pid] = parts
    const path = paths.join(runsDir, name)
    if (host === undefined || host === hostname()) {
      if (!hasProcess(Number(pid))) found.push(path)
      continue
    }
    const folder = yield* files.stat(path)
    if (folder !== undefined && (yield* Clock.currentTimeMillis) - folder.modifiedMs > abandonedMs)
      found.push(path)
  }
  return found
})
