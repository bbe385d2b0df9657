/** Losses, with weights of classes too: values are those of plain loops in float64, gradients those of finite differences. */
import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { useCpuBackend } from "../../../engines/trace/cpuBackend.ts"
import { noFunctions, OwnCodeFailed } from "../../../stages/code/load.ts"
import { lossOf, smoothLabels, weightsByLabel } from "../../../stages/model/loss.ts"
import { loadOwn } from "../../code/loadOwn.ts"

useCpuBackend()

const [batch, classes] = [4, 3]
const labels = [2, 0, 1, 1]
const outputs = Array.from({ length: batch * classes }, (_, i) => 3 * Math.sin(i * 12.9898))
const classWeight = { 0: 3, 1: 0.5 }
const weightOf = (label: number) => [3, 0.5, 1][label]
const smoothing = 0.1

const targetOf = (row: number, c: number) =>
  (labels[row] === c ? 1 : 0) * (1 - smoothing) + smoothing / classes
const mean = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0) / values.length

/** The loss of an example, from its outputs. */
const definitions = {
  softmaxCrossEntropy: (row: number, given: ReadonlyArray<number>) => {
    const sum = given.reduce((total, x) => total + Math.exp(x), 0)
    return given.reduce((total, x, c) => total - targetOf(row, c) * Math.log(Math.exp(x) / sum), 0)
  },
  sigmoidCrossEntropy: (row: number, given: ReadonlyArray<number>) =>
    mean(
      given.map((x, c) => {
        const probability = 1 / (1 + Math.exp(-x))
        const target = targetOf(row, c)
        return -target * Math.log(probability) - (1 - target) * Math.log(1 - probability)
      }),
    ),
  meanSquaredError: (row: number, given: ReadonlyArray<number>) =>
    mean(given.map((x, c) => (x - targetOf(row, c)) ** 2)),
}

const oneHot = () => tf.oneHot(tf.tensor1d(labels, "int32"), classes, 1, 0, "float32")
const smoothed = () => smoothLabels(oneHot(), smoothing, classes)
const weightsOf = () => tf.sum(tf.mul(oneHot(), weightsByLabel(classWeight, classes)), -1)

describe("a loss", () => {
  for (const [name, definition] of Object.entries(definitions)) {
    for (const isWeighted of [false, true]) {
      it(`${name}${isWeighted ? " with weights of classes" : ""} is what its definition says, with its gradient`, () => {
        const loops = (values: ReadonlyArray<number>) =>
          mean(
            labels.map(
              (label, row) =>
                definition(row, values.slice(row * classes, (row + 1) * classes)) *
                (isWeighted ? weightOf(label) : 1),
            ),
          )
        tf.tidy(() => {
          const run = (x: tf.Tensor) =>
            lossOf({
              loss: name as keyof typeof definitions,
              labels: smoothed(),
              outputs: x,
              functions: noFunctions,
              weights: isWeighted ? weightsOf() : undefined,
            })
          const x = tf.tensor2d(outputs, [batch, classes])
          assert.closeTo(run(x).dataSync()[0], loops(outputs), 1e-5)
          tf.grad(run)(x)
            .dataSync()
            .forEach((gradient, i) => {
              const [up, down] = [1e-5, -1e-5].map((by) => loops(outputs.with(i, outputs[i] + by)))
              assert.closeTo(gradient, (up - down) / 2e-5, 1e-5, `gradient ${i}`)
            })
        })
      })
    }
  }

  it("sigmoidCrossEntropy has finite gradients for logits beyond float32's exponential", () => {
    tf.tidy(() => {
      const run = (x: tf.Tensor) =>
        lossOf({
          loss: "sigmoidCrossEntropy",
          labels: tf.tensor2d([[1, 0, 1]]),
          outputs: x,
          functions: noFunctions,
          weights: undefined,
        })
      const x = tf.tensor2d([[-200, 200, 200]])
      assert.closeTo(run(x).dataSync()[0], 400 / 3, 1e-3)
      const gradients = [...tf.grad(run)(x).dataSync()]
      for (const [i, value] of [-1 / 3, 1 / 3, 0].entries()) assert.closeTo(gradients[i], value, 1e-6)
    })
  })

  it("of own code is weighted if it gives the loss of each example, and refused if it gives their mean", async () => {
    const square = "tf.mean(tf.squaredDifference(labels, outputs), -1)"
    const load = (call: string) =>
      loadOwn("loss", `export const own = defineLoss({ call: ({ labels, outputs }) => ${call} })`)
    const [each, averaged] = [await load(square), await load(`tf.mean(${square})`)]
    tf.tidy(() => {
      const given = {
        labels: smoothed(),
        outputs: tf.tensor2d(outputs, [batch, classes]),
        weights: weightsOf(),
      }
      const run = ({ functions, reference }: typeof each) => lossOf({ ...given, loss: reference, functions })
      const builtIn = lossOf({ ...given, loss: "meanSquaredError", functions: noFunctions })
      assert.closeTo(run(each).dataSync()[0], builtIn.dataSync()[0], 1e-6)
      assert.throws(() => run(averaged), OwnCodeFailed, "because the experiment has classWeight")
    })
  })
})
