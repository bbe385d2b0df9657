/** Every engine computes the same as the reference for random small networks. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Reference from "../../engines/reference.ts"
import { layers } from "../../schemas/experiment/Model.ts"
import { initializers } from "../../schemas/experiment/weights.ts"
import { enginesUnderTest } from "./engines.ts"
import { type Case, relativeError, trainCase } from "./training.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const Shape = Schema.Struct({
  batchSize: between(1, 18),
  height: between(6, 11),
  width: between(6, 11),
  channels: between(1, 3),
  filters: Schema.Literals([3, 8, 16, 32]),
  moreFilters: Schema.Literals([4, 8, 16]),
  kernel: between(1, 4),
  kernelWidth: between(1, 4),
  stride: between(1, 2),
  padding: Schema.Literals(["valid", "same"]),
  pool: between(1, 3),
  poolStride: between(1, 3),
})

const caseOf = (shape: typeof Shape.Type): Case => ({
  model: [
    layers.conv2d({
      filters: shape.filters,
      kernelSize: [shape.kernel, shape.kernelWidth],
      strides: shape.stride,
      padding: shape.padding,
      activation: "tanh",
    }),
    layers.maxPooling2d({ poolSize: shape.pool, strides: shape.poolStride, padding: "same" }),
    layers.conv2d({
      filters: shape.moreFilters,
      kernelSize: shape.kernel,
      padding: "same",
      activation: "relu",
    }),
    layers.flatten(),
    layers.dense({ units: 3 }),
  ],
  inputShape: [shape.height, shape.width, shape.channels],
  batchSize: shape.batchSize,
})

const Depthwise = Schema.Struct({
  batchSize: between(1, 18),
  height: between(5, 11),
  width: between(5, 11),
  channels: Schema.Literals([1, 3, 8, 16, 24]),
  depthMultiplier: between(1, 2),
  kernel: between(1, 4),
  kernelWidth: between(1, 4),
  stride: between(1, 3),
  padding: Schema.Literals(["valid", "same"]),
  filters: Schema.Literals([3, 8, 16]),
})

/** Not 0: the gradient of a single bias can be near 0, where rounding errors would dominate. */
const biasInitializer = initializers.constant(0.3)

const depthwiseCaseOf = (shape: typeof Depthwise.Type): Case => ({
  model: [
    layers.conv2d({ filters: shape.channels, kernelSize: 1, activation: "tanh", biasInitializer }),
    layers.depthwiseConv2d({
      kernelSize: [shape.kernel, shape.kernelWidth],
      strides: shape.stride,
      padding: shape.padding,
      depthMultiplier: shape.depthMultiplier,
      activation: "swish",
      biasInitializer,
    }),
    layers.separableConv2d({
      filters: shape.filters,
      kernelSize: 3,
      padding: "same",
      activation: "relu",
      biasInitializer,
    }),
    layers.flatten(),
    layers.dense({ units: 3 }),
  ],
  inputShape: [shape.height, shape.width, 2],
  batchSize: shape.batchSize,
})

const Graph = Schema.Struct({
  batchSize: between(1, 10),
  channels: between(1, 2),
  nodes: Schema.Array(
    Schema.Struct({
      kind: Schema.Literals([
        "conv",
        "depthwise",
        "pool",
        "norm",
        "activation",
        "leakyReLU",
        "prelu",
        "add",
        "concatenate",
        "globalPool",
      ]),
      from: between(0, 9),
      other: between(0, 9),
      filters: Schema.Literals([3, 8, 16]),
      activation: Schema.Literals(["relu", "gelu", "swish", "elu", "selu"]),
      sharedAxes: Schema.Literals(["", "1", "2", "3", "12", "13", "23", "123"]),
    }),
  ).check(Schema.isBetweenLength(2, 7)),
})

/**
 * Images keep their size, so that any two nodes can be joined; what nothing else takes is joined at the end, with the global
 * pools, which may read what others read too.
 */
const graphCaseOf = ({ batchSize, channels, nodes }: typeof Graph.Type): Case => {
  const known = [{ name: "images", channels }]
  const pools: Array<string> = []
  const taken = new Set<string>()
  const model = nodes.map(({ activation, filters, from, kind, other, sharedAxes }, i) => {
    const name = `node${i}`
    const [first, second] = [known[from % known.length], known[other % known.length]]
    if (kind === "globalPool") {
      pools.push(name)
      return layers.globalAveragePooling2d({ name, inputs: [first.name] })
    }
    const isPair = kind === "add" || kind === "concatenate"
    const inputs = [first.name]
    for (const input of isPair ? [first, second] : [first]) taken.add(input.name)
    const isSum = kind === "add" && first.channels === second.channels
    const joined = isSum ? first.channels : first.channels + second.channels
    known.push({ name, channels: kind === "conv" ? filters : isPair ? joined : first.channels })
    const named = { name, inputs }
    switch (kind) {
      case "conv":
        return layers.conv2d({
          ...named,
          filters,
          kernelSize: 3,
          padding: "same",
          activation,
          biasInitializer,
        })
      case "depthwise":
        return layers.depthwiseConv2d({
          ...named,
          kernelSize: 3,
          padding: "same",
          activation,
          biasInitializer,
        })
      case "pool":
        return layers.maxPooling2d({ ...named, poolSize: 2, strides: 1, padding: "same" })
      case "norm":
        return layers.layerNormalization({ ...named, epsilon: 0.5, center: false })
      case "activation":
        return layers.activation({ ...named, activation })
      case "leakyReLU":
        return layers.leakyReLU(named)
      case "prelu":
        return layers.prelu({
          ...named,
          sharedAxes: Array.from(sharedAxes, Number),
          alphaInitializer: biasInitializer,
        })
      default: {
        const pair = { name, inputs: [first.name, second.name] }
        return isSum ? layers.add(pair) : layers.concatenate(pair)
      }
    }
  })
  const ends = known.slice(1).flatMap(({ name }) => (taken.has(name) ? [] : [name]))
  const images = ends.length > 1 ? "joined" : ends[0]
  const values = ends.length > 0 ? [...pools, "flat"] : pools
  return {
    model: [
      model[0],
      ...model.slice(1),
      ...(ends.length > 1 ? [layers.concatenate({ name: "joined", inputs: ends })] : []),
      ...(ends.length > 0 ? [layers.flatten({ name: "flat", inputs: [images] })] : []),
      ...(values.length > 1 ? [layers.concatenate({ inputs: values })] : []),
      layers.dense({ units: 3 }),
    ],
    inputShape: [5, 6, channels],
    batchSize,
  }
}

/** Compares every engine under test with the reference. */
const assertParity = Effect.fnUntraced(function* (definition: Case) {
  const expected = yield* Effect.provide(trainCase(definition), Reference.layer)
  for (const [engine, layer] of Object.entries(enginesUnderTest)) {
    const actual = yield* Effect.provide(trainCase(definition), layer)
    assert.isBelow(relativeError(actual.losses, expected.losses), 1e-5, engine)
    for (const [i, { data, name }] of actual.state.entries()) {
      assert.isBelow(relativeError(data, expected.state[i].data), 2e-5, `${engine} ${name}`)
    }
    assert.isBelow(relativeError(actual.predictions, expected.predictions), 1e-5, engine)
  }
})

/** A test for each kind of network, with this many of each. */
export const testRandomCases = (runs: number) => {
  const options = { timeout: 180_000, arbitrary: { runs } }

  describe("every engine computes what the reference does", () => {
    it.effect.prop(
      "for random convolutions and poolings",
      [Shape],
      ([shape]) => assertParity(caseOf(shape)),
      options,
    )

    it.effect.prop(
      "for random depthwise and separable convolutions",
      [Depthwise],
      ([shape]) => assertParity(depthwiseCaseOf(shape)),
      options,
    )

    it.effect.prop("for random graphs", [Graph], ([graph]) => assertParity(graphCaseOf(graph)), options)
  })
}
