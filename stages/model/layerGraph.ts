/**
 * The connected layers of a model: (model, image shape, batch size, seed) -> layers with initial weights, and the forward
 * pass through them.
 *
 * Layers are those of TensorFlow.js (tf.layers). Initial weights and dropout masks are ours, because those of
 * TensorFlow.js are not the same after a resume. Weights are named `<layer>/<weight>`.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import { Result } from "effect"
import { inLayer } from "../../engines/trace/layer.ts"
import type { Layer, Model } from "../../schemas/experiment/Model.ts"
import { imagesName } from "../../schemas/experiment/layerShape.ts"
import { layerInputs, layerNames } from "../../schemas/experiment/shapes.ts"
import { randomKey } from "../random.ts"
import { type OwnLayerShape, scoresShape } from "../../schemas/experiment/layerShape.ts"
import type { OwnFunctions } from "../code/load.ts"
import { MultiHeadAttention } from "./attention.ts"
import { FedDropout, makeDropoutMask, maskFeed, type DropoutMask } from "./dropout.ts"
import { initialize } from "./initialize.ts"
import { masksDeclared, OwnLayer } from "./ownLayer.ts"
import type { Regularized } from "./penalty.ts"
import { tfLayer, weightOptions } from "./tfLayer.ts"
import { takeOver } from "./variables.ts"

interface GraphOptions {
  readonly model: Model
  /** [height, width, channels] */
  readonly inputShape: readonly [number, number, number]
  readonly batchSize: number
  readonly seed: number
  readonly functions: OwnFunctions
  readonly ownShape: OwnLayerShape
}

/** A layer with its weights, and the names of the layers it reads. */
interface BuiltLayer {
  readonly name: string
  readonly definition: Layer
  readonly inputs: ReadonlyArray<string>
  readonly layer: tfl.layers.Layer
  /** Of its inputs, without the batch. */
  readonly inputShapes: ReadonlyArray<ReadonlyArray<number>>
  /** Without the batch. */
  readonly outputShape: ReadonlyArray<number>
}

export interface LayerGraph {
  readonly layers: ReadonlyArray<BuiltLayer>
  /** In the order of the layers. */
  readonly weights: ReadonlyArray<tf.Variable>
  readonly regularized: Regularized
  /** One for each dropout layer. */
  readonly dropoutMasks: ReadonlyArray<DropoutMask>
  readonly layersModel: tfl.LayersModel
  /** Outputs [n, classes] for images [n, height, width, channels]. With `feeds` the layers run in training mode. */
  readonly forward: (images: tf.Tensor, feeds?: Readonly<Record<string, tf.Tensor>>) => tf.Tensor2D
}

const outputOf = <T>(outputs: ReadonlyMap<string, T>, name: string): T => {
  const output = outputs.get(name)
  if (output === undefined) throw new Error(`layer ${name} is read before it is built`)
  return output
}

/** tf.layers takes one input as it is and several as a list. */
const oneOrAll = <T>(inputs: Array<T>): T | Array<T> => (inputs.length === 1 ? inputs[0] : inputs)

/** Takes over the weights of a layer, under our names and with our initial values. */
const initializeWeights = ({ definition, layer, name }: BuiltLayer, seed: number) =>
  layer.weights.map((weight, i) => {
    const variable = takeOver(weight.read() as tf.Variable, weight.originalName)
    const own = layer instanceof OwnLayer ? layer.declared[i] : undefined
    const { initializer, regularizer } =
      own ?? weightOptions(definition, variable.name.slice(name.length + 1))
    if (initializer !== undefined) {
      const values =
        own?.values ?? initialize(initializer, variable.shape, randomKey(seed, `initialize/${variable.name}`))
      tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)))
    }
    return { variable, regularizer }
  })

/** The masks of a layer of own code, by the names that it declares; none outside training. */
const ownMasks = (
  { inputShapes, layer, name }: BuiltLayer,
  feeds: Readonly<Record<string, tf.Tensor>> | undefined,
) =>
  layer instanceof OwnLayer && feeds !== undefined
    ? Object.fromEntries(
        masksDeclared(layer.code, inputShapes).map((mask) => [
          mask.name,
          feeds[maskFeed(`${name}/${mask.name}`)],
        ]),
      )
    : undefined

/** The masks that a layer is fed. */
const masksOf = (
  { definition, inputShapes, layer, name, outputShape }: BuiltLayer,
  batchSize: number,
  seed: number,
) => {
  if (layer instanceof OwnLayer) {
    return masksDeclared(layer.code, inputShapes).map((mask) =>
      makeDropoutMask(`${name}/${mask.name}`, [batchSize, ...mask.shape], mask.rate, seed),
    )
  }
  switch (definition.kind) {
    case "dropout":
      // The output of dropout has the shape of its input.
      return [makeDropoutMask(name, [batchSize, ...outputShape], definition.rate, seed)]
    case "spatialDropout2d":
      return [makeDropoutMask(name, [batchSize, 1, 1, outputShape[2]], definition.rate, seed)]
    case "multiHeadAttention": {
      const { dropout, numHeads } = definition
      const shape = scoresShape(batchSize, numHeads, inputShapes)
      return dropout === 0 ? [] : [makeDropoutMask(name, shape, dropout, seed)]
    }
    default:
      return []
  }
}

const makeForward =
  (layers: ReadonlyArray<BuiltLayer>): LayerGraph["forward"] =>
  (images, feeds) => {
    const outputs = new Map([[imagesName, images]])
    for (const built of layers) {
      const { inputs, layer, name } = built
      const given = inputs.map((input) => outputOf(outputs, input))
      const output = inLayer(name, () => {
        if (layer instanceof FedDropout) return layer.applyWith(given[0], feeds?.[maskFeed(name)])
        if (layer instanceof MultiHeadAttention) return layer.applyWith(given, feeds?.[maskFeed(name)])
        if (layer instanceof OwnLayer) return layer.applyWith(given, ownMasks(built, feeds))
        return layer.apply(oneOrAll(given), { training: feeds !== undefined }) as tf.Tensor
      })
      outputs.set(name, output)
    }
    return outputOf(outputs, layers[layers.length - 1].name) as tf.Tensor2D
  }

/** A layer of own code for inputs of these shapes. */
const ownLayer = (
  definition: Extract<Layer, { readonly kind: "custom" }>,
  name: string,
  inputs: ReadonlyArray<{ readonly name: string; readonly shape: ReadonlyArray<number> }>,
  { functions, ownShape }: GraphOptions,
) => {
  const { output } = Result.getOrThrow(ownShape(name, definition, inputs))
  const code = { ...functions.get("layer", definition), layer: name }
  return new OwnLayer({ code, outputShape: output })
}

export const buildLayers = (options: GraphOptions): LayerGraph => {
  const { batchSize, inputShape, model, seed } = options
  const names = layerNames(model)
  const inputs = layerInputs(model)
  const images = tfl.input({ shape: [...inputShape], name: "images.input" })
  const symbols = new Map([[imagesName, images]])
  const built = model.map((definition, index) => {
    const name = names[index]
    const given = inputs[index].map((input) => outputOf(symbols, input))
    const inputShapes = given.map(({ shape }) => shape.slice(1) as Array<number>)
    const layer =
      definition.kind === "custom"
        ? ownLayer(
            definition,
            name,
            inputs[index].map((input, i) => ({ name: input, shape: inputShapes[i] })),
            options,
          )
        : tfLayer(definition, name)
    const symbol = layer.apply(oneOrAll(given)) as tfl.SymbolicTensor
    symbols.set(name, symbol)
    const outputShape = symbol.shape.slice(1) as Array<number>
    return { name, definition, inputs: inputs[index], layer, inputShapes, outputShape } satisfies BuiltLayer
  })
  const weights = built.flatMap((layer) => initializeWeights(layer, seed))
  return {
    layers: built,
    weights: weights.map(({ variable }) => variable),
    regularized: new Map(
      weights.flatMap(({ regularizer, variable }) =>
        regularizer === undefined ? [] : [[variable, regularizer] as const],
      ),
    ),
    dropoutMasks: built.flatMap((layer) => masksOf(layer, batchSize, seed)),
    layersModel: tfl.model({ inputs: images, outputs: outputOf(symbols, names[names.length - 1]) }),
    forward: makeForward(built),
  }
}
