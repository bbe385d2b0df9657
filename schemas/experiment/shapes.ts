/**
 * Shape inference, before anything is fetched or built: (model, image shape, classes) -> layers with names, output
 * shapes and numbers of parameters, or the first layer that does not fit. Shapes are without the batch: [height,
 * width, channels] or [values].
 */
import { Result } from "effect"
import { type Input, layerShape, ModelShapeMismatch, type Shape, show } from "./layerShape.ts"
import type { Layer, Model } from "./Model.ts"

export interface LayerShape {
  /** Unique: the layer's own name, or its kind and number, such as `conv2d_1`. Its variables are named after it. */
  readonly name: string
  readonly kind: Layer["kind"]
  /** The layers that it reads, if the model names them. */
  readonly inputs?: ReadonlyArray<string>
  readonly output: Shape
  /** Values in its variables, moving statistics included. */
  readonly parameters: number
}

/** The name of every layer: its own, or its kind and its number among the layers of that kind. */
export const layerNames = (model: Model): ReadonlyArray<string> => {
  const count = new Map<string, number>()
  return model.map((layer) => {
    const number = (count.get(layer.kind) ?? 0) + 1
    count.set(layer.kind, number)
    return layer.name ?? `${layer.kind}_${number}`
  })
}

/** The name of the network's input. */
export const imagesName = "images"

/** The names of the layers that every layer reads: those it names, or the previous layer. */
export const layerInputs = (model: Model): ReadonlyArray<ReadonlyArray<string>> => {
  const names = layerNames(model)
  return model.map((layer, i) => layer.inputs ?? [i === 0 ? imagesName : names[i - 1]])
}

const mismatch = (layer: string, found: string, expected: string, advice: string) =>
  Result.fail(new ModelShapeMismatch({ layer, found, expected, advice }))

/** The inputs of a layer: outputs that are in `known`, which holds the layers before it. */
const resolveInputs = (
  name: string,
  inputs: ReadonlyArray<string>,
  known: ReadonlyMap<string, Shape>,
  names: ReadonlyArray<string>,
): Result.Result<ReadonlyArray<Input>, ModelShapeMismatch> => {
  const missing = inputs.find((input) => !known.has(input))
  if (missing !== undefined) {
    const why = names.includes(missing) ? "which is not before it" : "which does not exist"
    const expected = `one of ${[...known.keys()].join(", ")}`
    return mismatch(name, `the input ${missing}, ${why}`, expected, "name a layer before it")
  }
  return Result.succeed(inputs.map((input) => ({ name: input, shape: known.get(input) ?? [] })))
}

/** A layer whose output no other layer reads, directly or not, on the way to the last one: it would never be trained. */
const findUnused = (names: ReadonlyArray<string>, inputs: ReadonlyArray<ReadonlyArray<string>>) => {
  const used = new Set(names.slice(-1))
  return names.findLast((name, i) => {
    if (!used.has(name)) return true
    for (const input of inputs[i]) used.add(input)
    return false
  })
}

/** Why a layer cannot have this name; undefined if it can. */
const reservedName = (name: string) => {
  if (name === imagesName) return "the name of the network's input"
  return name in Object.prototype ? "a name that TensorFlow.js cannot load" : undefined
}

/** The shapes of all layers, whatever the last one is. */
const inferLayers = (
  model: Model,
  imageShape: Shape,
): Result.Result<ReadonlyArray<LayerShape>, ModelShapeMismatch> => {
  const names = layerNames(model)
  const inputs = layerInputs(model)
  const shapes: Array<LayerShape> = []
  const known = new Map<string, Shape>([[imagesName, imageShape]])
  for (const [i, layer] of model.entries()) {
    const name = names[i]
    const reserved = reservedName(name)
    if (reserved !== undefined) return mismatch(name, reserved, "another name", "rename the layer")
    if (names.indexOf(name) !== i) {
      return mismatch(name, `a second layer of the name ${name}`, "unique names", "rename one of them")
    }
    const shape = Result.flatMap(resolveInputs(name, inputs[i], known, names), (resolved) =>
      layerShape(name, layer, resolved),
    )
    if (Result.isFailure(shape)) return Result.fail(shape.failure)
    shapes.push({ name, kind: layer.kind, ...(layer.inputs && { inputs: layer.inputs }), ...shape.success })
    known.set(name, shape.success.output)
  }
  return Result.succeed(shapes)
}

export const inferShapes = (
  model: Model,
  imageShape: Shape,
  classes: number,
): Result.Result<ReadonlyArray<LayerShape>, ModelShapeMismatch> =>
  Result.flatMap(inferLayers(model, imageShape), (shapes) => {
    const unused = findUnused(layerNames(model), layerInputs(model))
    if (unused !== undefined) {
      const advice = "add it to the inputs of a later layer, or remove it"
      return mismatch(unused, "no path to the last layer", "one", advice)
    }
    const { name, output } = shapes[shapes.length - 1]
    if (output.length === 1 && output[0] === classes) return Result.succeed(shapes)
    return mismatch(
      name,
      `an output of ${show(output)}`,
      `${show([classes])}, one value for each class`,
      `end the model with layers.dense({ units: ${classes} })`,
    )
  })
