import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Augmentation } from "../../../schemas/experiment/Augmentation.ts"
import { batchFiller, evaluationImages, imagesStayBytes } from "../../../stages/batch/fillBatch.ts"
import { examplesOf, numbered, options, raw } from "./numbered.ts"

const isUntouched = (values: Float32Array) => values.every((value) => value === -1)

const batch = (fill: ReturnType<typeof batchFiller>, iteration: number) => {
  const images = new Float32Array(4 * 6)
  fill(iteration, images, new Float32Array(4 * 10), 0)
  return [...images]
}

describe("batchFiller", () => {
  it("writes one batch of the stack only, and clears the old labels there", () => {
    const fill = batchFiller(options(50, 2))
    const images = new Float32Array(3 * 2 * 6).fill(-1)
    const labels = new Float32Array(3 * 2 * 10).fill(-1)
    fill(4, images, labels, 1)
    assert.isTrue(isUntouched(images.subarray(0, 12)) && isUntouched(images.subarray(24)))
    assert.isTrue(isUntouched(labels.subarray(0, 20)) && isUntouched(labels.subarray(40)))
    examplesOf({ images: images.subarray(12, 24), labels: labels.subarray(20, 40) })
  })

  it("fills the same batch for an iteration in whatever order iterations are filled", () => {
    const of = options(9, 4)
    const once = batchFiller(of)
    const forwards = [0, 1, 2, 3, 4, 5].map((iteration) => batch(once, iteration))
    const backwards = [5, 4, 3, 2, 1, 0].map((iteration) => batch(once, iteration)).toReversed()
    assert.deepStrictEqual(forwards, backwards)
    assert.deepStrictEqual(batch(batchFiller(of), 3), forwards[3])
  })
})

describe("images", () => {
  it("stay bytes only if a byte's value in the network is its 255th, and nothing changes the images", () => {
    assert.isTrue(imagesStayBytes({ normalization: "unit" }))
    assert.isFalse(imagesStayBytes({ normalization: "standardized" }))
    assert.isFalse(imagesStayBytes({ normalization: "standardizedByChannel" }))
    const { augmentation } = Schema.decodeUnknownSync(Schema.Struct({ augmentation: Augmentation }))({
      augmentation: { shift: 1 },
    })
    assert.isFalse(imagesStayBytes({ normalization: "unit", augmentation }))
  })
})

describe("evaluationImages", () => {
  it("reads a split in its own order, and pieces join to the whole", () => {
    const images = evaluationImages({
      dataset: numbered(20),
      indices: Uint32Array.from([7, 2, 19]),
      table: raw,
    })
    assert.deepStrictEqual(
      [...images(0, 3)].filter((_, i) => i % 6 === 0),
      [7, 2, 19],
    )
    assert.deepStrictEqual([...images(0, 1), ...images(1, 3)], [...images(0, 3)])
    assert.strictEqual(images(3, 3).length, 0)
  })

  it("uses one memory for all pieces, so a smaller piece after a larger one has nothing of it", () => {
    const images = evaluationImages({
      dataset: numbered(20),
      indices: Uint32Array.from([7, 2, 19]),
      table: raw,
    })
    const first = images(0, 2)
    const second = images(2, 3)
    assert.strictEqual(second.buffer, first.buffer)
    assert.deepStrictEqual([second.length, second[0]], [first.length / 2, 19])
  })
})
