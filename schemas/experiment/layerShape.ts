/**
 * The output shape and the number of parameters of one layer: (layer, shapes of its inputs) -> both, or why the
 * inputs do not fit. Shapes are without the batch: [height, width, channels] or [values].
 */
import { Result } from "effect"
import type { Layer } from "./Model.ts"
import { ModelShapeMismatch } from "./ModelShapeMismatch.ts"

export type Shape = ReadonlyArray<number>

/** The name of the network's input. */
export const imagesName = "images"

type Merge = Extract<Layer, { readonly kind: "add" | "concatenate" }>
type Attention = Extract<Layer, { readonly kind: "multiHeadAttention" }>
export type CustomLayer = Extract<Layer, { readonly kind: "custom" }>
type Single = Exclude<Layer, Merge | Attention | CustomLayer>

/** A layer that is read, and the shape of its output. */
export interface Input {
  readonly name: string
  readonly shape: Shape
}

export const show = (shape: Shape) => `[${shape.join(", ")}]`

const product = (shape: Shape) => shape.reduce((a, b) => a * b, 1)
const last = (shape: Shape) => shape[shape.length - 1]

const doesNotFit = (layer: string, input: Shape, expected: string, advice: string) =>
  Result.fail(new ModelShapeMismatch({ layer, found: `an input of ${show(input)}`, expected, advice }))

const needsImages = (layer: string, input: Shape) =>
  doesNotFit(layer, input, "images [height, width, channels]", "put it before the layer that flattens")

/** Of a group normalization. */
export const groupsOf = (groups: number, shape: Shape) => (groups === -1 ? last(shape) : groups)

type Output = Result.Result<Shape, ModelShapeMismatch>

/**
 * Positions of a window along one axis as in TensorFlow: SAME ceil(size / stride), VALID ceil((size - window + 1) /
 * stride).
 */
const positions = (size: number, window: number, stride: number, padding: "same" | "valid") =>
  padding === "same" ? Math.ceil(size / stride) : Math.ceil((size - window + 1) / stride)

interface Windows {
  readonly size: readonly [height: number, width: number]
  readonly strides: readonly [height: number, width: number]
  readonly padding: "same" | "valid"
}

/** The output of a layer that moves a window over images. */
const windowedOutput = (name: string, input: Shape, windows: Windows, channels: number): Output => {
  if (input.length !== 3) return needsImages(name, input)
  const { padding, size, strides } = windows
  const height = positions(input[0], size[0], strides[0], padding)
  const width = positions(input[1], size[1], strides[1], padding)
  if (height >= 1 && width >= 1) return Result.succeed([height, width, channels])
  const advice = 'use padding "same", a smaller window, or fewer poolings before it'
  return doesNotFit(name, input, `images of at least ${show(size)}`, advice)
}

/** Levels have no gradient, so no weights can be before them. */
const embedded = (layer: string, { name, shape }: Input, outputDim: number): Output =>
  name === imagesName
    ? Result.succeed([...shape.slice(0, -1), last(shape) * outputDim])
    : doesNotFit(
        layer,
        shape,
        "the images, whose pixels have levels",
        'put it first, or read inputs: ["images"]',
      )

const outputOf = (
  name: string,
  layer: Exclude<Single, { readonly kind: "embedding" }>,
  input: Shape,
): Output => {
  switch (layer.kind) {
    case "conv2d":
    case "separableConv2d":
      return windowedOutput(name, input, { ...layer, size: layer.kernelSize }, layer.filters)
    case "depthwiseConv2d":
      return windowedOutput(
        name,
        input,
        { ...layer, size: layer.kernelSize },
        last(input) * layer.depthMultiplier,
      )
    case "maxPooling2d":
    case "averagePooling2d": {
      const { padding, poolSize, strides = poolSize } = layer
      return windowedOutput(name, input, { size: poolSize, strides, padding }, last(input))
    }
    case "globalAveragePooling2d":
    case "globalMaxPooling2d":
      return input.length === 3 ? Result.succeed([last(input)]) : needsImages(name, input)
    case "zeroPadding2d": {
      if (input.length !== 3) return needsImages(name, input)
      const [[above, below], [left, right]] = layer.padding
      return Result.succeed([above + input[0] + below, left + input[1] + right, input[2]])
    }
    case "upSampling2d":
      return input.length === 3
        ? Result.succeed([input[0] * layer.size[0], input[1] * layer.size[1], input[2]])
        : needsImages(name, input)
    case "spatialDropout2d":
      return input.length === 3 ? Result.succeed(input) : needsImages(name, input)
    case "groupNormalization": {
      const groups = groupsOf(layer.groups, input)
      if (last(input) % groups === 0) return Result.succeed(input)
      const advice = `set groups to a divisor of ${last(input)}`
      return doesNotFit(name, input, `channels that ${groups} groups can share evenly`, advice)
    }
    case "flatten":
      return Result.succeed([product(input)])
    case "dense":
      return input.length === 1
        ? Result.succeed([layer.units])
        : doesNotFit(name, input, "one row of values [values]", "put layers.flatten() before it")
    case "prelu": {
      const beyond = layer.sharedAxes?.find((axis) => axis > input.length)
      if (beyond === undefined) return Result.succeed(input)
      const expected = `${beyond} axes or more, because axis ${beyond} is shared`
      const advice = input.length === 1 ? "omit sharedAxes" : "share axes 1 (height) and 2 (width)"
      return doesNotFit(name, input, expected, advice)
    }
    case "batchNormalization":
    case "layerNormalization":
    case "positionEmbedding":
    case "dropout":
    case "activation":
    case "leakyReLU":
      return Result.succeed(input)
  }
}

/** Values in the variables of a layer, moving statistics included, for an input that fits. */
const parametersOf = (layer: Single, input: Shape): number => {
  const channels = last(input)
  switch (layer.kind) {
    case "conv2d":
      return product(layer.kernelSize) * channels * layer.filters + (layer.useBias ? layer.filters : 0)
    case "depthwiseConv2d": {
      const outputs = channels * layer.depthMultiplier
      return product(layer.kernelSize) * outputs + (layer.useBias ? outputs : 0)
    }
    case "separableConv2d": {
      const between = channels * layer.depthMultiplier
      const pointwise = between * layer.filters
      return product(layer.kernelSize) * between + pointwise + (layer.useBias ? layer.filters : 0)
    }
    case "dense":
      return channels * layer.units + (layer.useBias ? layer.units : 0)
    case "batchNormalization":
      return channels * (2 + Number(layer.center) + Number(layer.scale))
    case "layerNormalization":
    case "groupNormalization":
      return channels * (Number(layer.center) + Number(layer.scale))
    case "embedding":
      return layer.inputDim * layer.outputDim
    case "positionEmbedding":
      return product(input)
    case "prelu":
      return product(input.filter((_, axis) => layer.sharedAxes?.includes(axis + 1) !== true))
    case "maxPooling2d":
    case "averagePooling2d":
    case "globalAveragePooling2d":
    case "globalMaxPooling2d":
    case "zeroPadding2d":
    case "upSampling2d":
    case "flatten":
    case "dropout":
    case "spatialDropout2d":
    case "activation":
    case "leakyReLU":
      return 0
  }
}

/** Inputs of `add` have equal shapes; those of `concatenate` are equal except for the last axis. */
const mergedOutput = (name: string, kind: Merge["kind"], inputs: ReadonlyArray<Input>): Output => {
  const shapes = inputs.map(({ shape }) => shape)
  const [first] = shapes
  const isEqual = (part: (shape: Shape) => Shape) =>
    shapes.every((shape) => shape.length === first.length && part(shape).join() === part(first).join())
  const withoutLast = (shape: Shape) => shape.slice(0, -1)
  if (kind === "add" && isEqual((shape) => shape)) return Result.succeed(first)
  if (kind === "concatenate" && isEqual(withoutLast)) {
    return Result.succeed([...withoutLast(first), shapes.reduce((sum, shape) => sum + last(shape), 0)])
  }
  return Result.fail(
    new ModelShapeMismatch({
      layer: name,
      found: `inputs of ${inputs.map((input) => `${show(input.shape)} from ${input.name}`).join(" and ")}`,
      expected: kind === "add" ? "equal shapes" : "shapes that are equal except for the last axis",
      advice: isEqual(withoutLast)
        ? "make the number of channels equal with a convolution of kernelSize 1"
        : 'use padding "same" and the same strides and poolings on both paths',
    }),
  )
}

/** Query, value and key of an attention: what is not given is the one before. */
export const attended = <T>([query, value = query, key = value]: ReadonlyArray<T>) => ({ query, value, key })

/** All axes but the last, without the batch. */
export const positionsOf = (shape: Shape) => product(shape.slice(0, -1))

/** The scores of an attention, for inputs of these shapes: [batch, heads, positions of the query, positions of the key]. */
export const scoresShape = (batch: number, heads: number, shapes: ReadonlyArray<Shape>): Shape => {
  const { key, query } = attended(shapes)
  return [batch, heads, positionsOf(query), positionsOf(key)]
}

/** Attention is between positions. */
const attention = (name: string, layer: Attention, inputs: ReadonlyArray<Input>) => {
  const flat = inputs.find(({ shape }) => shape.length < 2)
  if (flat !== undefined) {
    const advice = "put it before the layer that flattens"
    return doesNotFit(
      name,
      flat.shape,
      "positions with values, such as images [height, width, channels]",
      advice,
    )
  }
  const { key, query, value } = attended(inputs.map(({ shape }) => shape))
  if (positionsOf(key) !== positionsOf(value)) {
    const expected = `a key with as many positions as the value ${show(value)}`
    return doesNotFit(name, key, expected, "read the value and the key from layers of one size")
  }
  const { keyDim, numHeads, useBias, valueDim = keyDim } = layer
  const [keys, values] = [numHeads * keyDim, numHeads * valueDim]
  const kernels = (last(query) + last(key)) * keys + (last(value) + last(query)) * values
  const biases = useBias ? 2 * keys + values + last(query) : 0
  return Result.succeed({ output: query, parameters: kernels + biases })
}

/** The output shape and the parameters of a layer of own code: found out by running it, which needs its code. */
export type OwnLayerShape = (
  name: string,
  layer: CustomLayer,
  inputs: ReadonlyArray<Input>,
) => Result.Result<{ readonly output: Shape; readonly parameters: number }, ModelShapeMismatch>

/** Without its code. */
export const unknownShape: OwnLayerShape = (layer) =>
  Result.fail(
    new ModelShapeMismatch({
      layer,
      found: "a layer of own code that is not loaded",
      expected: "its code",
      advice: "run the experiment file again",
    }),
  )

export const layerShape = (
  name: string,
  layer: Layer,
  inputs: ReadonlyArray<Input>,
  own: OwnLayerShape = unknownShape,
) => {
  if (layer.kind === "custom") return own(name, layer, inputs)
  if (layer.kind === "multiHeadAttention") return attention(name, layer, inputs)
  if (layer.kind === "add" || layer.kind === "concatenate") {
    return Result.map(mergedOutput(name, layer.kind, inputs), (output) => ({ output, parameters: 0 }))
  }
  const [{ shape }] = inputs
  const fitted =
    layer.kind === "embedding" ? embedded(name, inputs[0], layer.outputDim) : outputOf(name, layer, shape)
  return Result.map(fitted, (output) => ({
    output,
    parameters: parametersOf(layer, shape),
  }))
}
