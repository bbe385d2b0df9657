/**
 * What TensorBoard's HParams dashboard reads of a run: (experiment) -> its scalars, and that it has ended.
 *
 * There is no list of hyper-parameters and metrics for a whole folder of runs: without one TensorBoard makes it, of what
 * all runs have, so that networks of different layers stand in one table. Metrics are the last values of the scalars.
 */
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { layerNames } from "../../schemas/experiment/shapes.ts"
import { dataClass, dataType, encodeHParams, type EventContent, type HParamsPluginData } from "./proto.ts"

type Scalar = string | number | boolean

/** Fields by their path, as `optimizer/learningRate/value`; a list of sizes is one, as 2x2 (TensorBoard shows × as an escape), and so is one of names. */
const flatten = (path: string, value: unknown): ReadonlyArray<readonly [string, Scalar]> => {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return [[path, value]]
  if (Array.isArray(value)) return [[path, value.join(value.every(Number.isFinite) ? "x" : ", ")]]
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, field]) => flatten(path === "" ? key : `${path}/${key}`, field))
}

/** What decides the result of an experiment, one scalar each; layers by their names. */
export const hyperparameters = (experiment: Experiment): ReadonlyMap<string, Scalar> => {
  const {
    checkpointEvery: _c,
    dataset,
    description: _d,
    gate: _g,
    keepCheckpoints: _k,
    model,
    name: _n,
    ...rest
  } = experiment
  const names = layerNames(model)
  const layers = model.flatMap((layer, index) => {
    const { name: _, ...options } = layer
    return flatten(names[index], options)
  })
  return new Map([
    ["dataset", typeof dataset === "string" ? dataset : dataset.name],
    ...flatten("", rest),
    ...layers,
  ])
}

const valueOf = (value: Scalar) =>
  typeof value === "number"
    ? { numberValue: value }
    : typeof value === "string"
      ? { stringValue: value }
      : { boolValue: value }

const session = (tag: string, data: HParamsPluginData): EventContent => ({
  summary: {
    value: [
      {
        tag: `_hparams_/${tag}`,
        metadata: {
          pluginData: { pluginName: "hparams", content: encodeHParams(data) },
          dataClass: dataClass.tensor,
        },
        // The plugin's own writer adds a tensor without elements: a value must have one.
        tensor: { dtype: dataType.float32, tensorShape: { dim: [{ size: 0 }] } },
      },
    ],
  },
})

export const sessionStart = (experiment: Experiment): EventContent =>
  session("session_start_info", {
    version: 0,
    sessionStartInfo: {
      hparams: Object.fromEntries(
        [...hyperparameters(experiment)].map(([name, value]) => [name, valueOf(value)]),
      ),
    },
  })

/** STATUS_SUCCESS: an interrupted run has not ended. */
export const sessionEnd = (): EventContent =>
  session("session_end_info", { version: 0, sessionEndInfo: { status: 1 } })
