/**
 * What concerns several runs, as files of a runs folder: (place) -> which files it has, and how to read and write them all.
 *
 *   sweeps/rates      sweep.json, journal.ndjson, result.json
 *   ensembles/digits  predictions.safetensors, report.json
 *   schedule          schedule.ndjson, schedule/cnn.json
 *   champions         champions/history.ndjson
 *
 * Pages are not among them: whoever shows one writes it.
 */
import { Effect, Path } from "effect"
import { isExperimentName } from "../../schemas/experiment/ExperimentName.ts"
import { ensemblesFolder } from "../ensembles.ts"
import { championHistory, championsFolder } from "../champions.ts"
import * as files from "../files.ts"
import { isClaimed } from "../lock/claim.ts"
import { layout } from "../runDirectory.ts"
import { sweepLayout, sweepsFolder } from "../sweeps.ts"

/** The files of a schedule in a runs folder; `operations/schedule/Journal.ts` writes them. */
export const scheduleFiles = { folder: "schedule", log: "schedule.ndjson", claim: "claim" } as const

export type RecordsKind = "sweep" | "ensemble" | "schedule" | "champions"

export interface RecordsPlace {
  readonly kind: RecordsKind
  /** Such as sweeps/rates: its name in a store, and in the runs folder. */
  readonly name: string
}

export const sweepPlace = (name: string): RecordsPlace => ({ kind: "sweep", name: `${sweepsFolder}/${name}` })
export const ensemblePlace = (name: string): RecordsPlace => ({
  kind: "ensemble",
  name: `${ensemblesFolder}/${name}`,
})
export const schedulePlace: RecordsPlace = { kind: "schedule", name: scheduleFiles.folder }
export const championsPlace: RecordsPlace = { kind: "champions", name: championsFolder }

/** Undefined for a name that a newer version may have written. */
export const placeOf = (name: string): RecordsPlace | undefined => {
  if (name === schedulePlace.name) return schedulePlace
  if (name === championsPlace.name) return championsPlace
  const [folder, inner, ...more] = name.split("/")
  if (more.length > 0 || !isExperimentName(inner)) return undefined
  return folder === sweepsFolder
    ? sweepPlace(inner)
    : folder === ensemblesFolder
      ? ensemblePlace(inner)
      : undefined
}

/** How a person names it: sweep:rates, ensemble:digits. */
export const showPlace = ({ kind, name }: RecordsPlace) =>
  kind === "sweep" || kind === "ensemble"
    ? `${kind}:${name.slice(name.indexOf("/") + 1)}`
    : `the ${kind === "schedule" ? "schedule" : "champions"}`

/** The folder of the claim of its one writer on this machine. */
const claimOf = ({ kind, name }: RecordsPlace) =>
  kind === "sweep"
    ? `${name}/${sweepLayout.claim}`
    : kind === "schedule"
      ? `${scheduleFiles.folder}/${scheduleFiles.claim}`
      : undefined

/** The names of its files in the order of writing: what a file tells of is written before it. Those of a schedule depend on its jobs. */
const filesOf = ({ kind }: RecordsPlace): ReadonlyArray<string> => {
  if (kind === "sweep") return [sweepLayout.definition, sweepLayout.journal, sweepLayout.result]
  if (kind === "ensemble") return [layout.predictions, layout.report]
  return kind === "champions" ? [championHistory] : []
}

const pathsOf = Effect.fnUntraced(function* (runsDir: string, place: RecordsPlace) {
  if (place.kind !== "schedule") return filesOf(place).map((file) => `${place.name}/${file}`)
  const folder = (yield* Path.Path).join(runsDir, scheduleFiles.folder)
  const states = (yield* files.list(folder)).map((file) => `${scheduleFiles.folder}/${file}`)
  return [scheduleFiles.log, ...states.filter((path) => isFileOf(place, path))]
})

const scheduleState = new RegExp(`^${scheduleFiles.folder}/[a-z0-9][a-z0-9-]{0,63}\\.json$`)

/** Whether a place may have this file: what is in a store comes from outside. */
const isFileOf = (place: RecordsPlace, path: string) =>
  place.kind === "schedule"
    ? path === scheduleFiles.log || scheduleState.test(path)
    : filesOf(place).some((file) => path === `${place.name}/${file}`)

export type RecordFiles = Readonly<Record<string, string>>

export const areEqual = (a: RecordFiles, b: RecordFiles) =>
  Object.keys({ ...a, ...b }).every((path) => a[path] === b[path])

const isBinary = (path: string) => path.endsWith(".safetensors")
const join = (paths: Path.Path, runsDir: string, path: string) => paths.join(runsDir, ...path.split("/"))

/** Whether any file of the place is here. */
export const isPlaceThere = Effect.fnUntraced(function* (runsDir: string, place: RecordsPlace) {
  const paths = yield* Path.Path
  for (const path of yield* pathsOf(runsDir, place)) {
    if ((yield* files.stat(join(paths, runsDir, path))) !== undefined) return true
  }
  return false
})

export const readPlace = Effect.fnUntraced(function* (runsDir: string, place: RecordsPlace) {
  const paths = yield* Path.Path
  const found: Record<string, string> = {}
  for (const path of yield* pathsOf(runsDir, place)) {
    const bytes = yield* files.readIfExists(join(paths, runsDir, path))
    if (bytes !== undefined) found[path] = Buffer.from(bytes).toString(isBinary(path) ? "base64" : "utf8")
  }
  return found satisfies RecordFiles as RecordFiles
})

/** Gives a place these files and no others; returns whether anything changed. */
export const writePlace = Effect.fnUntraced(function* (
  runsDir: string,
  place: RecordsPlace,
  given: RecordFiles,
) {
  const paths = yield* Path.Path
  const here = yield* readPlace(runsDir, place)
  const wanted = Object.entries(given).filter(([path]) => isFileOf(place, path))
  const unwanted = Object.keys(here).filter((path) => !(path in given))
  const changed = wanted.filter(([path, text]) => here[path] !== text)
  // The result of an earlier sweep goes before the definition of the next one comes.
  for (const path of unwanted.toReversed()) yield* files.remove(join(paths, runsDir, path))
  for (const [path, text] of changed) {
    const file = join(paths, runsDir, path)
    yield* files.makeFolder(paths.dirname(file))
    yield* files.writeAtomic(file, isBinary(path) ? Buffer.from(text, "base64") : text)
  }
  return unwanted.length + changed.length > 0
})

/** Whether a process of this machine, or of one that shares the folder, writes it now. */
export const isWritten = Effect.fnUntraced(function* (runsDir: string, place: RecordsPlace) {
  const claim = claimOf(place)
  return claim !== undefined && (yield* isClaimed(join(yield* Path.Path, runsDir, claim)))
})
