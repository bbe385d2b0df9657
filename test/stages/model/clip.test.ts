import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { useCpuBackend } from "../../../engines/trace/cpuBackend.ts"
import type { Clip } from "../../../schemas/experiment/Optimizer.ts"
import { clipGradients } from "../../../stages/model/clip.ts"

useCpuBackend()

/** Two gradients, of norms 5 and 12; their global norm is 13. */
const clipped = (clip: Clip | undefined) =>
  tf.tidy(() =>
    clipGradients(clip, [tf.tensor([3, -4]), tf.tensor([[0], [-12]])]).map((g) => [...g.dataSync()]),
  )
const near = (actual: ReadonlyArray<ReadonlyArray<number>>, expected: ReadonlyArray<ReadonlyArray<number>>) =>
  actual.forEach((values, i) => values.forEach((value, j) => assert.closeTo(value, expected[i][j], 1e-6)))

describe("clipping", () => {
  it("by value limits each element", () => {
    near(clipped({ value: 3.5 }), [
      [3, -3.5],
      [0, -3.5],
    ])
  })
  it("by norm scales each gradient with a larger norm, and keeps its direction", () => {
    near(clipped({ norm: 6 }), [
      [3, -4],
      [0, -6],
    ])
  })
  it("by global norm scales all gradients by the same factor", () => {
    near(clipped({ globalNorm: 6.5 }), [
      [1.5, -2],
      [0, -6],
    ])
  })
  it("does not change gradients within the limit, nor zeros", () => {
    assert.deepStrictEqual(clipped({ globalNorm: 13 }), clipped(undefined))
    const zeros = tf.tidy(() => [...clipGradients({ norm: 1 }, [tf.zeros([2])])[0].dataSync()])
    assert.deepStrictEqual(zeros, [0, 0])
  })
})
