/**
 * Copies what a person names from a store: (store, runs folder, names) -> what was copied. A name is that of runs, or sweep:NAME,
 * ensemble:NAME or champion:NAME, which bring the runs that belong to them. Without names, all is copied.
 */
import { Effect } from "effect"
import { ensembleName, readEnsemble } from "../ensembles.ts"
import { championName, readChampion } from "../champions.ts"
import { matchRuns } from "../runDirectory.ts"
import type { ObjectStore } from "../store/ObjectStore.ts"
import { isRunOfSweep, sweepName } from "../sweeps.ts"
import { makePuller } from "./pullRun.ts"
import { pullRecords } from "./pullRecords.ts"
import { championsPlace, ensemblePlace, type RecordsPlace, sweepPlace } from "./recordPlaces.ts"
import { listRecords } from "./sharedRecords.ts"
import { listSharedRuns } from "./sharedRun.ts"

/** The place that a name needs; undefined for a name of runs. */
const placeOfName = (name: string): RecordsPlace | undefined => {
  const [sweep, ensemble, champion] = [sweepName(name), ensembleName(name), championName(name)]
  if (sweep !== undefined) return sweepPlace(sweep)
  if (ensemble !== undefined) return ensemblePlace(ensemble)
  return champion === undefined ? undefined : championsPlace
}

/** The runs that belong to a sweep, an ensemble or a champion that was copied. */
const runsOfPlace = Effect.fnUntraced(function* (runsDir: string, name: string, runs: ReadonlyArray<string>) {
  const [sweep, ensemble, champion] = [sweepName(name), ensembleName(name), championName(name)]
  if (sweep !== undefined) {
    return runs.filter(yield* isRunOfSweep(runsDir, sweep))
  }
  if (ensemble !== undefined) {
    const report = yield* readEnsemble(runsDir, ensemble).pipe(Effect.option)
    return report._tag === "None" ? [] : report.value.members.map(({ run }) => run)
  }
  return (yield* readChampion(runsDir, champion ?? "")) ?? []
})

export const pullNamed = Effect.fn("pullNamed")(function* (
  store: ObjectStore,
  runsDir: string,
  names: ReadonlyArray<string>,
) {
  const isAll = names.length === 0
  const [listed, places] = [yield* listSharedRuns(store), yield* listRecords(store)]
  const runs = listed.map(({ run }) => run)
  const wantedPlaces = new Set(names.flatMap((name) => placeOfName(name)?.name ?? []))
  const isWanted = ({ name }: RecordsPlace) => isAll || wantedPlaces.has(name)
  const records = yield* pullRecords(store, runsDir, isWanted, places)
  const wanted = new Set(isAll ? runs : [])
  const missing: Array<string> = []
  for (const name of names) {
    const place = placeOfName(name)
    const found =
      place === undefined ? matchRuns(runs, name) : [yield* runsOfPlace(runsDir, name, runs)].flat()
    // A champion is there if it has a run: the history of all is one object.
    const isThere =
      found.length > 0 ||
      (place !== undefined &&
        place.kind !== "champions" &&
        places.some((one) => one.place.name === place.name))
    if (!isThere) missing.push(name)
    for (const run of found) wanted.add(run)
  }
  const { pullAll } = yield* makePuller(store, runsDir)
  return { missing, records, runs: yield* pullAll((run) => wanted.has(run), listed), of: runs.length }
})
