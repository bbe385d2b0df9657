/**
 * The fingerprint of an experiment: it covers everything that changes a result, and not where or how often results are written.
 *
 * SHA-256 of the decoded experiment as JSON with sorted keys, without the fields that change no number.
 */
import { createHash } from "node:crypto"
import { isPacked } from "./Dataset.ts"
import type { Experiment } from "./Experiment.ts"

/** JSON with sorted keys and no white space: equal values have equal text. */
export const canonical = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const fields = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`).join()}}`
}

/** A dataset without its bounds and what it allows, which only validate it: equal values name the same files. */
export const filesOf = (dataset: Experiment["dataset"]) => {
  if (typeof dataset === "string") return dataset
  const { bounds: _b, ...files } = dataset
  if (!isPacked(files)) return files
  const { allow: _a, ...packed } = files
  return packed
}

/**
 * The rules of evaluation decide which model is tested only with early stopping or with the best checkpoint. Otherwise an
 * experiment keeps the fingerprint of older versions, which have no rules and whose default interval is 1000.
 */
const evaluationsThatDecide = ({
  earlyStopping,
  evaluateEvery,
  evaluationRules,
  report,
}: Experiment): object => {
  if (evaluationRules !== 2) return { evaluateEvery }
  const isDeciding = earlyStopping !== undefined || report === "best"
  return isDeciding ? { evaluateEvery, evaluationRules } : { evaluateEvery: evaluateEvery ?? 1000 }
}

/** Own code by its content: where the files lie changes no result. */
const contentOf = (code: Experiment["code"]) =>
  code === undefined ? {} : { code: { files: code.files, packages: code.packages } }

/**
 * 64 hexadecimal digits; the first 8 are part of a run's name. The result of a fork also depends on the checkpoint it started
 * from: `parent` is the parent's fingerprint and the checkpoint's iteration.
 */
export const fingerprint = (
  experiment: Experiment,
  parent?: { readonly fingerprint: string; readonly iteration: number },
): string => {
  const {
    checkpointEvery: _c,
    code,
    dataset,
    description: _d,
    evaluateEvery: _e,
    evaluationRules: _r,
    gate: _g,
    keepCheckpoints: _k,
    name: _n,
    ...decides
  } = experiment
  const from = parent === undefined ? {} : { parent: [parent.fingerprint, parent.iteration] }
  return createHash("sha256")
    .update(
      canonical({
        ...decides,
        ...evaluationsThatDecide(experiment),
        dataset: filesOf(dataset),
        ...contentOf(code),
        ...from,
      }),
    )
    .digest("hex")
}
