/**
 * The champion of each experiment: `champions/<experiment>`, a file that contains the id of a run (the pointer).
 *
 * Every event appends a line to `champions/history.ndjson` before the pointer changes. If a crash comes between the
 * two, the next change repairs the pointer first. Readers need no lock: a pointer is old or new.
 *
 * Machines that share no folder share the history through a store (`share/sharedChampions.ts`): an event is there before it is here.
 */
import { Context, Effect, type FileSystem, Path, Schema } from "effect"
import { ChampionEvent } from "../schemas/Champion.ts"
import { isExperimentName } from "../schemas/experiment/ExperimentName.ts"
import { Failure } from "../schemas/Failure.ts"
import { claimSoon } from "./lock/claim.ts"
import * as files from "./files.ts"
import { isFileNow } from "./filesNow.ts"
import { checkNotCopy } from "./share/checkNotCopy.ts"
import type { RecordsDiffer } from "./share/RecordsDiffer.ts"
import type { StorageFailed } from "./StorageFailed.ts"
import type { StoreError } from "./store/ObjectStore.ts"
import { beginsWithTime } from "./runNames.ts"
import { didYouMean } from "../format/didYouMean.ts"
import { program } from "../format/program.ts"

export const championsFolder = "champions"
export const championHistory = "history.ndjson"

/** `champion:cnn` names the champion of the experiment cnn wherever a run is expected. */
const prefix = "champion:"

/** The name in `champion:NAME`; undefined for anything else. */
export const championName = (text: string) =>
  text.startsWith(prefix) ? text.slice(prefix.length) : undefined

/** The experiment has no champion, or the champion's run is gone. */
export class ChampionNotFound extends Failure<ChampionNotFound>()("ChampionNotFound", {
  exitCode: "noInput",
  fields: {
    experiment: Schema.String,
    runsDir: Schema.String,
    /** The run that the pointer names; null without a pointer. */
    run: Schema.NullOr(Schema.String),
    /** The experiments that have a champion. */
    known: Schema.Array(Schema.String),
  },
  message: ({ experiment, known, run, runsDir }) =>
    run === null
      ? `${experiment} has no champion in ${runsDir}; ${didYouMean(experiment, known, `make a finished run the champion with \`${program} promote RUN\``)}`
      : `the champion of ${experiment} is ${run}, which is not in ${runsDir} any more; choose another with \`${program} promote RUN\` or \`${program} rollback ${experiment}\``,
}) {}

type InStore<A> = Effect.Effect<
  A,
  StoreError | StorageFailed | RecordsDiffer,
  FileSystem.FileSystem | Path.Path
>

/** The champions in a store that machines share, which have no folder in common; undefined without one. */
export const SharedChampions = Context.Reference<
  | {
      /** Copies the newest history, and the runs that a change of the experiment's champion looks at. */
      readonly pull: (runsDir: string, experiment: string) => InStore<void>
      /** Stores the history that follows the copied one, and returns what notes that it is here too; undefined if it has changed there. */
      readonly push: (runsDir: string, history: string) => InStore<InStore<void> | undefined>
    }
  | undefined
>("tidemark/storage/SharedChampions", { defaultValue: () => undefined })

const decodeEvent = Schema.decodeUnknownEffect(Schema.fromJsonString(ChampionEvent))
const encodeEvent = Schema.encodeSync(Schema.fromJsonString(ChampionEvent))

/** The run that the pointer names; undefined if the experiment has no champion, or something else is in place of its pointer. */
export const readChampion = Effect.fn("readChampion")(function* (runsDir: string, experiment: string) {
  const paths = yield* Path.Path
  if (!isExperimentName(experiment)) return undefined
  const pointer = paths.join(runsDir, championsFolder, experiment)
  if (!(yield* isFileNow(pointer))) return undefined
  const run = ((yield* files.readStringIfExists(pointer)) ?? "").trim()
  return beginsWithTime(run) && !/[\s/\\]/.test(run) ? run : undefined
})

/** Every experiment that has a champion. */
export const listChampions = Effect.fn("listChampions")(function* (runsDir: string) {
  const paths = yield* Path.Path
  const champions: Array<{ readonly experiment: string; readonly run: string }> = []
  for (const experiment of yield* files.list(paths.join(runsDir, championsFolder))) {
    const run = yield* readChampion(runsDir, experiment)
    if (run !== undefined) champions.push({ experiment, run })
  }
  return champions
})

/** Every event, oldest first; a line that a crash cut short is ignored. */
export const readChampionHistory = Effect.fn("readChampionHistory")(function* (
  runsDir: string,
  experiment?: string,
) {
  const paths = yield* Path.Path
  const text = (yield* files.readStringIfExists(paths.join(runsDir, championsFolder, championHistory))) ?? ""
  const events: Array<ChampionEvent> = []
  for (const line of text.split("\n")) {
    const event = yield* decodeEvent(line).pipe(Effect.option)
    if (event._tag === "Some" && (experiment ?? event.value.experiment) === event.value.experiment) {
      events.push(event.value)
    }
  }
  return events
})

/** The champion according to the history. */
export const championOf = (events: ReadonlyArray<ChampionEvent>) =>
  events.findLast(({ kind }) => kind !== "challenger")?.run

/**
 * The champions in their order, the current one last, without those that were rolled back. A rollback works like
 * undo: two go back two champions, and a new champion follows the one reached.
 */
export const successionOf = (events: ReadonlyArray<ChampionEvent>): ReadonlyArray<string> => {
  const succession: Array<string> = []
  for (const { kind, run } of events) {
    if (kind === "challenger" || succession.at(-1) === run) continue
    const at = kind === "rolledBack" ? succession.lastIndexOf(run) : -1
    if (at === -1) succession.push(run)
    else succession.length = at + 1
  }
  return succession
}

/** The champion that a rollback leads to: the latest previous one whose run still exists. */
export const earlierChampion = Effect.fn("earlierChampion")(function* (
  runsDir: string,
  events: ReadonlyArray<ChampionEvent>,
  champion: string | undefined,
) {
  const paths = yield* Path.Path
  for (const run of successionOf(events).toReversed()) {
    if (run !== champion && (yield* files.exists(paths.join(runsDir, run)))) return run
  }
  return undefined
})

/** Claims the champions of a runs folder until the scope ends; waits for the present holder. */
export const claimChampions = Effect.fnUntraced(function* (runsDir: string) {
  const paths = yield* Path.Path
  const folder = paths.join(runsDir, championsFolder)
  return yield* claimSoon(folder, paths.join(folder, ".writer"))
})

/** Lets the pointers follow a history that was copied. */
export const writePointers = Effect.fnUntraced(function* (runsDir: string) {
  const paths = yield* Path.Path
  const events = yield* readChampionHistory(runsDir)
  for (const experiment of new Set(events.map((event) => event.experiment))) {
    const champion = championOf(events.filter((event) => event.experiment === experiment))
    if (champion === undefined || champion === (yield* readChampion(runsDir, experiment))) continue
    yield* files.writeAtomic(paths.join(runsDir, championsFolder, experiment), `${champion}\n`)
  }
})

export interface ChampionChange<A> {
  readonly event: ChampionEvent | undefined
  readonly value: A
}

/**
 * Changes the champion, one process at a time: `decide` receives the current champion and the history, and returns
 * the event to record, or undefined for none, with the value that the change returns.
 */
export const changeChampion = Effect.fn("changeChampion")(function* <A, E, R>(
  runsDir: string,
  experiment: string,
  decide: (
    champion: string | undefined,
    history: ReadonlyArray<ChampionEvent>,
  ) => Effect.Effect<ChampionChange<A>, E, R>,
) {
  const paths = yield* Path.Path
  const folder = paths.join(runsDir, championsFolder)
  const pointer = paths.join(folder, experiment)
  const history = paths.join(folder, championHistory)
  const shared = yield* SharedChampions
  if (shared === undefined) yield* checkNotCopy(runsDir, championsFolder, "the champions", "--store")
  const checkClaim = yield* claimChampions(runsDir)
  while (true) {
    if (shared !== undefined) yield* shared.pull(runsDir, experiment)
    const events = yield* readChampionHistory(runsDir, experiment)
    const known = championOf(events)
    const pointed = yield* readChampion(runsDir, experiment)
    if (known !== undefined && known !== pointed) yield* files.writeAtomic(pointer, `${known}\n`)

    const { event, value } = yield* decide(known ?? pointed, events)
    if (event === undefined) return value
    yield* checkClaim
    const before = (yield* files.readStringIfExists(history)) ?? ""
    // The new line must not continue one that a crash cut short.
    const torn = before !== "" && !before.endsWith("\n")
    const line = `${torn ? "\n" : ""}${encodeEvent(event)}\n`
    const stored = shared === undefined ? Effect.void : yield* shared.push(runsDir, `${before}${line}`)
    // Another machine has changed a champion meanwhile: decide again.
    if (stored === undefined) continue
    yield* files.append(history, line)
    if (event.kind !== "challenger") yield* files.writeAtomic(pointer, `${event.run}\n`)
    yield* stored
    return value
  }
}, Effect.scoped)

/** Fails with the names of the experiments that have a champion. */
export const championNotFound = Effect.fnUntraced(function* (
  runsDir: string,
  experiment: string,
  run: string | null,
) {
  const champions = yield* listChampions(runsDir).pipe(Effect.orElseSucceed(() => []))
  const known = champions.map((champion) => champion.experiment)
  return yield* new ChampionNotFound({ experiment, runsDir, run, known })
})

/** The run that `champion:NAME` names; any other name is returned unchanged. */
export const resolveChampion = Effect.fn("resolveChampion")(function* (runsDir: string, run: string) {
  if (!run.startsWith(prefix)) return run
  const paths = yield* Path.Path
  const experiment = run.slice(prefix.length)
  const champion = yield* readChampion(runsDir, experiment)
  if (champion === undefined || !(yield* files.exists(paths.join(runsDir, champion)))) {
    return yield* championNotFound(runsDir, experiment, champion ?? null)
  }
  return champion
})
