/**
 * The memory that training needs at least: (experiment, shapes) -> bytes, before anything is fetched or built.
 *
 * A lower bound for every engine, in float32. It counts what each of them must hold at the same time:
 * - state: weights, their average and the optimizer's slots, twice, because an update (and a checkpoint) has the old and the new;
 * - gradients: one value for each weight;
 * - activations: the output of every layer, the scores of every attention and their dropout mask for one batch, which the backward
 *   pass reads, and the two largest gradients of outputs and scores;
 * - batches: two of them, because the next one is filled while one is used.
 * An experiment that needs more than the machine has would be killed after minutes, so it is refused instead.
 */
import { totalmem } from "node:os"
import { Context, Effect, Schema } from "effect"
import { size } from "../../format/size.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import type { Optimizer } from "../../schemas/experiment/Optimizer.ts"
import { scoresShape } from "../../schemas/experiment/layerShape.ts"
import type { Model } from "../../schemas/experiment/Model.ts"
import { layerInputs, layerNames, type LayerShape } from "../../schemas/experiment/shapes.ts"
import { Failure } from "../../schemas/Failure.ts"
import { largestFileBytes } from "../../storage/regularFile.ts"

const float32Bytes = 4

export interface TrainingMemory {
  readonly parameters: number
  /** Of a checkpoint: weights, average and slots. */
  readonly stateBytes: number
  /** For one batch: activations, their gradients and the batches themselves. */
  readonly batchBytes: number
  readonly totalBytes: number
}

/** Values of the optimizer for each weight. */
const slotsOf = (optimizer: Optimizer): number => {
  switch (optimizer.kind) {
    case "adam":
    case "adamw":
      return 2
    case "momentum":
      return 1
    case "rmsprop":
      return optimizer.momentum === 0 ? 1 : 2
    case "sgd":
      return 0
  }
}

const product = (shape: ReadonlyArray<number>) => shape.reduce((a, b) => a * b, 1)

/** The scores of each attention, for one example: a number for each head, position of the query and position of the key. */
const scoresOf = (
  model: Model,
  layers: ReadonlyArray<Pick<LayerShape, "output">>,
  imageShape: ReadonlyArray<number>,
) => {
  const names = layerNames(model)
  const shapeOf = (name: string) => layers[names.indexOf(name)]?.output ?? imageShape
  const inputs = layerInputs(model)
  return model.flatMap((layer, i) =>
    layer.kind === "multiHeadAttention"
      ? [
          {
            scores: product(scoresShape(1, layer.numHeads, inputs[i].map(shapeOf))),
            hasMask: layer.dropout > 0,
          },
        ]
      : [],
  )
}

/** `imageShape`: [height, width, channels]. `layers`: their output shapes, without the batch. */
export const trainingMemory = (
  {
    averaging,
    batchSize,
    model,
    optimizer,
  }: Pick<Experiment, "averaging" | "batchSize" | "model" | "optimizer">,
  layers: ReadonlyArray<Pick<LayerShape, "output" | "parameters"> & { readonly kind: string }>,
  imageShape: ReadonlyArray<number>,
): TrainingMemory => {
  const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0)
  const stateBytes = float32Bytes * parameters * (1 + slotsOf(optimizer) + (averaging === undefined ? 0 : 1))
  const attentions = scoresOf(model, layers, imageShape)
  const masks = attentions.reduce((sum, { hasMask, scores }) => sum + (hasMask ? scores : 0), 0)
  // Flattened values are the same memory.
  const outputs = [
    ...layers.filter(({ kind }) => kind !== "flatten").map(({ output }) => product(output)),
    ...attentions.map(({ scores }) => scores),
  ]
  const [largest = 0, second = 0] = outputs.toSorted((a, b) => b - a)
  const activations = outputs.reduce((sum, values) => sum + values, masks) + largest + second
  const classes = product(layers.at(-1)?.output ?? [])
  const batchBytes = float32Bytes * batchSize * (activations + 2 * (product(imageShape) + classes))
  return {
    parameters,
    stateBytes,
    batchBytes,
    totalBytes: 2 * stateBytes + float32Bytes * parameters + batchBytes,
  }
}

/** The memory of this machine, or of this process's container if it is limited to less, in bytes. */
export const MachineMemory = Context.Reference<number>("tidemark/stages/model/MachineMemory", {
  // Without a limit, it is 0 or larger than any memory.
  defaultValue: () => Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
})

/** Training needs more memory than there is, or a checkpoint would be larger than what can be read back. */
export class MemoryExceeded extends Failure<MemoryExceeded>()("MemoryExceeded", {
  exitCode: "dataError",
  fields: {
    experiment: Schema.String,
    found: Schema.String,
    expected: Schema.String,
    advice: Schema.String,
  },
  message: ({ advice, expected, experiment, found }) =>
    `cannot train ${experiment}: it needs ${found}, expected ${expected}; ${advice}`,
}) {}

/** Fails if training needs more memory than this machine has. */
export const checkMemory = Effect.fn("checkMemory")(function* (
  experiment: Pick<Experiment, "name" | "averaging" | "batchSize" | "model" | "optimizer">,
  layers: ReadonlyArray<LayerShape>,
  imageShape: ReadonlyArray<number>,
) {
  const { batchBytes, parameters, stateBytes, totalBytes } = trainingMemory(experiment, layers, imageShape)
  const weights = `${parameters.toLocaleString("en")} parameters`
  if (stateBytes > largestFileBytes) {
    return yield* new MemoryExceeded({
      experiment: experiment.name,
      found: `a checkpoint of ${size(stateBytes)} for ${weights}`,
      expected: `at most ${size(largestFileBytes)}`,
      advice: "use smaller layers",
    })
  }
  const machineBytes = yield* MachineMemory
  if (totalBytes <= machineBytes) return
  const batch = `a batch of ${experiment.batchSize.toLocaleString("en")} examples`
  return yield* new MemoryExceeded({
    experiment: experiment.name,
    found: `at least ${size(totalBytes)} of memory (${size(totalBytes - batchBytes)} for ${weights}, ${size(batchBytes)} for ${batch})`,
    expected: `at most the ${size(machineBytes)} of this machine`,
    advice: "use a smaller batchSize or smaller layers",
  })
})
