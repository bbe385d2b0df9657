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
import type { Feed, Program } from "../../engines/Engine.ts"
import { useHost } from "../../engines/trace/cpuBackend.ts"
import { sizeOf } from "../../engines/trace/graph.ts"
import { inLayer } from "../../engines/trace/layer.ts"
import type { Experiment } from "../../schemas/Experiment.ts"
import type { Layer, Regularizer } from "../../schemas/Model.ts"
import { imagesName, layerInputs, layerNames } from "../../schemas/shapes.ts"
import { makeAverage } from "./average.ts"
import { FedDropout, makeNoise, type Noise } from "./dropout.ts"
import { initialize } from "./initialize.ts"
import { makeOptimizer, type MakeSlot } from "./optimizer.ts"
import { penalty, withPenalty } from "./penalty.ts"
import { randomKey } from "../random.ts"
import { leastSum } from "../evaluate/probabilities.ts"
import { tfLayer, weightOptions } from "./tfLayer.ts"

export interface ProgramOptions extends Pick<
  Experiment,
  "model" | "loss" | "labelSmoothing" | "optimizer" | "averaging" | "batchSize" | "seed"
> {
  /** [height, width, channels] */
  readonly inputShape: readonly [number, number, number]
  readonly classes: number
}

export interface LayerSummary {
  readonly layer: string
  readonly kind: Layer["kind"]
  /** Without the batch. */
  readonly outputShape: ReadonlyArray<number>
  readonly parameters: number
}

export interface Network extends Program {
  /** What `predict` answers, as class probabilities [n, classes]. */
  readonly probabilities: Program["predict"]
  readonly summary: ReadonlyArray<LayerSummary>
  /** What `fillNoise` draws for every iteration, one a random layer. */
  readonly noise: ReadonlyArray<Noise>
  /** What the layers compute with: each weight, and the variable whose value it has when predicting. */
  readonly weights: ReadonlyArray<{ readonly name: string; readonly predictsWith: string }>
  /** The same layers, with the program's initial weights, as TensorFlow.js saves them. */
  readonly layersModel: tfl.LayersModel
}

/** Takes a variable out of TensorFlow.js' global register and gives it our name. */
const own = (variable: tf.Variable, name: string): tf.Variable => {
  delete tf.engine().state.registeredVariables[variable.name]
  variable.name = name
  return variable
}

const outputOf = <T>(outputs: ReadonlyMap<string, T>, name: string): T => {
  const output = outputs.get(name)
  if (output === undefined) throw new Error(`layer ${name} is taken before it is made`)
  return output
}

const build = (options: ProgramOptions): Network & { readonly dispose: () => void } => {
  const { batchSize, classes, inputShape, model, seed } = options
  useHost()
  const names = layerNames(model)
  const inputs = layerInputs(model)
  const last = names[names.length - 1]
  const variables: Array<tf.Variable> = []
  const noise: Array<Noise> = []
  const regularized = new Map<tf.Variable, Regularizer>()
  const images = tfl.input({ shape: [...inputShape], name: "images.input" })
  const symbols = new Map([[imagesName, images]])
  const network = model.map((definition, index) => {
    const name = names[index]
    const given = inputs[index].map((input) => outputOf(symbols, input))
    const layer = tfLayer(definition, name)
    if (definition.kind === "dropout") {
      noise.push(
        makeNoise(name, [batchSize, ...(given[0].shape.slice(1) as Array<number>)], definition.rate, seed),
      )
    }
    const symbol = layer.apply(given.length === 1 ? given[0] : given) as tfl.SymbolicTensor
    symbols.set(name, symbol)
    for (const weight of layer.weights) {
      const variable = own(weight.read() as tf.Variable, weight.originalName)
      const { initializer, regularizer } = weightOptions(definition, variable.name.slice(name.length + 1))
      if (initializer !== undefined) {
        const values = initialize(initializer, variable.shape, randomKey(seed, `initialize/${variable.name}`))
        tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)))
      }
      if (regularizer !== undefined) regularized.set(variable, regularizer)
      variables.push(variable)
    }
    return {
      definition,
      inputs: inputs[index],
      layer,
      name,
      outputShape: symbol.shape.slice(1) as Array<number>,
    }
  })
  const layersModel = tfl.model({ inputs: images, outputs: outputOf(symbols, last) })

  const trainable = variables.filter((variable) => variable.trainable)
  const makeVariable = (name: string, shape: ReadonlyArray<number>, values: Float32Array) =>
    own(
      tf.tidy(() => tf.variable(tf.tensor(values, [...shape]), false, `tidemark/${name}`)),
      name,
    )
  const makeSlot: MakeSlot = (name, shape, value) =>
    makeVariable(name, shape, new Float32Array(sizeOf(shape)).fill(value))
  const optimizer = makeOptimizer(options.optimizer, trainable, makeSlot)
  const weights = [...variables]
  const average =
    options.averaging === undefined
      ? undefined
      : makeAverage(options.averaging.decay, weights, makeSlot, (name, of) =>
          makeVariable(name, of.shape, Float32Array.from(of.dataSync() as Float32Array)),
        )
  variables.push(...optimizer.slots, ...(average?.slots ?? []))

  const forward = (input: tf.Tensor, feeds?: Readonly<Record<string, tf.Tensor>>): tf.Tensor2D => {
    const outputs = new Map([[imagesName, input]])
    for (const { inputs, layer, name } of network) {
      const given = inputs.map((from) => outputOf(outputs, from))
      const output = inLayer(name, () =>
        layer instanceof FedDropout
          ? layer.applyWith(given[0], feeds?.[`noise/${name}`])
          : (layer.apply(given.length === 1 ? given[0] : given, {
              training: feeds !== undefined,
            }) as tf.Tensor),
      )
      outputs.set(name, output)
    }
    return outputOf(outputs, last) as tf.Tensor2D
  }

  const feeds: ReadonlyArray<Feed> = [
    { name: "images", shape: [batchSize, ...inputShape] },
    { name: "labels", shape: [batchSize, classes] },
    { name: "learningRate", shape: [] },
    ...noise.map(({ feed, shape }) => ({ name: feed, shape })),
  ]

  /** y·(1 - s) + s / classes */
  const smoothed = (labels: tf.Tensor) => {
    const { labelSmoothing: share = 0 } = options
    return share === 0 ? labels : tf.add(tf.mul(labels, 1 - share), share / classes)
  }

  const lossOf = (oneHot: tf.Tensor, outputs: tf.Tensor): tf.Scalar => {
    const labels = smoothed(oneHot)
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
      // Of the weights as the forward pass saw them, so before they move.
      const added = inLayer("loss", () => penalty(regularized))
      inLayer("optimizer", () => {
        const gradients = trainable.map((variable) => ({
          variable,
          gradient: withPenalty(regularized, variable, grads[variable.name]),
        }))
        optimizer.update(gradients, fed.learningRate as tf.Scalar)
      })
      inLayer("average", () => average?.update())
      if (error === undefined) throw new Error("the step ran without its forward pass")
      const total = added === undefined ? loss : tf.add<tf.Scalar>(loss, added)
      const result = { loss: total, error: tf.clone(error) }
      error.dispose()
      return result
    })

  const seen = average === undefined ? <T>(f: () => T) => f() : average.within

  const predict: Program["predict"] = (input) =>
    tf.tidy(() => {
      const outputs = seen(() => forward(input))
      return inLayer("loss", () => {
        switch (options.loss) {
          case "softmaxCrossEntropy":
            return tf.softmax(outputs)
          case "meanSquaredError":
            return outputs
        }
      })
    })

  // As `toProbabilities`, for a network that goes where that does not.
  const probabilities: Program["predict"] = (input) =>
    tf.tidy(() => {
      const answers = predict(input)
      if (options.loss === "softmaxCrossEntropy") return answers
      return inLayer("loss", () => tf.div(answers, tf.maximum(tf.sum(answers, -1, true), leastSum)))
    })

  return {
    batchSize,
    inputShape,
    classes,
    feeds,
    variables,
    step,
    predict,
    probabilities,
    noise,
    weights: weights.map(({ name }, i) => ({ name, predictsWith: average?.copies[i].name ?? name })),
    layersModel,
    summary: network.map(({ definition, layer, name, outputShape }) => ({
      layer: name,
      kind: definition.kind,
      outputShape,
      parameters: layer.countParams(),
    })),
    dispose: () => {
      for (const variable of variables) variable.dispose()
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
