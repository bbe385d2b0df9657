/** "Did you mean": the known words that a misspelt or foreign word resembles. */
import { assert, describe, it } from "@effect/vitest"
import { suggest } from "../../../pipeline/experimentFile/suggest.ts"

const datasets = ["mnist", "fashion-mnist", "kmnist", "emnist-digits", "emnist-letters", "qmnist"]

describe("suggest", () => {
  it("finds a word with an exchange, a missing or a wrong letter, and prefers the nearest", () => {
    assert.deepStrictEqual(suggest("minst", datasets), ["mnist"])
    assert.deepStrictEqual(suggest("kmnits", datasets), ["kmnist"])
    assert.deepStrictEqual(suggest("fasion-mnist", datasets), ["fashion-mnist"])
    assert.deepStrictEqual(suggest("optimiser", ["optimizer", "model"]), ["optimizer"])
  })

  it("does not count case, - and _", () => {
    assert.deepStrictEqual(suggest("Relu", ["linear", "relu", "elu"]), ["relu"])
    assert.deepStrictEqual(suggest("FASHION_MNIST", datasets), ["fashion-mnist"])
    assert.deepStrictEqual(suggest("kernel_size", ["kernelSize", "poolSize"]), ["kernelSize"])
  })

  it("knows words of Keras and PyTorch only where ours is known", () => {
    assert.deepStrictEqual(suggest("lr", ["learningRate", "clip"]), ["learningRate"])
    assert.deepStrictEqual(suggest("Linear", ["dense", "flatten"]), ["dense"])
    assert.deepStrictEqual(suggest("CrossEntropyLoss", ["softmaxCrossEntropy"]), ["softmaxCrossEntropy"])
    assert.deepStrictEqual(suggest("lr", ["filters", "units"]), [])
    assert.deepStrictEqual(suggest("emnist", datasets), ["emnist-digits", "emnist-letters"])
  })

  it("has no suggestion for another word, an empty one, a long one, or a name of Object", () => {
    for (const word of ["cifar10", "", "_", "x".repeat(10_000), "constructor", "__proto__", "toString"]) {
      assert.deepStrictEqual(suggest(word, datasets), [], word)
    }
  })
})
