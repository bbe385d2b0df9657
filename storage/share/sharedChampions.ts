/**
 * The champions in a store, for whoever changes one: (store) -> how to copy their history, and to store the next one.
 *
 * The store counts: an event is there first, and only if no other machine has added one since the history was copied.
 */
import { Effect } from "effect"
import {
  readChampionHistory,
  championHistory,
  type SharedChampions,
  successionOf,
  writePointers,
} from "../champions.ts"
import type { ObjectStore } from "../store/ObjectStore.ts"
import { writeNote } from "./copyNote.ts"
import { makePuller } from "./pullRun.ts"
import { copyRecords } from "./pullRecords.ts"
import { championsPlace } from "./recordPlaces.ts"
import { type FoundRecords, readRecords, replaceRecords } from "./sharedRecords.ts"

/** The runs of so many champions are copied: the present one for the gate, and those before it for a rollback. */
const mostCopied = 3

export const makeSharedChampions = (store: ObjectStore): NonNullable<typeof SharedChampions.Service> => {
  let known: FoundRecords | undefined
  return {
    pull: Effect.fn("pullChampions")(function* (runsDir, experiment) {
      known = yield* readRecords(store, championsPlace)
      if (known === undefined) return
      yield* copyRecords(store, runsDir, championsPlace, known)
      yield* writePointers(runsDir)
      const champions = successionOf(yield* readChampionHistory(runsDir, experiment)).slice(-mostCopied)
      const { pullAll } = yield* makePuller(store, runsDir)
      yield* pullAll((run) => champions.includes(run))
    }),
    push: Effect.fn("pushChampions")(function* (runsDir, history) {
      const files = { [`${championsPlace.name}/${championHistory}`]: history }
      const records = { formatVersion: 1, holder: null, files } as const
      const stored = yield* replaceRecords(store, championsPlace, records, known)
      return stored === undefined ? undefined : writeNote(runsDir, championsPlace.name, store, stored)
    }),
  }
}
