/**
 * The fingerprint of an experiment: what changes a result is in it, where or how often it is written down is not.
 *
 * SHA-256 over the decoded experiment as JSON with sorted keys, less the fields that change no number.
 */
import { createHash } from "node:crypto"
import type { Experiment } from "./Experiment.ts"

/** JSON with sorted keys, written in one go: equal values have equal text. */
export const canonical = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const fields = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`).join()}}`
}

/** A dataset without what only judges it: equal values name the same files. */
export const filesOf = (dataset: Experiment["dataset"]) => {
  if (typeof dataset === "string") return dataset
  const { bounds: _b, ...files } = dataset
  return files
}

/**
 * 64 hexadecimal digits; the first 8 are part of a run's name. A run forked from another's checkpoint depends on that
 * checkpoint as well: `parent` is the fingerprint of the run and the iteration it came from.
 */
export const fingerprint = (
  experiment: Experiment,
  parent?: { readonly fingerprint: string; readonly iteration: number },
): string => {
  const {
    checkpointEvery: _c,
    dataset,
    description: _d,
    gate: _g,
    keepCheckpoints: _k,
    name: _n,
    ...decides
  } = experiment
  const from = parent === undefined ? {} : { parent: [parent.fingerprint, parent.iteration] }
  return createHash("sha256")
    .update(canonical({ ...decides, dataset: filesOf(dataset), ...from }))
    .digest("hex")
}
