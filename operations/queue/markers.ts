/**
 * The markers of a queue in a folder, empty files that name its open jobs in their order: (folder) -> what may be claimed.
 *
 *   open/<order>-<id>      nobody holds it
 *   claimed/<order>-<id>   a worker holds it
 *
 * They only save looking at thousands of logs: a log says what is so. A marker of a process that was killed between the log and the
 * marker lies in the wrong folder, or belongs to a job that has ended. Whoever finds it moves or removes it.
 */
import { Effect, type Path } from "effect"
import * as files from "../../storage/files.ts"

export interface Marker {
  readonly id: string
  /** `<order>-<id>` */
  readonly name: string
}

const markerOf = (name: string): ReadonlyArray<Marker> => {
  const id = /^\d+-([0-9a-f]{32})$/.exec(name)?.[1]
  return id === undefined ? [] : [{ id, name }]
}

export const makeMarkers = (folder: string, paths: Path.Path) => {
  const open = paths.join(folder, "open")
  const claimed = paths.join(folder, "claimed")
  const listIn = (place: string) => Effect.map(files.list(place), (names) => names.flatMap(markerOf))
  /** Another worker may have moved it. */
  const move = (name: string, from: string, to: string) =>
    Effect.ignore(files.rename(paths.join(from, name), paths.join(to, name)))
  return {
    makeFolders: Effect.andThen(files.makeFolder(open), files.makeFolder(claimed)),
    add: (order: number, id: string) =>
      files.writeAtomic(paths.join(open, `${String(order).padStart(15, "0")}-${id}`), ""),
    open: listIn(open),
    claimed: listIn(claimed),
    setClaimed: (name: string) => move(name, open, claimed),
    setOpen: (name: string) => move(name, claimed, open),
    remove: (name: string) =>
      Effect.andThen(files.remove(paths.join(claimed, name)), files.remove(paths.join(open, name))),
  }
}
