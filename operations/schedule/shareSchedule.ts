/**
 * A schedule whose runs are in a store: (store, runs folder, jobs) -> its claim between machines. What a schedule elsewhere has done
 * is copied here first: its state, the champions, and the runs that are not finished.
 */
import { Effect } from "effect"
import { makePuller } from "../../storage/share/pullRun.ts"
import { pullRecords } from "../../storage/share/pullRecords.ts"
import { schedulePlace } from "../../storage/share/recordPlaces.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"
import { awaitStore } from "../queue/awaitStore.ts"
import { keepRecords } from "../queue/keepRecords.ts"
import type { Job } from "./Job.ts"
import { readJobState } from "./Journal.ts"

export const shareSchedule = Effect.fn("shareSchedule")(function* (
  store: ObjectStore,
  runsDir: string,
  jobs: ReadonlyArray<Job>,
) {
  const kept = yield* keepRecords(store, runsDir, schedulePlace)
  yield* awaitStore(pullRecords(store, runsDir, ({ kind }) => kind === "champions"))
  const states = yield* Effect.forEach(jobs, ({ name }) => readJobState(runsDir, name))
  const open = new Set(states.flatMap((state) => state?.open?.run ?? []))
  const { pullAll } = yield* makePuller(store, runsDir)
  yield* awaitStore(pullAll((run) => open.has(run)))
  return kept
})
