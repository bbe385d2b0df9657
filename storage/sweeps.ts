/**
 * `sweeps/<name>/` in a runs folder: a search over hyper-parameters. `sweep.json` says what is searched, `journal.ndjson`
 * what was drawn and measured, in an order that depends on nothing else, and `result.json` how the sweep ended; `report.html`
 * shows all that.
 *
 * A record counts only with its line feed. Whatever follows the first line that is no record is dropped: it is drawn again,
 * or measured again from the runs.
 */
import { Effect, Option, Path, Schema } from "effect"
import { didYouMean } from "../format/didYouMean.ts"
import { program } from "../format/program.ts"
import { schemaProblem } from "../format/schemaProblem.ts"
import { isExperimentName } from "../schemas/experiment/ExperimentName.ts"
import { Failure } from "../schemas/Failure.ts"
import { SweepDefinition, SweepRecord, SweepResult } from "../schemas/Sweep.ts"
import * as files from "./files.ts"
import { entriesNow, isFileNow, isLinkNow, listNow } from "./filesNow.ts"
import { claim, isClaimed } from "./lock/claim.ts"
import { isHeldElsewhere, removeNote } from "./share/copyNote.ts"
import { experimentOfRun } from "./runNames.ts"
import { removeTemporaries } from "./temporaries.ts"

export const sweepsFolder = "sweeps"

export const sweepLayout = {
  definition: "sweep.json",
  journal: "journal.ndjson",
  result: "result.json",
  page: "report.html",
  claim: "claim",
} as const

/** `sweep:rates` names the sweep rates where a run is accepted. */
const prefix = "sweep:"

/** The name in `sweep:NAME`; undefined for anything else. */
export const sweepName = (text: string) => (text.startsWith(prefix) ? text.slice(prefix.length) : undefined)

/** The sweep does not exist, or one of its files cannot be read. */
export class SweepNotFound extends Failure<SweepNotFound>()("SweepNotFound", {
  exitCode: ({ problem }) => (problem === null ? "noInput" : "dataError"),
  fields: {
    sweep: Schema.String,
    runsDir: Schema.String,
    /** Null if it does not exist. */
    problem: Schema.NullOr(Schema.String),
    /** The sweeps that there are. */
    known: Schema.Array(Schema.String),
  },
  message: ({ known, problem, runsDir, sweep }) =>
    problem === null
      ? `there is no sweep ${sweep} in ${runsDir}; ${didYouMean(sweep, known, `start it with \`${program} sweep\` and its file`)}`
      : `cannot read sweep ${sweep} in ${runsDir}: ${problem}; remove it with \`${program} rm ${prefix}${sweep}\` and start it again: its runs stay, and are used again`,
}) {}

const decodeRecord = Schema.decodeUnknownOption(Schema.fromJsonString(SweepRecord))
const encodeRecord = Schema.encodeSync(Schema.fromJsonString(SweepRecord))

const folderOf = (runsDir: string, name: string) =>
  Effect.map(Path.Path, (paths) => paths.join(runsDir, sweepsFolder, name))

const fileOf = (runsDir: string, name: string, file: keyof typeof sweepLayout) =>
  Effect.gen(function* () {
    return (yield* Path.Path).join(yield* folderOf(runsDir, name), sweepLayout[file])
  })

/** Claims a sweep until the scope ends: it has one process that decides. Returns a check for use before each write. */
export const claimSweep = Effect.fn("claimSweep")(function* (runsDir: string, name: string) {
  const checkOwned = yield* claim(`sweep ${name}`, yield* fileOf(runsDir, name, "claim"))
  yield* removeTemporaries(yield* folderOf(runsDir, name))
  return checkOwned
})

/** Whether a process decides about a sweep now, here or, of a copy, on another machine. */
export const isSweepRunning = Effect.fn("isSweepRunning")(function* (runsDir: string, name: string) {
  if (!isExperimentName(name)) return false
  if (yield* isClaimed(yield* fileOf(runsDir, name, "claim"))) return true
  return yield* isHeldElsewhere(runsDir, `${sweepsFolder}/${name}`)
})

/** Undefined if the file does not exist. */
const readJson = <A>(file: "definition" | "result", schema: Schema.Codec<A, unknown>) => {
  const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.toCodecJson(schema)))
  return Effect.fn("readSweepFile")(function* (runsDir: string, name: string) {
    if (!isExperimentName(name)) return undefined
    const text = yield* files.readStringIfExists(yield* fileOf(runsDir, name, file))
    if (text === undefined) return undefined
    return yield* decode(text).pipe(
      Effect.mapError(
        (error) =>
          new SweepNotFound({
            sweep: name,
            runsDir,
            problem: schemaProblem(sweepLayout[file], error),
            known: [],
          }),
      ),
    )
  })
}

export const readSweepDefinition = readJson("definition", SweepDefinition)
export const readSweepResult = readJson("result", SweepResult)

const encodeDefinition = Schema.encodeSync(SweepDefinition)
const encodeResult = Schema.encodeSync(SweepResult)

/** A definition as it is stored, for comparing two. */
export const definitionJson = (definition: SweepDefinition): Schema.Json =>
  JSON.parse(JSON.stringify(encodeDefinition(definition)))

/** Begins a sweep: the result, the page and the journal of an earlier one with this name end first. */
export const writeSweepDefinition = Effect.fn("writeSweepDefinition")(function* (
  runsDir: string,
  definition: SweepDefinition,
) {
  const { name } = definition
  yield* files.remove(yield* fileOf(runsDir, name, "result"))
  yield* files.remove(yield* fileOf(runsDir, name, "page"))
  yield* files.remove(yield* fileOf(runsDir, name, "journal"))
  const text = `${JSON.stringify(encodeDefinition(definition), null, 2)}\n`
  yield* files.writeAtomic(yield* fileOf(runsDir, name, "definition"), text)
})

export const writeSweepResult = Effect.fn("writeSweepResult")(function* (
  runsDir: string,
  result: SweepResult,
) {
  const path = yield* fileOf(runsDir, result.name, "result")
  yield* files.writeAtomic(path, `${JSON.stringify(encodeResult(result), null, 2)}\n`)
  return yield* folderOf(runsDir, result.name)
})

const keyOf = (record: SweepRecord) =>
  record.record === "trial" ? `${record.trial}` : `${record.trial}/${record.seed}/${record.rung}`

/** The records of a journal up to the first line that is none, each once, and what was dropped, in words. */
export const parseJournal = (text: string) => {
  const lines = text.split("\n")
  // What follows the last line feed: nothing, or a record that was cut.
  const tail = lines.pop() ?? ""
  const records = new Map<string, SweepRecord>()
  const dropped: Array<string> = []
  for (const [i, line] of lines.entries()) {
    const record = Option.getOrUndefined(decodeRecord(line))
    if (record === undefined) {
      dropped.push(`${lines.length - i} lines from line ${i + 1} on, which is no record`)
      break
    }
    if (records.has(keyOf(record))) dropped.push(`line ${i + 1}, which repeats an earlier record`)
    else records.set(keyOf(record), record)
  }
  if (tail !== "") dropped.push(`a last line without its end, of ${tail.length} characters`)
  return { records: [...records.values()], dropped }
}

const render = (records: ReadonlyArray<SweepRecord>) =>
  records.map((record) => `${encodeRecord(record)}\n`).join("")

export const readSweepJournal = Effect.fn("readSweepJournal")(function* (runsDir: string, name: string) {
  const path = yield* fileOf(runsDir, name, "journal")
  return parseJournal((yield* files.readStringIfExists(path)) ?? "")
})

/** Whether a run belongs to a sweep: its journal names it, or it has the name of the sweep. */
export const isRunOfSweep = Effect.fnUntraced(function* (runsDir: string, name: string) {
  const { records } = yield* readSweepJournal(runsDir, name)
  const journaled = new Set(records.map((record) => (record.record === "trial" ? null : record.run)))
  return (run: string) => journaled.has(run) || experimentOfRun(run) === name
})

/** The journal for the process that holds the claim: logs what is dropped, and writes the journal without it. */
export const openSweepJournal = Effect.fn("openSweepJournal")(function* (runsDir: string, name: string) {
  const { dropped, records } = yield* readSweepJournal(runsDir, name)
  if (dropped.length > 0) {
    yield* Effect.logWarning(
      `the journal of sweep ${name} was damaged; dropped ${dropped.join(", and ")}; what is missing is made again from the runs`,
    )
    yield* files.writeAtomic(yield* fileOf(runsDir, name, "journal"), render(records))
  }
  return records
})

export const appendSweepRecords = Effect.fn("appendSweepRecords")(function* (
  runsDir: string,
  name: string,
  records: ReadonlyArray<SweepRecord>,
) {
  if (records.length > 0) yield* files.append(yield* fileOf(runsDir, name, "journal"), render(records))
})

/** Fails with the names of the sweeps that there are. */
export const sweepNotFound = Effect.fnUntraced(function* (runsDir: string, sweep: string) {
  const paths = yield* Path.Path
  const known = yield* listNow(paths.join(runsDir, sweepsFolder)).pipe(Effect.orElseSucceed(() => []))
  return yield* new SweepNotFound({ sweep, runsDir, problem: null, known: known.filter(isExperimentName) })
})

/** The folder of a sweep, even if its files cannot be read. */
export const locateSweep = Effect.fn("locateSweep")(function* (runsDir: string, name: string) {
  if (!isExperimentName(name)) return yield* sweepNotFound(runsDir, name)
  const folder = yield* folderOf(runsDir, name)
  return (yield* files.exists(folder)) && !(yield* isFileNow(folder))
    ? folder
    : yield* sweepNotFound(runsDir, name)
})

/** Removes the definition first: without it there is no sweep, whatever a crash leaves in the folder. Its runs stay. */
export const removeSweep = Effect.fn("removeSweep")(function* (runsDir: string, name: string) {
  const folder = yield* locateSweep(runsDir, name)
  if (!(yield* isLinkNow(folder))) {
    yield* claimSweep(runsDir, name)
    yield* files.remove(yield* fileOf(runsDir, name, "definition"))
  }
  yield* files.remove(folder)
  yield* removeNote(runsDir, `${sweepsFolder}/${name}`)
}, Effect.scoped)

/**
 * The runs that sweeps need, except those in `except`: run id -> why. A sweep that has not ended needs all its runs, one
 * that has ended those of the winner and of the base. A sweep that cannot be read protects nothing.
 */
export const sweepRuns = Effect.fn("sweepRuns")(function* (
  runsDir: string,
  except: ReadonlyArray<string> = [],
) {
  const paths = yield* Path.Path
  const entries = yield* entriesNow(paths.join(runsDir, sweepsFolder)).pipe(Effect.orElseSucceed(() => []))
  const runs = new Map<string, string>()
  for (const { name } of entries) {
    if (except.includes(name) || !isExperimentName(name)) continue
    const protect = (run: string, what: string) =>
      runs.set(run, `${what} of sweep ${name}, which \`rm ${prefix}${name}\` removes`)
    const result = yield* readSweepResult(runsDir, name).pipe(Effect.orElseSucceed(() => undefined))
    if (result === undefined) {
      const { records } = yield* readSweepJournal(runsDir, name)
      for (const record of records) {
        if (record.record !== "trial" && record.run !== null) protect(record.run, "a trial")
      }
      continue
    }
    const winner = result.finalists.find(({ trial }) => trial === result.winner?.trial)
    for (const run of winner?.runs ?? []) protect(run, "the winner")
    for (const run of winner === undefined ? [] : (result.base?.runs ?? [])) protect(run, "the base")
  }
  return runs
})
