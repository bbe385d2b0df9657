/** Checks at the start what would fail at the first scheduled time: (folders, plan) -> nothing, or the error. */
import { Effect, Layer, Path, Schema } from "effect"
import { isAnyEngine } from "../../schemas/EngineInfo.ts"
import { Failure } from "../../schemas/Failure.ts"
import * as files from "../../storage/files.ts"
import type { StorageFailed } from "../../storage/StorageFailed.ts"
import type { Plan } from "./plan.ts"

/** A folder that the schedule cannot write to. */
export class FolderUnusable extends Failure<FolderUnusable>()("FolderUnusable", {
  exitCode: "noInput",
  fields: { folder: Schema.String, problem: Schema.String },
  message: ({ folder, problem }) => `cannot schedule runs in ${folder}: ${problem}`,
}) {}

export const folderUnusable = (folder: string) => (error: StorageFailed) =>
  Effect.fail(new FolderUnusable({ folder, problem: error.message }))

/** Creates the folder and writes to it. */
export const checkFolder = Effect.fnUntraced(
  function* (folder: string) {
    const paths = yield* Path.Path
    const probe = paths.join(folder, ".writable")
    yield* files.makeFolder(folder)
    yield* files.writeAtomic(probe, "")
    yield* files.remove(probe)
  },
  (effect, folder) => Effect.catchTag(effect, "StorageFailed", folderUnusable(folder)),
)

/** Loads every engine that a job names. */
export const checkEngines = Effect.fnUntraced(function* ({ jobs }: Plan) {
  const named = new Set(jobs.flatMap(({ engine }) => (isAnyEngine(engine) ? [] : [engine])))
  if (named.size === 0) return
  const { selectEngine } = yield* Effect.promise(() => import("../../engines/select.ts"))
  for (const engine of named) yield* Effect.scoped(Layer.build(selectEngine(engine)))
})
