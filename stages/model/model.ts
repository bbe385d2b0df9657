/**
 * The network as a program: (model, loss, optimizer, image shape, classes, batch size, seed) -> Program, scoped.
 *
 * The invariant: one step is a pure function of the variables and the feeds. So layers are those of TensorFlow.js,
 * but initial weights, dropout masks and optimizers are ours: those of TensorFlow.js are not the same after a resume.
 */
import * as tf from "@tensorflow/tfjs-core"
import type * as tfl from "@tensorflow/tfjs-layers"
import { Effect, type Scope } from "effect"
import type { Program } from "../../engines/Engine.ts"
import { useCpuBackend } from "../../engines/trace/cpuBackend.ts"
import { inLayer } from "../../engines/trace/layer.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import type { Layer } from "../../schemas/experiment/Model.ts"
import { loadFunctions, type OwnCodeFailed, ownCodeTry, type OwnFunctions } from "../code/load.ts"
import { usesOfNetwork } from "../code/uses.ts"
import { makeAverage } from "./average.ts"
import type { DropoutMask } from "./dropout.ts"
import { buildLayers, type LayerGraph } from "./layerGraph.ts"
import { predictionsOf, probabilitiesOf, weightsByLabel } from "./loss.ts"
import { makeOptimizer } from "./optimizer.ts"
import { ownShapes } from "./ownShapes.ts"
import { makeStep } from "./trainingStep.ts"
import { copyVariable, makeSlot } from "./variables.ts"

export interface ProgramOptions extends Pick<
  Experiment,
  | "model"
  | "loss"
  | "labelSmoothing"
  | "classWeight"
  | "optimizer"
  | "averaging"
  | "batchSize"
  | "seed"
  | "code"
> {
  /** [height, width, channels] */
  readonly inputShape: readonly [number, number, number]
  readonly classes: number
  /** Whether the feed `images` has bytes (`imagesStayBytes` in `stages/batch/fillBatch.ts`). */
  readonly imagesAreBytes?: boolean
}

export interface LayerSummary {
  readonly layer: string
  readonly kind: Layer["kind"]
  /** Without the batch. */
  readonly outputShape: ReadonlyArray<number>
  readonly parameters: number
}

export interface Network extends Program {
  /** As `predict`, but always class probabilities [n, classes]. */
  readonly probabilities: Program["predict"]
  readonly summary: ReadonlyArray<LayerSummary>
  /** One for each dropout layer: `fillDropoutMask` draws its mask of every iteration. */
  readonly dropoutMasks: ReadonlyArray<DropoutMask>
  /** Each weight of the layers, and the variable whose value replaces it in `predict`: its average, or the weight itself. */
  readonly weights: ReadonlyArray<{ readonly name: string; readonly predictsWith: string }>
  /** What a saved model of TensorFlow.js cannot hold, such as `layer mix is own code`; undefined if there is nothing. */
  readonly beyondLayersFormat: string | undefined
  /** The layers as a model of TensorFlow.js, with the initial weights of the program. */
  readonly layersModel: tfl.LayersModel
}

/** TensorFlow.js has no class that computes these layers. */
const withoutClass: ReadonlyArray<Layer["kind"]> = [
  "embedding",
  "groupNormalization",
  "multiHeadAttention",
  "positionEmbedding",
]

const beyondLayersFormat = (
  { layers }: LayerGraph,
  loss: ProgramOptions["loss"],
  functions: OwnFunctions,
) => {
  const layer = layers.find(({ definition }) => definition.kind === "custom")
  if (layer !== undefined) return `layer ${layer.name} is own code`
  const unknown = layers.find(({ definition }) => withoutClass.includes(definition.kind))
  if (unknown !== undefined) return `layer ${unknown.name} is ${unknown.definition.kind}`
  if (typeof loss === "string") return undefined
  const { probabilities } = functions.get("loss", loss).definition
  return probabilities && `the probabilities of loss ${loss.export} are own code`
}

const build = (
  options: ProgramOptions,
  functions: OwnFunctions,
): Network & { readonly dispose: () => void } => {
  const { averaging, batchSize, classes, imagesAreBytes, inputShape, labelSmoothing = 0, loss } = options
  useCpuBackend()
  const ownShape = ownShapes(functions, () => {})
  const graph = buildLayers({ ...options, functions, ownShape })
  const { forward, layers, layersModel, dropoutMasks, weights } = graph
  const trainable = weights.filter((weight) => weight.trainable)
  const optimizer = makeOptimizer(options.optimizer, trainable, makeSlot)
  const classWeight = options.classWeight && weightsByLabel(options.classWeight, classes)
  const average = averaging && makeAverage(averaging.decay, weights, makeSlot, copyVariable)
  const variables = [...weights, ...optimizer.slots, ...(average?.slots ?? [])]

  /** With the averaged weights, if there are any. */
  const forwardToPredict = (images: tf.Tensor4D) =>
    average === undefined ? forward(images) : average.within(() => forward(images))
  const predict: Program["predict"] = (images) =>
    tf.tidy(() => {
      const outputs = forwardToPredict(images)
      return inLayer("loss", () => predictionsOf(loss, outputs, functions))
    })

  return {
    batchSize,
    inputShape,
    classes,
    feeds: [
      { name: "images", shape: [batchSize, ...inputShape], ...(imagesAreBytes ? { isBytes: true } : {}) },
      { name: "labels", shape: [batchSize, classes] },
      { name: "learningRate", shape: [] },
      ...dropoutMasks.map(({ feed, shape }) => ({ name: feed, shape })),
    ],
    variables,
    step: makeStep({
      graph,
      trainable,
      optimizer,
      average,
      loss,
      labelSmoothing,
      classes,
      classWeight,
      functions,
    }),
    predict,
    probabilities: (images) => tf.tidy(() => probabilitiesOf(loss, predict(images))),
    dropoutMasks,
    weights: weights.map(({ name }, i) => ({ name, predictsWith: average?.copies[i].name ?? name })),
    layersModel,
    beyondLayersFormat: beyondLayersFormat(graph, loss, functions),
    summary: layers.map(({ definition, layer, name, outputShape }) => ({
      layer: name,
      kind: definition.kind,
      outputShape,
      parameters: layer.countParams(),
    })),
    dispose: () => {
      classWeight?.dispose()
      for (const variable of variables) variable.dispose()
    },
  }
}

export const buildProgram: (options: ProgramOptions) => Effect.Effect<Network, OwnCodeFailed, Scope.Scope> =
  Effect.fn("buildProgram")(function* (options: ProgramOptions) {
    const functions = yield* loadFunctions(options.code, usesOfNetwork(options))
    return yield* Effect.acquireRelease(
      ownCodeTry(() => build(options, functions)),
      (network) => Effect.sync(() => network.dispose()),
    )
  })
