/**
 * The best model so far of each experiment: `champions/<experiment>`, a file whose content is a run's id.
 *
 * What happened is in `champions/history.ndjson`, one line an event, which is written first: a pointer that a crash left
 * behind the history is brought up to it before the next event. Readers need no lock: a pointer is old or new.
 */
import { Effect, Path, Schema } from "effect"
import { ChampionEvent } from "../schemas/Champion.ts"
import { isExperimentName } from "../schemas/ExperimentName.ts"
import { Failure } from "../schemas/Failure.ts"
import { claimSoon } from "./lock/claim.ts"
import * as files from "./files.ts"

const folderName = "champions"
const historyName = "history.ndjson"

/** `champion:cnn` stands for the champion of the experiment cnn wherever a run is asked for. */
const prefix = "champion:"

/** There is no champion to use, or its run is gone. */
export class ChampionNotFound extends Failure<ChampionNotFound>()("ChampionNotFound", {
  exitCode: "noInput",
  fields: {
    experiment: Schema.String,
    runsDir: Schema.String,
    /** What the pointer names; null where there is none. */
    run: Schema.NullOr(Schema.String),
  },
  message: ({ experiment, run, runsDir }) =>
    run === null
      ? `${experiment} has no champion in ${runsDir}; make a finished run the champion with \`pnpm pipeline promote RUN\``
      : `the champion of ${experiment} is ${run}, which is not in ${runsDir} any more; choose another with \`pnpm pipeline promote RUN\` or \`pnpm pipeline rollback ${experiment}\``,
}) {}

const decodeEvent = Schema.decodeUnknownEffect(Schema.fromJsonString(ChampionEvent))
const encodeEvent = Schema.encodeSync(Schema.fromJsonString(ChampionEvent))

/** The run a pointer names, undefined where the experiment has no champion. */
export const readChampion = Effect.fn("readChampion")(function* (runsDir: string, experiment: string) {
  const paths = yield* Path.Path
  if (!isExperimentName(experiment)) return undefined
  const text = yield* files.readStringIfExists(paths.join(runsDir, folderName, experiment))
  const run = text?.trim()
  return run === undefined || run === "" ? undefined : run
})

/** Every experiment with a champion. */
export const listChampions = Effect.fn("listChampions")(function* (runsDir: string) {
  const paths = yield* Path.Path
  const champions: Array<{ readonly experiment: string; readonly run: string }> = []
  for (const experiment of yield* files.list(paths.join(runsDir, folderName))) {
    const run = yield* readChampion(runsDir, experiment)
    if (run !== undefined) champions.push({ experiment, run })
  }
  return champions
})

/** Every event, oldest first; a line that a crash tore is left out. */
export const readChampionHistory = Effect.fn("readChampionHistory")(function* (
  runsDir: string,
  experiment?: string,
) {
  const paths = yield* Path.Path
  const text = (yield* files.readStringIfExists(paths.join(runsDir, folderName, historyName))) ?? ""
  const events: Array<ChampionEvent> = []
  for (const line of text.split("\n")) {
    const event = yield* decodeEvent(line).pipe(Effect.option)
    if (event._tag === "Some" && (experiment ?? event.value.experiment) === event.value.experiment) {
      events.push(event.value)
    }
  }
  return events
})

/** The champion the history leads to. */
export const championOf = (events: ReadonlyArray<ChampionEvent>) =>
  events.findLast(({ kind }) => kind !== "challenger")?.run

/**
 * Champions in the order they came, the present one last, those that were rolled back from left out. Going back is like
 * undoing: twice goes back two, and a new champion starts from where one stands.
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

/** The champion that a rollback leads to: the latest one before whose run is still there. */
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

/**
 * Lets one process at a time change champions: `decide` is given the champion and its history as they surely are, and
 * answers the event to record, or undefined for none.
 */
export const changeChampion = Effect.fn("changeChampion")(function* <E, R>(
  runsDir: string,
  experiment: string,
  decide: (
    champion: string | undefined,
    history: ReadonlyArray<ChampionEvent>,
  ) => Effect.Effect<ChampionEvent | undefined, E, R>,
) {
  const paths = yield* Path.Path
  const folder = paths.join(runsDir, folderName)
  const pointer = paths.join(folder, experiment)
  const history = paths.join(folder, historyName)
  const checkClaim = yield* claimSoon(folder, paths.join(folder, ".writer"))

  const events = yield* readChampionHistory(runsDir, experiment)
  const known = championOf(events)
  const pointed = yield* readChampion(runsDir, experiment)
  if (known !== undefined && known !== pointed) yield* files.writeAtomic(pointer, `${known}\n`)

  const event = yield* decide(known ?? pointed, events)
  if (event === undefined) return
  yield* checkClaim
  const before = yield* files.readStringIfExists(history)
  // After a torn line the new one begins on its own.
  const torn = before !== undefined && before !== "" && !before.endsWith("\n")
  yield* files.append(history, `${torn ? "\n" : ""}${encodeEvent(event)}\n`)
  if (event.kind !== "challenger") yield* files.writeAtomic(pointer, `${event.run}\n`)
}, Effect.scoped)

/** What `champion:NAME` stands for; any other name is itself. */
export const resolveChampion = Effect.fn("resolveChampion")(function* (runsDir: string, run: string) {
  if (!run.startsWith(prefix)) return run
  const paths = yield* Path.Path
  const experiment = run.slice(prefix.length)
  const champion = yield* readChampion(runsDir, experiment)
  if (champion === undefined || !(yield* files.exists(paths.join(runsDir, champion)))) {
    return yield* new ChampionNotFound({ experiment, runsDir, run: champion ?? null })
  }
  return champion
})
