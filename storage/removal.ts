/**
 * Removes runs: (run directory) -> removed, or kept because a process, a champion or an ensemble needs it.
 *
 * A run is first renamed to a hidden name and then deleted, so that a crash leaves the whole run under its name, or nothing.
 * After the rename the run is checked again: if a process locked it in between, it gets its name back.
 */
import { hostname } from "node:os"
import { Clock, Effect, Path, Schema } from "effect"
import { Failure } from "../schemas/Failure.ts"
import { attemptFile } from "./attempts.ts"
import { championOf, earlierChampion, listChampions, readChampionHistory } from "./champions.ts"
import { memberRuns } from "./ensembles.ts"
import { sweepRuns, sweepsFolder } from "./sweeps.ts"
import * as files from "./files.ts"
import { isAlive } from "./lock/owner.ts"
import { hasProcess } from "./lock/processIdentity.ts"
import { layout } from "./runDirectory.ts"
import { findTemporaries } from "./temporaries.ts"
import { entriesNow } from "./filesNow.ts"
import { isRunName, listRunNames } from "./runNames.ts"
import { readAttemptGlances } from "./runHeader.ts"

/** A new run has its first attempt after this time at most. */
const startingMs = 60_000
/** Leftovers of another machine, whose processes cannot be checked, count as abandoned after this time. */
const abandonedMs = 3_600_000

/** Runs checked concurrently: checking a process that is not visible from here takes half a minute. */
export const concurrentChecks = 64

/** Why a run must stay. */
export interface Protection {
  readonly reason: string
  readonly isChampion: boolean
}

const champion: Protection = { reason: "a champion", isChampion: true }

/** Runs that must not be removed. */
export class RunProtected extends Failure<RunProtected>()("RunProtected", {
  exitCode: "temporary",
  fields: {
    runs: Schema.Array(
      Schema.Struct({ run: Schema.String, reason: Schema.String, isChampion: Schema.Boolean }),
    ),
  },
  message: ({ runs }) => {
    const list = runs.map(({ reason, run }) => `${run} (${reason})`).join(", ")
    const omit = `omit ${runs.length === 1 ? "it" : "them"}`
    const promote = runs.some(({ isChampion }) => isChampion) ? ", or `promote` another run first" : ""
    return `nothing was removed: ${list}; ${omit}${promote}`
  },
}) {}

/** Only run directories are ever deleted. */
export class NotARun extends Failure<NotARun>()("NotARun", {
  exitCode: "dataError",
  fields: { path: Schema.String },
  message: ({ path }) =>
    `nothing was removed: ${path} is not a run directory: found neither a ${layout.identity} nor the name of a run`,
}) {}

/**
 * The runs that must stay, by id: champions, members of ensembles and runs that sweeps need, except of the ensembles and
 * sweeps that are left out.
 */
export const findNeededRuns = Effect.fn("findNeededRuns")(function* (
  runsDir: string,
  exceptEnsembles: ReadonlyArray<string> = [],
  exceptSweeps: ReadonlyArray<string> = [],
) {
  const needed = [
    ...(yield* memberRuns(runsDir, exceptEnsembles)),
    ...(yield* sweepRuns(runsDir, exceptSweeps)),
  ]
  const members = needed.map(([run, reason]) => [run, { reason, isChampion: false }] as const)
  return new Map([...members, ...(yield* findChampionRuns(runsDir))])
})

/**
 * The champions and the targets of a rollback, by id. The history counts and so do the pointers: a crash may leave the history
 * ahead of them.
 */
const findChampionRuns = Effect.fn("findChampionRuns")(function* (runsDir: string) {
  const pointed = yield* listChampions(runsDir)
  const history = yield* readChampionHistory(runsDir)
  const runs = new Map<string, Protection>()
  for (const name of new Set(history.map(({ experiment }) => experiment))) {
    const events = history.filter(({ experiment }) => experiment === name)
    const current = championOf(events) ?? pointed.find(({ experiment }) => experiment === name)?.run
    const previous = yield* earlierChampion(runsDir, events, current)
    if (previous !== undefined) {
      const reason = `the previous champion, the target of \`rollback ${name}\``
      runs.set(previous, { reason, isChampion: false })
    }
    if (current !== undefined) runs.set(current, champion)
  }
  for (const { run } of pointed) runs.set(run, champion)
  return runs
})

/** Whether a process works on a run: in words, undefined if none does. */
const findActivity = Effect.fnUntraced(function* (path: string) {
  const paths = yield* Path.Path
  const attempts = yield* readAttemptGlances(path)
  const last = attempts.at(-1)
  if (last !== undefined) {
    if (last.outcome !== null) return undefined
    const lock = paths.join(path, layout.attempts, attemptFile(last.number))
    // A run whose process cannot be checked counts as in use.
    const alive = yield* isAlive(paths.basename(path), lock, last.process).pipe(
      Effect.orElseSucceed(() => true),
    )
    return alive ? `process ${last.process.pid} on ${last.process.host} is working on it` : undefined
  }
  const folder = yield* files.stat(paths.join(path, layout.identity))
  const young = folder !== undefined && (yield* Clock.currentTimeMillis) - folder.modifiedMs < startingMs
  return young ? "it is starting" : undefined
})

/** Why a run must stay; undefined if it may be removed. */
export const findProtection = Effect.fn("findProtection")(function* (
  path: string,
  needed: ReadonlyMap<string, Protection>,
) {
  const paths = yield* Path.Path
  const protection = needed.get(paths.basename(path))
  if (protection !== undefined) return protection
  const activity = yield* findActivity(path)
  return activity === undefined ? undefined : { reason: activity, isChampion: false }
})

export const checkIsRun = Effect.fnUntraced(function* (path: string) {
  const paths = yield* Path.Path
  const isNamed = isRunName(paths.basename(path))
  if (!isNamed && !(yield* files.exists(paths.join(path, layout.identity))))
    return yield* new NotARun({ path })
})

/** Removes a run, or only the link to one; fails and leaves the run as it was if a process has locked it in the meantime. */
export const removeRun = Effect.fn("removeRun")(function* (path: string) {
  const paths = yield* Path.Path
  const hidden = yield* files.hideFolder(path)
  const restore = files.rename(hidden, path)
  // Ctrl-C during the check restores the run.
  const activity = yield* findActivity(hidden).pipe(Effect.onInterrupt(() => Effect.ignore(restore)))
  if (activity !== undefined) {
    yield* restore
    const kept = { run: paths.basename(path), reason: activity, isChampion: false }
    return yield* new RunProtected({ runs: [kept] })
  }
  yield* files.remove(hidden)
})

/** The folders of a runs folder in which single files are written, some by commands that only read runs. */
const writtenFolders = Effect.fnUntraced(function* (runsDir: string) {
  const paths = yield* Path.Path
  const ensembles = paths.join(runsDir, "ensembles")
  const sweeps = paths.join(runsDir, sweepsFolder)
  const inside = (folder: string, names: ReadonlyArray<string>) =>
    names.map((name) => paths.join(folder, name))
  const namesOf = (folder: string) =>
    Effect.map(entriesNow(folder), (entries) =>
      entries.flatMap(({ isFolder, name }) => (isFolder ? name : [])),
    )
  const runs = inside(runsDir, yield* listRunNames(runsDir))
  return [
    ...inside(runsDir, ["", "champions", "schedule"]),
    ...inside(ensembles, yield* namesOf(ensembles).pipe(Effect.orElseSucceed(() => []))),
    ...inside(sweeps, yield* namesOf(sweeps).pipe(Effect.orElseSucceed(() => []))),
    ...runs,
    ...runs.map((run) => paths.join(run, layout.stages)),
  ]
})

/**
 * Leftovers of crashes in a runs folder: runs that a process was creating or removing when it died, and temporary files. A run
 * that is resumed clears its own.
 */
export const findLeftovers = Effect.fn("findLeftovers")(function* (runsDir: string) {
  const paths = yield* Path.Path
  const found: Array<string> = []
  for (const name of yield* files.list(runsDir)) {
    // A run in creation is .ID@HOST.PID-RANDOM.tmp, a run in removal .ID.PID-RANDOM.tmp.
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
  for (const folder of yield* writtenFolders(runsDir)) {
    found.push(...(yield* findTemporaries(folder)).filter((path) => !found.includes(path)))
  }
  return found
})
