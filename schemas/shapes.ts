/**
 * Shape inference: what every layer of a model gives, before anything is fetched or built.
 *
 * (model, image shape, classes) -> layers with names, output shapes and parameter counts, or the first layer that does
 * not fit with both shapes. Shapes are without the batch: [height, width, channels] or [values].
 */
import { Result, Schema } from "effect"
import { Failure } from "./Failure.ts"
import type { Layer, Model } from "./Model.ts"

export type Shape = ReadonlyArray<number>

export interface LayerShape {
  /** Unique: the layer's own name, or its kind and number, as `conv2d_1`. Variables are named after it. */
  readonly name: string
  readonly kind: Layer["kind"]
  /** What it takes, where that is said. */
  readonly inputs?: ReadonlyArray<string>
  readonly output: Shape
  /** Numbers in the layer's variables, moving statistics included. */
  readonly parameters: number
}

/** A layer cannot take what it is given, or the last one does not give one value a class. */
export class ModelShapeMismatch extends Failure<ModelShapeMismatch>()("ModelShapeMismatch", {
  exitCode: "dataError",
  fields: { layer: Schema.String, found: Schema.String, expected: Schema.String, advice: Schema.String },
  message: ({ advice, expected, found, layer }) =>
    `layer ${layer} does not fit: it is given ${found}, expected ${expected}; ${advice}`,
}) {}

const show = (shape: Shape) => `[${shape.join(", ")}]`

/** The name of every layer: the user's, or the kind and its number among the layers of that kind. */
export const layerNames = (model: Model): ReadonlyArray<string> => {
  const count = new Map<string, number>()
  return model.map((layer) => {
    const number = (count.get(layer.kind) ?? 0) + 1
    count.set(layer.kind, number)
    return layer.name ?? `${layer.kind}_${number}`
  })
}

/** The name of what the network is given. */
export const imagesName = "images"

/** The names of what every layer takes: those it says, or the layer before. */
export const layerInputs = (model: Model): ReadonlyArray<ReadonlyArray<string>> => {
  const names = layerNames(model)
  return model.map((layer, i) => layer.inputs ?? [i === 0 ? imagesName : names[i - 1]])
}

/** Positions of a window along one axis, as in TensorFlow: SAME ceil(size / stride), VALID ceil((size - window + 1) / stride). */
const positions = (size: number, window: number, stride: number, padding: "same" | "valid") =>
  padding === "same" ? Math.ceil(size / stride) : Math.ceil((size - window + 1) / stride)

const product = (shape: Shape) => shape.reduce((a, b) => a * b, 1)

const mismatch = (layer: string, found: Shape | string, expected: string, advice: string) =>
  new ModelShapeMismatch({ layer, found: typeof found === "string" ? found : show(found), expected, advice })

type Applied = Result.Result<Pick<LayerShape, "output" | "parameters">, ModelShapeMismatch>

/** Shapes must be the same, or, of a concatenation, the same but for the last axis. */
const join = (
  name: string,
  kind: "add" | "concatenate",
  inputs: ReadonlyArray<{ readonly name: string; readonly shape: Shape }>,
): Applied => {
  const [{ shape: first }] = inputs
  const part = (shape: Shape) => (kind === "add" ? shape : shape.slice(0, -1))
  const size = (shape: Shape) => shape.slice(0, -1).join()
  if (
    inputs.every(({ shape }) => shape.length === first.length && part(shape).join() === part(first).join())
  ) {
    const last = inputs.reduce((sum, { shape }) => sum + shape[shape.length - 1], 0)
    return Result.succeed({ output: kind === "add" ? first : [...first.slice(0, -1), last], parameters: 0 })
  }
  const sameSize = inputs.every(({ shape }) => shape.length === first.length && size(shape) === size(first))
  return Result.fail(
    mismatch(
      name,
      inputs.map((input) => `${show(input.shape)} of ${input.name}`).join(" and "),
      kind === "add" ? "equal shapes" : "shapes that are equal but for the last axis",
      sameSize
        ? "give one of them as many channels with a convolution of kernelSize 1"
        : 'use padding "same" and the same strides and poolings on both ways',
    ),
  )
}

const apply = (
  name: string,
  layer: Exclude<Layer, { kind: "add" | "concatenate" }>,
  input: Shape,
): Applied => {
  const images = () =>
    mismatch(name, input, "images [height, width, channels]", "put it before the layer that flattens")
  const windows = (
    window: readonly [number, number],
    strides: readonly [number, number],
    padding: "same" | "valid",
    channels: number,
    parameters: number,
  ): Applied => {
    const height = positions(input[0], window[0], strides[0], padding)
    const width = positions(input[1], window[1], strides[1], padding)
    return height < 1 || width < 1
      ? Result.fail(
          mismatch(
            name,
            input,
            `images of at least ${show(window)}`,
            `use padding "same", a smaller window, or fewer poolings before it`,
          ),
        )
      : Result.succeed({ output: [height, width, channels], parameters })
  }

  switch (layer.kind) {
    case "conv2d": {
      if (input.length !== 3) return Result.fail(images())
      const weights = layer.kernelSize[0] * layer.kernelSize[1] * input[2] * layer.filters
      const parameters = weights + (layer.useBias ? layer.filters : 0)
      return windows(layer.kernelSize, layer.strides, layer.padding, layer.filters, parameters)
    }
    case "depthwiseConv2d":
    case "separableConv2d": {
      if (input.length !== 3) return Result.fail(images())
      const [height, width] = layer.kernelSize
      const between = input[2] * layer.depthMultiplier
      const channels = layer.kind === "separableConv2d" ? layer.filters : between
      const pointwise = layer.kind === "separableConv2d" ? between * channels : 0
      const parameters = height * width * between + pointwise + (layer.useBias ? channels : 0)
      return windows(layer.kernelSize, layer.strides, layer.padding, channels, parameters)
    }
    case "maxPooling2d":
    case "averagePooling2d":
      if (input.length !== 3) return Result.fail(images())
      return windows(layer.poolSize, layer.strides ?? layer.poolSize, layer.padding, input[2], 0)
    case "globalAveragePooling2d":
    case "globalMaxPooling2d":
      return input.length === 3
        ? Result.succeed({ output: [input[2]], parameters: 0 })
        : Result.fail(images())
    case "flatten":
      return Result.succeed({ output: [product(input)], parameters: 0 })
    case "dense":
      return input.length === 1
        ? Result.succeed({
            output: [layer.units],
            parameters: input[0] * layer.units + (layer.useBias ? layer.units : 0),
          })
        : Result.fail(mismatch(name, input, "one row of values [values]", "put layers.flatten() before it"))
    case "batchNormalization": {
      const channels = input[input.length - 1]
      return Result.succeed({
        output: input,
        parameters: channels * (2 + (layer.center ? 1 : 0) + (layer.scale ? 1 : 0)),
      })
    }
    case "layerNormalization":
      return Result.succeed({
        output: input,
        parameters: input[input.length - 1] * ((layer.center ? 1 : 0) + (layer.scale ? 1 : 0)),
      })
    case "prelu": {
      const shared = layer.sharedAxes ?? []
      const beyond = shared.find((axis) => axis > input.length)
      if (beyond !== undefined) {
        return Result.fail(
          mismatch(
            name,
            input,
            `${beyond} axes or more, because axis ${beyond} is shared`,
            input.length === 1 ? "leave sharedAxes out" : "share axes 1 (height) and 2 (width)",
          ),
        )
      }
      const slopes = input.filter((_, axis) => !shared.includes(axis + 1))
      return Result.succeed({ output: input, parameters: product(slopes) })
    }
    case "dropout":
    case "activation":
    case "leakyReLU":
      return Result.succeed({ output: input, parameters: 0 })
  }
}

/** A layer whose output leads nowhere: its weights would never be trained. */
const findIdle = (names: ReadonlyArray<string>, inputs: ReadonlyArray<ReadonlyArray<string>>) => {
  const wanted = new Set(names.slice(-1))
  return names.findLast((name, i) => {
    if (!wanted.has(name)) return true
    for (const input of inputs[i]) wanted.add(input)
    return false
  })
}

export const inferShapes = (
  model: Model,
  imageShape: Shape,
  classes: number,
): Result.Result<ReadonlyArray<LayerShape>, ModelShapeMismatch> => {
  const names = layerNames(model)
  const inputs = layerInputs(model)
  const shapes: Array<LayerShape> = []
  const known = new Map<string, Shape>([[imagesName, imageShape]])
  for (const [i, layer] of model.entries()) {
    const name = names[i]
    if (names.indexOf(name) !== i) {
      return Result.fail(
        mismatch(name, `the name ${name} a second time`, "a name of its own", "rename one of them"),
      )
    }
    const given: Array<{ readonly name: string; readonly shape: Shape }> = []
    for (const input of inputs[i]) {
      const shape = known.get(input)
      if (shape === undefined) {
        const why = names.includes(input) ? "which is not before it" : "which there is not"
        return Result.fail(
          mismatch(
            name,
            `the output of ${input}, ${why}`,
            `one of ${[...known.keys()].join(", ")}`,
            "name a layer that stands before it",
          ),
        )
      }
      given.push({ name: input, shape })
    }
    const applied =
      layer.kind === "add" || layer.kind === "concatenate"
        ? join(name, layer.kind, given)
        : apply(name, layer, given[0].shape)
    if (Result.isFailure(applied)) return Result.fail(applied.failure)
    shapes.push({ name, kind: layer.kind, ...(layer.inputs && { inputs: layer.inputs }), ...applied.success })
    known.set(name, applied.success.output)
  }
  const idle = findIdle(names, inputs)
  if (idle !== undefined) {
    return Result.fail(
      mismatch(
        idle,
        "no way to the last layer",
        "one",
        "name it among the inputs of a later layer, or remove it",
      ),
    )
  }
  const last = names[names.length - 1]
  const { output } = shapes[shapes.length - 1]
  return output.length === 1 && output[0] === classes
    ? Result.succeed(shapes)
    : Result.fail(
        mismatch(
          last,
          `an output of ${show(output)}`,
          `${show([classes])}, one value a class`,
          `end the model with layers.dense({ units: ${classes} })`,
        ),
      )
}
