/** The flag for champions in a store that machines share, and what it changes. */
import { Effect, Option } from "effect"
import { Flag } from "effect/cli"
import { SharedChampions } from "../storage/champions.ts"
import { openStoreIfGiven } from "./queueFlag.ts"

export const championStoreFlag = Flag.String("store").pipe(
  Flag.withDescription(
    "Change the champions of this store, which machines share: s3://BUCKET/PREFIX, or a folder",
  ),
  Flag.withMetavar("STORE"),
  Flag.optional,
)

/** Runs a change of a champion on those of the store, if one is given. */
export const withSharedChampions =
  (given: Option.Option<string>) =>
  <A, E, R>(change: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const store = yield* openStoreIfGiven(given)
      if (store === undefined) return yield* change
      const { makeSharedChampions } = yield* Effect.promise(
        () => import("../storage/share/sharedChampions.ts"),
      )
      return yield* Effect.provideService(change, SharedChampions, makeSharedChampions(store))
    })
