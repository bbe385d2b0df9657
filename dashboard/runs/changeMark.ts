/**
 * Whether a run has changed since a look: (run directory) -> a text that is another one whenever a file of it was renamed to its
 * name, as all files but logs and metrics are. It costs three `stat` calls.
 */
import { statSync } from "node:fs"
import { join } from "node:path"
import { layout } from "../../storage/runDirectory.ts"

/** A folder that was changed this recently may change again without another time. */
export const settleMs = 2000

export const modifiedMs = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

const timesOf = (runPath: string) =>
  [runPath, join(runPath, layout.attempts), join(runPath, layout.checkpoints)].map(modifiedMs)

/** Which files the run has now. */
export const contentMark = (runPath: string): string => timesOf(runPath).join(" ")

/** The same; undefined as long as it might stay the same in spite of a change. */
export const changeMark = (runPath: string, nowMs: number): string | undefined => {
  const times = timesOf(runPath)
  return times.some((time) => Math.abs(nowMs - time) < settleMs) ? undefined : times.join(" ")
}
