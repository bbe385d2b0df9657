/**
 * Begins a fork for the workers of a queue: (parent, experiment) -> the run, with the checkpoint that its parent has now and without an
 * attempt. With a store, the run is there afterwards.
 *
 * So what a worker trains does not depend on when it claims the job: the parent may be trained further, or be removed. It has the
 * parent's engine until an attempt begins it, on any.
 */
import { Effect, Path } from "effect"
import type { Parent } from "../../schemas/Run.ts"
import { prepareFork } from "../../pipeline/lineage/fork.ts"
import { createNewRun, type NewRun } from "../../pipeline/newRun.ts"
import { makePublisher } from "../../storage/share/publishRun.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"
import { engineOf, readRun, type Run } from "../../storage/runDirectory.ts"
import { awaitStore } from "./awaitStore.ts"
import { shareLocal } from "./shareLocal.ts"

/** Lower than that of any attempt. */
const beforeAttempts = 0

/** A worker looks at the records of the whole lineage: none of them may have been trained on the test images. */
const shareLineage = Effect.fnUntraced(function* (parent: Run, store: ObjectStore) {
  const paths = yield* Path.Path
  for (let run: Run | undefined = parent; run !== undefined;) {
    yield* awaitStore(shareLocal(store, run))
    const next: Parent | undefined = run.identity.parent
    run =
      next === undefined
        ? undefined
        : yield* readRun(paths.join(paths.dirname(parent.path), next.run)).pipe(
            Effect.orElseSucceed(() => undefined),
          )
  }
})

export const beginFork = Effect.fn("beginFork")(function* (
  parent: Run,
  options: Pick<NewRun<never, never>, "experiment" | "file" | "overrides" | "runsDir" | "dataDir">,
  store: ObjectStore | undefined,
) {
  const fork = yield* prepareFork(parent, options.experiment)
  const { path } = yield* createNewRun({ ...options, ...fork }, engineOf(parent))
  yield* Effect.logInfo(`run ${path}, a fork of ${parent.identity.id} at iteration ${fork.parent.iteration}`)
  if (store !== undefined) {
    yield* shareLineage(parent, store)
    const { publish } = yield* makePublisher(store, path, beforeAttempts)
    yield* awaitStore(publish(true))
  }
  return yield* readRun(path)
})
