/** Refuses to change what is a copy here, where the change would be lost: (runs folder, place) -> void. */
import { Effect, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import { readNote } from "./copyNote.ts"

/** It is a copy of what a store has. */
export class IsCopy extends Failure<IsCopy>()("IsCopy", {
  exitCode: "usage",
  fields: { what: Schema.String, runsDir: Schema.String, store: Schema.String, flags: Schema.String },
  message: ({ flags, runsDir, store, what }) =>
    `cannot change ${what} in ${runsDir}, a copy from ${store}; change it there, with ${flags}, or use another --runs-dir`,
}) {}

/** `place`: its name in the runs folder. `flags`: those of the command that change it in the store. */
export const checkNotCopy = Effect.fnUntraced(function* (
  runsDir: string,
  place: string,
  what: string,
  flags: string,
) {
  const note = yield* readNote(runsDir, place)
  if (note !== undefined) return yield* new IsCopy({ what, runsDir, store: note.store, flags })
})
