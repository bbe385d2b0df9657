/** Temporary files of writes that a crash interrupted: which are left, and their removal. */
import { Effect, Path } from "effect"
import { list, remove } from "./files.ts"
import { hasProcess } from "./lock/processIdentity.ts"

const temporaryName = /^\..*\.(\d+)-\d+\.tmp$/

/** Deletes what crashes left of unfinished writes; the temporary files of processes that still run are theirs. */
export const removeTemporaries = Effect.fnUntraced(function* (folder: string) {
  const paths = yield* Path.Path
  for (const name of yield* list(folder)) {
    const pid = temporaryName.exec(name)?.[1]
    if (pid !== undefined && !hasProcess(Number(pid))) yield* remove(paths.join(folder, name))
  }
})

/** The same of a folder that this process alone writes to, before it begins: containers give their processes the same ids. */
export const removeAllTemporaries = Effect.fnUntraced(function* (folder: string) {
  const paths = yield* Path.Path
  for (const name of yield* list(folder)) {
    if (temporaryName.test(name)) yield* remove(paths.join(folder, name))
  }
})
