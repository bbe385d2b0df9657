/**
 * The training step: (feeds of an iteration) -> loss and error rate of its batch; every variable is updated.
 *
 * Loss, gradients and penalties are computed with the weights before the update, averages with the weights after it.
 */
import * as tf from "@tensorflow/tfjs-core"
import type { Program } from "../../engines/Engine.ts"
import { inLayer } from "../../engines/trace/layer.ts"
import type { Loss } from "../../schemas/experiment/Experiment.ts"
import { noFunctions, OwnCodeFailed, type OwnFunctions } from "../code/load.ts"
import { purely } from "../code/purity.ts"
import type { Average } from "./average.ts"
import type { LayerGraph } from "./layerGraph.ts"
import { errorRateOf, lossOf, smoothLabels } from "./loss.ts"
import type { Updater } from "./optimizer.ts"
import { penalty, withPenalty } from "./penalty.ts"

interface StepOptions {
  readonly graph: Pick<LayerGraph, "forward" | "regularized">
  readonly trainable: ReadonlyArray<tf.Variable>
  readonly optimizer: Updater
  readonly average: Average | undefined
  readonly loss: Loss
  readonly labelSmoothing: number
  /** [classes] */
  readonly classWeight: tf.Tensor | undefined
  readonly functions: OwnFunctions
  readonly classes: number
}

/** The gradient of the loss for each trainable variable; the error rate comes from the same forward pass. */
const forwardAndBack = (options: StepOptions, feeds: Readonly<Record<string, tf.Tensor>>) => {
  const { classes, classWeight, functions, graph, labelSmoothing, loss, trainable } = options
  let errorRate: tf.Scalar | undefined
  const { grads, value } = tf.variableGrads(() => {
    const outputs = graph.forward(feeds.images, feeds)
    return inLayer("loss", () => {
      errorRate = tf.keep(errorRateOf(feeds.labels, outputs))
      const labels = smoothLabels(feeds.labels, labelSmoothing, classes)
      // One-hot labels choose the weights of their classes.
      const weights = classWeight && tf.sum(tf.mul(feeds.labels, classWeight), -1)
      return lossOf({ loss, labels, outputs, functions, weights })
    })
  }, [...trainable])
  // Every built-in layer uses its weights.
  const unused = trainable.find(({ name }) => grads[name] == null)
  if (unused !== undefined) {
    throw new OwnCodeFailed({
      what: unused.name.slice(0, unused.name.lastIndexOf("/")),
      problem: `the loss does not depend on weight ${unused.name}; use it in call, or declare it with trainable: false`,
    })
  }
  if (errorRate === undefined) throw new Error("the step ran without its forward pass")
  return { gradients: grads, loss: value, errorRate }
}

export const makeStep =
  (options: StepOptions): Program["step"] =>
  (feeds) => {
    const step = () =>
      tf.tidy(() => {
        const { average, graph, optimizer, trainable } = options
        const { errorRate, gradients, loss } = forwardAndBack(options, feeds)
        const added = inLayer("loss", () => penalty(graph.regularized))
        inLayer("optimizer", () => {
          const penalized = trainable.map((variable) => ({
            variable,
            gradient: withPenalty(graph.regularized, variable, gradients[variable.name]),
          }))
          optimizer.update(penalized, feeds.learningRate as tf.Scalar)
        })
        inLayer("average", () => average?.update())
        const total = added === undefined ? loss : tf.add<tf.Scalar>(loss, added)
        const result = { loss: total, errorRate: tf.clone(errorRate) }
        errorRate.dispose()
        return result
      })
    // Guarded once, not for every layer.
    return options.functions === noFunctions ? step() : purely(step)
  }
