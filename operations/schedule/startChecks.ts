/** What could only fail at night fails when the schedule starts: (folders, plan) -> nothing, or why not. */
import { Effect, Layer, Path, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import * as files from "../../storage/files.ts"
import type { StorageFailed } from "../../storage/StorageFailed.ts"
import type { Plan } from "./plan.ts"

/** A folder that nights could not be written into. */
export class FolderUnusable extends Failure<FolderUnusable>()("FolderUnusable", {
  exitCode: "noInput",
  fields: { folder: Schema.String, problem: Schema.String },
  message: ({ folder, problem }) => `nothing can be scheduled into ${folder}: ${problem}`,
}) {}

export const unusable = (folder: string) => (error: StorageFailed) =>
  Effect.fail(new FolderUnusable({ folder, problem: error.message }))

/** Writes into the folder, which is made. */
export const checkFolder = Effect.fnUntraced(
  function* (folder: string) {
    const paths = yield* Path.Path
    const probe = paths.join(folder, ".writable")
    yield* files.makeFolder(folder)
    yield* files.writeAtomic(probe, "")
    yield* files.remove(probe)
  },
  (effect, folder) => Effect.catchTag(effect, "StorageFailed", unusable(folder)),
)

/** An engine that is asked for by its name and is not there fails now, not at night. */
export const checkEngines = Effect.fnUntraced(function* ({ jobs }: Plan) {
  const named = new Set(jobs.flatMap(({ engine }) => (engine === "auto" ? [] : [engine])))
  if (named.size === 0) return
  const { selectEngine } = yield* Effect.promise(() => import("../../engines/select.ts"))
  for (const engine of named) yield* Effect.scoped(Layer.build(selectEngine(engine)))
})
