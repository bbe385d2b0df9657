/**
 * Folders and files of runs by name alone: (runs folder, id, file) -> path, undefined for anything else.
 *
 * A request names no path. An id has the form of a run's name, a file is one of a fixed list, and the real path of both, links
 * resolved, is inside the runs folder or inside the folder that the run's own name leads to.
 */
import { lstatSync, realpathSync, statSync } from "node:fs"
import { join, sep } from "node:path"
import { isExperimentName } from "../../schemas/experiment/ExperimentName.ts"
import { layout } from "../../storage/runDirectory.ts"
import { beginsWithTime } from "../../storage/runNames.ts"

/** Names that a person gave to a copy may have more characters, but no separator and none that a path or a URL treats apart. */
export const isRunId = (id: string): boolean =>
  beginsWithTime(id) && /^[0-9A-Za-z][0-9A-Za-z_.-]*$/.test(id) && id.length <= 200 && !id.includes("..")

/** Ensembles, sweeps and experiments. */
export const isName = isExperimentName

/** What may be fetched from a run directory, with its type. None is shown as a page. */
export const runFiles = {
  [layout.identity]: "application/json",
  [layout.report]: "application/json",
  [layout.metrics]: "application/x-ndjson",
} as const
export type RunFile = keyof typeof runFiles

export const isRunFile = (name: string): name is RunFile => Object.hasOwn(runFiles, name)

const realPath = (path: string): string | undefined => {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** Whether a path is inside a folder; both are real paths. */
export const isInside = (folder: string, path: string) => path.startsWith(`${folder}${sep}`)

/** The folder of a run. A run may be a link to a folder elsewhere, as to another disk: its owner made it so. */
export const runFolder = (runsDir: string, id: string): string | undefined => {
  if (!isRunId(id)) return undefined
  const path = join(runsDir, id)
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : undefined
}

/** A regular file in a folder, and no link that leads out of it. */
export const fileInside = (folder: string, ...names: ReadonlyArray<string>): string | undefined => {
  const path = join(folder, ...names)
  const [realFolder, real] = [realPath(folder), realPath(path)]
  if (realFolder === undefined || real === undefined || !isInside(realFolder, real)) return undefined
  return lstatSync(real, { throwIfNoEntry: false })?.isFile() === true ? real : undefined
}

export const runFilePath = (runsDir: string, id: string, name: string): string | undefined => {
  const folder = runFolder(runsDir, id)
  return folder === undefined || !isRunFile(name) ? undefined : fileInside(folder, name)
}
