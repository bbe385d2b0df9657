/**
 * The files of a run that are shared, in an order that gives a whole: (run directory, phase) -> paths.
 *
 * A record is written after what it tells of: an outcome after the report, a record of a stage after its checkpoint, a checkpoint after
 * the metrics before it. So files are listed and read in the opposite order while the run trains: what a file tells of is then read
 * after it.
 */
import { Effect, FileSystem, Path } from "effect"
import * as files from "../files.ts"
import { layout } from "../runDirectory.ts"
import { reservedSuffix } from "../createExclusive.ts"

/** Not shared: what is being written, and the signs of life of a process. */
const isShared = (name: string) =>
  !name.startsWith(".") &&
  ![reservedSuffix, ".heartbeat", files.temporarySuffix].some((end) => name.endsWith(end))

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
) => Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function* (runPath: string, folder = "") {
    const fs = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const found: Array<string> = []
    const names = yield* files.list(paths.join(runPath, folder)).pipe(Effect.orElseSucceed(() => []))
    for (const name of names.filter(isShared)) {
      const path = folder === "" ? name : `${folder}/${name}`
      const info = yield* fs.stat(paths.join(runPath, path)).pipe(Effect.option)
      if (info._tag === "None") continue
      if (info.value.type === "Directory") found.push(...(yield* listRunFiles(runPath, path)))
      else if (info.value.type === "File") found.push(path)
    }
    return found
  },
)
