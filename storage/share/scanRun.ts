/**
 * The files of a run that are shared, in an order that gives a whole: (run directory, phase) -> paths.
 *
 * A record is written after what it tells of: an outcome after the report, a record of a stage after its checkpoint, a checkpoint after
 * the metrics before it. So files are listed and read in the opposite order while the run trains: what a file tells of is then read
 * after it.
 */
import { Effect, FileSystem, Path } from "effect"
import { isInnerPath } from "../../schemas/RunHead.ts"
import * as files from "../files.ts"
import { layout } from "../runDirectory.ts"
import { failed, type StorageFailed } from "../StorageFailed.ts"
import { reservedSuffix } from "../createExclusive.ts"

/** Not shared: what is being written, the signs of life of a process, and what no head can name. */
const isShared = (path: string) =>
  isInnerPath(path) &&
  ![reservedSuffix, ".heartbeat", files.temporarySuffix].some((end) => path.endsWith(end))

const isBelow = (folder: string) => (path: string) => path.startsWith(`${folder}/`)
const isCheckpoint = isBelow(layout.checkpoints)
const isAttempt = isBelow(layout.attempts)
const grows = (path: string) =>
  isBelow(layout.attemptMetrics)(path) ||
  isBelow(layout.log)(path) ||
  path === layout.metrics ||
  path.startsWith("events.out.tfevents.")

/** Which files are read when: each phase lists the folder again. */
export const phases: ReadonlyArray<(path: string) => boolean> = [
  isAttempt,
  (path) => !isAttempt(path) && !isCheckpoint(path) && !grows(path),
  isCheckpoint,
  grows,
]

/** The regular files below a folder with paths relative to it, sorted. */
export const listRunFiles: (
  runPath: string,
  folder?: string,
) => Effect.Effect<ReadonlyArray<string>, StorageFailed, FileSystem.FileSystem | Path.Path> =
  Effect.fnUntraced(function* (runPath: string, folder = "") {
    const fs = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const found: Array<string> = []
    for (const name of yield* files.list(paths.join(runPath, folder))) {
      const path = folder === "" ? name : `${folder}/${name}`
      if (!isShared(path)) continue
      const file = paths.join(runPath, path)
      const info = yield* fs.stat(file).pipe(
        // It was removed since the folder was listed.
        Effect.catchReason("PlatformError", "NotFound", () => Effect.undefined),
        Effect.mapError(failed("check", file)),
      )
      if (info?.type === "Directory") found.push(...(yield* listRunFiles(runPath, path)))
      else if (info?.type === "File") found.push(path)
    }
    return found
  })
