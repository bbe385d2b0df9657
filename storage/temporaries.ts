/** Temporary files of writes that a crash interrupted: which are left, and their removal. */
import { Clock, Effect, Path } from "effect"
import { list, remove, stat, temporarySuffix } from "./files.ts"
import { listNow } from "./filesNow.ts"
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

/** No write takes so long, on whatever machine: files that are written for longer renew their time. */
const abandonedMs = 3_600_000

const isAbandoned = Effect.fnUntraced(function* (path: string) {
  const file = yield* stat(path)
  return file !== undefined && (yield* Clock.currentTimeMillis) - file.modifiedMs > abandonedMs
})

/**
 * The same of a folder that processes of several machines write to, whose ids say nothing here: by age alone. A machine that was
 * suspended has an hour to renew the times of its files.
 */
export const removeAbandoned = Effect.fnUntraced(function* (folder: string) {
  const paths = yield* Path.Path
  for (const name of yield* list(folder)) {
    if (!name.startsWith(".") || !name.endsWith(temporarySuffix)) continue
    const path = paths.join(folder, name)
    if (yield* isAbandoned(path)) yield* remove(path)
  }
})

/** The temporary files in a folder that crashes of any machine left; none if there is no such folder. */
export const findTemporaries = Effect.fnUntraced(function* (folder: string) {
  const paths = yield* Path.Path
  const names = yield* listNow(folder).pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))
  const found: Array<string> = []
  for (const name of names) {
    const pid = temporaryName.exec(name)?.[1]
    if (pid === undefined || hasProcess(Number(pid))) continue
    const path = paths.join(folder, name)
    if (yield* isAbandoned(path)) found.push(path)
  }
  return found
})
