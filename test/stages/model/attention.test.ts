/**
 * Multi-head attention and group normalization, which TensorFlow.js does not have: outputs are those of plain loops in float64,
 * and gradients those of finite differences of the loops.
 */
import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import { useCpuBackend } from "../../../engines/trace/cpuBackend.ts"
import { MultiHeadAttention } from "../../../stages/model/attention.ts"
import { GroupNormalization } from "../../../stages/model/normalization.ts"

useCpuBackend()

type Values = ReadonlyArray<number>
const waves = (size: number, phase: number): Values =>
  Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898 + phase))
const sizeOf = (shape: ReadonlyArray<number>) => shape.reduce((a, b) => a * b, 1)
const range = (length: number) => Array.from({ length }, (_, i) => i)
const sum = (values: Values) => values.reduce((a, b) => a + b, 0)

/** Row i of a matrix with rows of this length. */
const row = (values: Values, i: number, length: number) => values.slice(i * length, (i + 1) * length)

interface Tensors {
  readonly shapes: ReadonlyArray<ReadonlyArray<number>>
  readonly values: ReadonlyArray<Values>
}

const made = (shapes: Tensors["shapes"]): Tensors => ({
  shapes,
  values: shapes.map((shape, i) => waves(sizeOf(shape), i)),
})

/**
 * Compares `loops` with the layer for the same inputs and weights: values, then the gradients of a weighted sum of them.
 */
const compare = (
  inputs: Tensors,
  weights: Tensors,
  run: (inputs: ReadonlyArray<tf.Tensor>, weights: ReadonlyArray<tf.Tensor>) => tf.Tensor,
  loops: (inputs: ReadonlyArray<Values>, weights: ReadonlyArray<Values>) => Values,
) => {
  const shapes = [...inputs.shapes, ...weights.shapes]
  const all = [...inputs.values, ...weights.values]
  const given = inputs.shapes.length
  const loopsOf = (values: ReadonlyArray<Values>) => loops(values.slice(0, given), values.slice(given))
  const expected = loopsOf(all)
  const factors = waves(expected.length, 9)
  const lossOf = (values: ReadonlyArray<Values>) => sum(loopsOf(values).map((value, i) => value * factors[i]))
  tf.tidy(() => {
    const variables = all.map((values, i) => tf.variable(tf.tensor([...values], [...shapes[i]])))
    const apply = () => run(variables.slice(0, given), variables.slice(given))
    const actual = apply().dataSync()
    assert.strictEqual(actual.length, expected.length)
    actual.forEach((value, i) => assert.closeTo(value, expected[i], 1e-4))
    const { grads } = tf.variableGrads(() => {
      const output = apply()
      return tf.sum(tf.mul(output, tf.tensor([...factors], output.shape)))
    }, variables)
    variables.forEach(({ name }, at) => {
      grads[name].dataSync().forEach((gradient, i) => {
        const [up, down] = [1e-4, -1e-4].map((by) =>
          lossOf(all.map((values, other) => (other === at ? values.with(i, values[i] + by) : values))),
        )
        assert.closeTo(gradient, (up - down) / 2e-4, 2e-3, `gradient ${i} of tensor ${at}`)
      })
    })
  })
}

/** Attention as its authors define it, position by position. */
const attend =
  (
    heads: number,
    keyDim: number,
    valueDim: number,
    widths: readonly [number, number, number],
    hasBias: boolean,
  ) =>
  (inputs: ReadonlyArray<Values>, weights: ReadonlyArray<Values>): Values => {
    const [query, value, key] = [inputs[0], inputs[1] ?? inputs[0], inputs[2] ?? inputs[1] ?? inputs[0]]
    const none = (size: number): Values => range(size).map(() => 0)
    const parts = hasBias
      ? [0, 1, 2, 3].map((i) => ({ kernel: weights[2 * i], bias: weights[2 * i + 1] }))
      : [heads * keyDim, heads * keyDim, heads * valueDim, widths[0]].map((size, i) => ({
          kernel: weights[i],
          bias: none(size),
        }))
    const [width, keyWidth, valueWidth] = widths
    const project = (x: Values, at: number, inner: number, outer: number) =>
      range(x.length / inner).map((position) =>
        range(outer).map(
          (j) =>
            parts[at].bias[j] +
            sum(range(inner).map((i) => x[position * inner + i] * parts[at].kernel[i * outer + j])),
        ),
      )
    const queries = project(query, 0, width, heads * keyDim)
    const keys = project(key, 1, keyWidth, heads * keyDim)
    const values = project(value, 2, valueWidth, heads * valueDim)
    const batch = 2
    const [positions, others] = [queries.length / batch, keys.length / batch]
    return range(batch * positions).flatMap((position) => {
      const example = Math.floor(position / positions)
      const mixed = range(heads).flatMap((head) => {
        const scores = range(others).map((other) =>
          sum(
            range(keyDim).map(
              (i) => queries[position][head * keyDim + i] * keys[example * others + other][head * keyDim + i],
            ),
          ),
        )
        const powers = scores.map((score) => Math.exp(score / Math.sqrt(keyDim)))
        return range(valueDim).map((i) =>
          sum(
            powers.map(
              (power, other) => (power / sum(powers)) * values[example * others + other][head * valueDim + i],
            ),
          ),
        )
      })
      return project(mixed, 3, heads * valueDim, width)[0]
    })
  }

/** A layer with these weights in place of its own. */
const withWeights = <L extends tfl.layers.Layer>(layer: L, weights: ReadonlyArray<tf.Tensor>): L => {
  layer.weights.forEach((weight, i) => Object.assign(weight, { read: () => weights[i] }))
  return layer
}

describe("multi-head attention", () => {
  const options = { numHeads: 2, keyDim: 3, dropout: 0, useBias: true, valueDim: 2 }

  it("of images to themselves is what its definition says, with its gradients", () => {
    const inputs = made([[2, 2, 2, 4]])
    const shapes = [[4, 2, 3], [2, 3], [4, 2, 3], [2, 3], [4, 2, 2], [2, 2], [2, 2, 4], [4]]
    const run = (given: ReadonlyArray<tf.Tensor>, weights: ReadonlyArray<tf.Tensor>) => {
      const layer = new MultiHeadAttention(options, "attention")
      layer.build([null, 2, 2, 4])
      assert.deepStrictEqual(
        layer.weights.map(({ originalName, shape }) => [originalName, shape]),
        ["query", "key", "value", "attention_output"].flatMap((part, i) => [
          [`${part}_kernel`, shapes[2 * i]],
          [`${part}_bias`, shapes[2 * i + 1]],
        ]),
      )
      return withWeights(layer, weights).applyWith(given, undefined)
    }
    compare(inputs, made(shapes), run, attend(2, 3, 2, [4, 4, 4], true))
  })

  it("to the positions of a value and a key of other sizes is what its definition says, with its gradients", () => {
    const inputs = made([
      [2, 2, 4],
      [2, 3, 5],
      [2, 3, 6],
    ])
    const run = (given: ReadonlyArray<tf.Tensor>, weights: ReadonlyArray<tf.Tensor>) => {
      const layer = new MultiHeadAttention({ ...options, useBias: false }, "attention")
      layer.build(inputs.shapes.map(([, ...shape]) => [null, ...shape]))
      return withWeights(layer, weights).applyWith(given, undefined)
    }
    const weights = made([
      [4, 2, 3],
      [6, 2, 3],
      [5, 2, 2],
      [2, 2, 4],
    ])
    compare(inputs, weights, run, attend(2, 3, 2, [4, 6, 5], false))
  })

  it("multiplies its scores by a mask in training", () => {
    const layer = new MultiHeadAttention({ ...options, useBias: true }, "attention")
    layer.build([null, 3, 4])
    tf.tidy(() => {
      withWeights(
        layer,
        layer.weights.map(({ shape }, i) =>
          tf.tensor([...waves(sizeOf(shape as Array<number>), i)], shape as Array<number>),
        ),
      )
      const input = tf.tensor([...waves(24, 3)], [2, 3, 4])
      const output = layer.applyWith([input], tf.zeros([2, 2, 3, 3]))
      // Nothing is attended to: only the bias of the output is left.
      const bias = waves(4, 7)
      output.dataSync().forEach((value, i) => assert.closeTo(value, bias[i % 4], 1e-6))
    })
  })
})

describe("group normalization", () => {
  for (const [name, shape, groups] of [
    ["images", [2, 3, 2, 6], 3],
    ["images, a group for each channel", [2, 3, 2, 4], -1],
    ["values", [2, 6], 2],
  ] as const) {
    it(`of ${name} is what its definition says, with its gradients`, () => {
      const channels = shape[shape.length - 1]
      const size = channels / (groups === -1 ? channels : groups)
      const positions = sizeOf(shape.slice(1, -1))
      const epsilon = 0.01
      const loops = ([x]: ReadonlyArray<Values>, [gamma, beta]: ReadonlyArray<Values>) =>
        x.map((value, i) => {
          const [example, channel] = [Math.floor(i / (positions * channels)), i % channels]
          const group = range(positions).flatMap((position) =>
            row(x, (example * positions + position) * (channels / size) + Math.floor(channel / size), size),
          )
          const mean = sum(group) / group.length
          const variance = sum(group.map((each) => (each - mean) ** 2)) / group.length
          return ((value - mean) / Math.sqrt(variance + epsilon)) * gamma[channel] + beta[channel]
        })
      const run = ([x]: ReadonlyArray<tf.Tensor>, weights: ReadonlyArray<tf.Tensor>) => {
        const layer = new GroupNormalization({ groups, epsilon, center: true, scale: true }, "group")
        layer.build([null, ...shape.slice(1)])
        return withWeights(layer, weights).call(x)
      }
      compare(made([shape]), made([[channels], [channels]]), run, loops)
    })
  }
})
