/** Where an experiment uses own code: (experiment) -> its references with their places. */
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import type { OwnFunction } from "../../schemas/experiment/OwnCode.ts"
import type { Use } from "./load.ts"

type Parts = Pick<Experiment, "model" | "loss"> & Partial<Experiment>

export const isOwn = (value: unknown): value is OwnFunction =>
  typeof value === "object" && value !== null && Reflect.get(value, "kind") === "custom"

/** The layers and the loss: what a network consists of. */
export const usesOfNetwork = ({ loss, model }: Pick<Experiment, "model" | "loss">): ReadonlyArray<Use> => [
  ...model.flatMap((layer, i): ReadonlyArray<Use> =>
    layer.kind === "custom" ? [{ kind: "layer", at: `model[${i}]`, reference: layer }] : [],
  ),
  ...(isOwn(loss) ? [{ kind: "loss", at: "loss", reference: loss } as const] : []),
]

export const usesOf = (experiment: Parts): ReadonlyArray<Use> => {
  const { augmentation, metrics = {}, optimizer, preprocess } = experiment
  const rate = optimizer?.learningRate
  return [
    ...usesOfNetwork(experiment),
    ...Object.entries(metrics).flatMap(([name, metric]): ReadonlyArray<Use> =>
      isOwn(metric) ? [{ kind: "metric", at: `metrics.${name}`, reference: metric }] : [],
    ),
    ...(preprocess === undefined
      ? []
      : [{ kind: "preprocess", at: "preprocess", reference: preprocess } as const]),
    ...(augmentation?.custom === undefined
      ? []
      : [{ kind: "augment", at: "augmentation.custom", reference: augmentation.custom } as const]),
    ...(isOwn(rate) ? [{ kind: "schedule", at: "optimizer.learningRate", reference: rate } as const] : []),
  ]
}

/** The experiment with every module renamed. */
export const renameModules = (experiment: Experiment, rename: (module: string) => string): Experiment => {
  const renamed = <R extends OwnFunction>(reference: R): R => ({
    ...reference,
    module: rename(reference.module),
  })
  const { augmentation, loss, metrics, model, optimizer, preprocess } = experiment
  const { learningRate } = optimizer
  return {
    ...experiment,
    model: model.map((layer) => (layer.kind === "custom" ? renamed(layer) : layer)),
    loss: isOwn(loss) ? renamed(loss) : loss,
    ...(metrics && {
      metrics: Object.fromEntries(
        Object.entries(metrics).map(([name, each]) => [name, isOwn(each) ? renamed(each) : each]),
      ),
    }),
    ...(preprocess && { preprocess: renamed(preprocess) }),
    ...(augmentation?.custom && {
      augmentation: { ...augmentation, custom: renamed(augmentation.custom) },
    }),
    optimizer: isOwn(learningRate) ? { ...optimizer, learningRate: renamed(learningRate) } : optimizer,
  }
}
