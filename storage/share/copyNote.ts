/**
 * The note of a copy of what concerns several runs: `.copies/<place>.json` in a runs folder has which version of the store's it is,
 * and who held it then.
 */
import { Clock, Effect, FileSystem, Path, Schema } from "effect"
import { RecordsHolder, type SharedRecords } from "../../schemas/SharedRecords.ts"
import * as files from "../files.ts"
import { seemsAlive } from "../lock/owner.ts"
import type { ObjectStore } from "../store/ObjectStore.ts"

const CopyNote = Schema.fromJsonString(
  Schema.Struct({ store: Schema.String, version: Schema.String, holder: Schema.NullOr(RecordsHolder) }),
)
const decodeNote = Schema.decodeUnknownEffect(CopyNote)
const encodeNote = Schema.encodeSync(CopyNote)

/** Of notes in a runs folder, those of runs (`pullRun.ts`) too; hidden, so that no command takes it for a run. */
export const notesFolder = ".copies"

const notePath = (runsDir: string, place: string) =>
  Effect.map(Path.Path, (paths) => paths.join(runsDir, notesFolder, ...`${place}.json`.split("/")))

/** Undefined if the place is no copy. */
export const readNote = Effect.fnUntraced(function* (runsDir: string, place: string) {
  const text = yield* files.readStringIfExists(yield* notePath(runsDir, place))
  const note = yield* decodeNote(text ?? "").pipe(Effect.option)
  return note._tag === "Some" ? note.value : undefined
})

/** Notes which version the files here are. The time of the note is that of the holder's last sign of life. */
export const writeNote = Effect.fnUntraced(function* (
  runsDir: string,
  place: string,
  store: ObjectStore,
  { records: { holder }, version }: { readonly records: SharedRecords; readonly version: string },
  ageMs = 0,
) {
  const paths = yield* Path.Path
  const path = yield* notePath(runsDir, place)
  yield* files.makeFolder(paths.dirname(path))
  yield* files.writeAtomic(path, `${encodeNote({ store: store.address, version, holder })}\n`)
  if (ageMs < 1000) return
  const at = new Date((yield* Clock.currentTimeMillis) - ageMs)
  yield* Effect.ignore((yield* FileSystem.FileSystem).utimes(path, at, at))
})

export const removeNote = Effect.fnUntraced(function* (runsDir: string, place: string) {
  yield* files.remove(yield* notePath(runsDir, place))
})

/** Whether a process elsewhere held the place when it was copied, and its sign of life is not old. For a display. */
export const isHeldElsewhere = Effect.fnUntraced(function* (runsDir: string, place: string) {
  const holder = (yield* readNote(runsDir, place))?.holder ?? null
  return holder !== null && (yield* seemsAlive(yield* notePath(runsDir, place), holder.process))
})
