/**
 * The network as a program: (model, loss, optimizer, image shape, classes, batch size, seed) -> Program, scoped.
 *
 * Layers are TensorFlow.js' own (tf.layers); initial weights, dropout noise and optimizers are ours, because those of
 * TensorFlow.js are not exact on resume. The invariant: one step is a pure function of the variables and the feeds.
 * Variables are named `<layer>/<weight>` and owned by the program alone: not registered with TensorFlow.js, where two
 * programs of one process would collide.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import { Effect, type Scope } from "effect"
import type { Feed, Program } from "../engines/Engine.ts"
import { useHost } from "../engines/host.ts"
import { sizeOf } from "../engines/trace/graph.ts"
import { inLayer } from "../engines/trace/layer.ts"
import type { Loss } from "../schemas/Experiment.ts"
import type { Layer, Model } from "../schemas/Model.ts"
import type { Optimizer } from "../schemas/Optimizer.ts"
import { layerNames } from "../schemas/shapes.ts"
import { FedDropout, makeNoise, type Noise } from "./dropout.ts"
import { initialize } from "./initialize.ts"
import { makeOptimizer } from "./optimizer.ts"
import { randomKey } from "./random.ts"
import { initializerOf, tfLayer } from "./tfLayer.ts"

export interface ProgramOptions {
  readonly model: Model
  readonly loss: Loss
  readonly optimizer: Optimizer
  /** [height, width, channels] */
  readonly inputShape: readonly [number, number, number]
  readonly classes: number
  readonly batchSize: number
  readonly seed: number
}

export interface LayerSummary {
  readonly layer: string
  readonly kind: Layer["kind"]
  /** Without the batch. */
  readonly outputShape: ReadonlyArray<number>
  readonly parameters: number
}

export interface Network extends Program {
  readonly summary: ReadonlyArray<LayerSummary>
  /** What `fillNoise` draws for every iteration, one a random layer. */
  readonly noise: ReadonlyArray<Noise>
  /** The same layers, with the program's initial weights, as TensorFlow.js saves them. */
  readonly layersModel: tfl.LayersModel
}

/** Takes a variable out of TensorFlow.js' global register and gives it our name. */
const own = (variable: tf.Variable, name: string): tf.Variable => {
  delete tf.engine().state.registeredVariables[variable.name]
  variable.name = name
  return variable
}

const build = (options: ProgramOptions): Network & { readonly dispose: () => void } => {
  const { batchSize, classes, inputShape, model, seed } = options
  useHost()
  const names = layerNames(model)
  const owned: Array<tf.Tensor> = []
  const variables: Array<tf.Variable> = []
  const noise: Array<Noise> = []
  const images = tfl.input({ shape: [...inputShape], name: "images.input" })
  let symbol = images
  const network = model.map((definition, index) => {
    const name = names[index]
    const layer = tfLayer(definition, name)
    if (definition.kind === "dropout") {
      noise.push(
        makeNoise(name, [batchSize, ...(symbol.shape.slice(1) as Array<number>)], definition.rate, seed),
      )
    }
    symbol = layer.apply(symbol) as tfl.SymbolicTensor
    for (const weight of layer.weights) {
      const variable = own(weight.read() as tf.Variable, weight.originalName)
      const initializer = initializerOf(definition, variable.name.slice(name.length + 1))
      if (initializer !== undefined) {
        const values = initialize(initializer, variable.shape, randomKey(seed, `initialize/${variable.name}`))
        tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)))
      }
      variables.push(variable)
    }
    if (definition.kind === "batchNormalization") {
      // While training, TensorFlow.js reads both gamma and beta even of a layer made without one.
      const channels = symbol.shape.slice(-1) as [number]
      for (const [present, weight, value] of [
        [definition.scale, "gamma", tf.ones],
        [definition.center, "beta", tf.zeros],
      ] as const) {
        if (present) continue
        const tensor = value(channels)
        owned.push(tensor)
        Object.assign(layer, { [weight]: { read: () => tensor } })
      }
    }
    return { definition, layer, name, outputShape: symbol.shape.slice(1) as Array<number> }
  })
  const layersModel = tfl.model({ inputs: images, outputs: symbol })

  const trainable = variables.filter((variable) => variable.trainable)
  const optimizer = makeOptimizer(options.optimizer, trainable, (name, shape, value) => {
    const initial = new Float32Array(sizeOf(shape)).fill(value)
    return own(
      tf.tidy(() => tf.variable(tf.tensor(initial, [...shape]), false, `tidemark/${name}`)),
      name,
    )
  })
  variables.push(...optimizer.slots)

  const forward = (input: tf.Tensor, feeds?: Readonly<Record<string, tf.Tensor>>): tf.Tensor2D =>
    network.reduce<tf.Tensor>(
      (x, { layer, name }) =>
        inLayer(name, () =>
          layer instanceof FedDropout
            ? layer.applyWith(x, feeds?.[`noise/${name}`])
            : (layer.apply(x, { training: feeds !== undefined }) as tf.Tensor),
        ),
      input,
    ) as tf.Tensor2D

  const feeds: ReadonlyArray<Feed> = [
    { name: "images", shape: [batchSize, ...inputShape] },
    { name: "labels", shape: [batchSize, classes] },
    { name: "learningRate", shape: [] },
    ...noise.map(({ feed, shape }) => ({ name: feed, shape })),
  ]

  const lossOf = (labels: tf.Tensor, outputs: tf.Tensor): tf.Scalar => {
    switch (options.loss) {
      case "softmaxCrossEntropy":
        return tf.losses.softmaxCrossEntropy(labels, outputs)
      case "meanSquaredError":
        return tf.losses.meanSquaredError(labels, outputs)
    }
  }

  const step: Program["step"] = (fed) =>
    tf.tidy(() => {
      let error: tf.Scalar | undefined
      const { grads, value: loss } = tf.variableGrads(() => {
        const outputs = forward(fed.images, fed)
        return inLayer("loss", () => {
          const wrong = tf.notEqual(tf.argMax(outputs, -1), tf.argMax(fed.labels, -1))
          error = tf.keep(tf.mean(tf.cast(wrong, "float32")))
          return lossOf(fed.labels, outputs)
        })
      }, trainable)
      inLayer("optimizer", () => {
        const gradients = trainable.map((variable) => ({ variable, gradient: grads[variable.name] }))
        optimizer.update(gradients, fed.learningRate as tf.Scalar)
      })
      if (error === undefined) throw new Error("the step ran without its forward pass")
      const result = { loss, error: tf.clone(error) }
      error.dispose()
      return result
    })

  const predict: Program["predict"] = (input) =>
    tf.tidy(() => {
      const outputs = forward(input)
      return inLayer("loss", () => {
        switch (options.loss) {
          case "softmaxCrossEntropy":
            return tf.softmax(outputs)
          case "meanSquaredError":
            // All outputs may underflow to 0: then no class is likelier than another, and 0 is divided by something.
            return tf.div(outputs, tf.maximum(tf.sum(outputs, -1, true), 1e-30))
        }
      })
    })

  return {
    batchSize,
    inputShape,
    classes,
    feeds,
    variables,
    step,
    predict,
    noise,
    layersModel,
    summary: network.map(({ definition, layer, name, outputShape }) => ({
      layer: name,
      kind: definition.kind,
      outputShape,
      parameters: layer.countParams(),
    })),
    dispose: () => {
      for (const variable of variables) variable.dispose()
      for (const tensor of owned) tensor.dispose()
    },
  }
}

export const buildProgram: (options: ProgramOptions) => Effect.Effect<Network, never, Scope.Scope> =
  Effect.fn("buildProgram")((options: ProgramOptions) =>
    Effect.acquireRelease(
      Effect.sync(() => build(options)),
      (network) => Effect.sync(() => network.dispose()),
    ),
  )
