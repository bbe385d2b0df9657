/**
 * The identity of own code in an experiment: (experiment, scanned files) -> the experiment with the keys and digests of its
 * files. This process has their texts from then on.
 */
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { renameModules } from "../../stages/code/uses.ts"
import { addText } from "../../storage/codeTexts.ts"

/** What the files of an experiment are. */
export interface Scanned {
  /** The text of each file by its path below the common folder. */
  readonly texts: Readonly<Record<string, string>>
  readonly packages: Readonly<Record<string, string>>
  /** The common folder, relative to that of the experiment file. */
  readonly folder: string
  /** The key of each module as it is written. */
  readonly keys: Readonly<Record<string, string>>
}

export const identify = (experiment: Experiment, { folder, keys, packages, texts }: Scanned): Experiment => {
  const files = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, addText(text)]))
  return {
    ...renameModules(experiment, (module) => keys[module] ?? module),
    code: { files, packages, folder },
  }
}
