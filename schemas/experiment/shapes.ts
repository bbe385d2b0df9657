/**
 * Shape inference, before anything is fetched or built: (model, image shape, classes) -> layers with names, output
 * shapes and numbers of parameters, or the first layer that does not fit. Shapes are without the batch: [height,
 * width, channels] or [values].
 */
import { Result } from "effect"
import { ModelShapeMismatch } from "./ModelShapeMismatch.ts"
import { imagesName, type Input, layerShape, type OwnLayerShape, type Shape, show } from "./layerShape.ts"
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

/** The shapes of the layers that fit, and why the others do not. */
interface Inferred {
  readonly shapes: ReadonlyArray<LayerShape>
  readonly misfits: ReadonlyArray<ModelShapeMismatch>
  /** Of the last layer; undefined if it depends on a layer that does not fit. */
  readonly output: Shape | undefined
}

/** What a layer that does not fit would give if it did; undefined if that depends on its input. */
const intendedOutput = (layer: Layer): Shape | undefined =>
  layer.kind === "dense" ? [layer.units] : undefined

const inferLayer = (
  {
    inputs,
    name,
    names,
  }: { readonly name: string; readonly inputs: ReadonlyArray<string>; readonly names: ReadonlyArray<string> },
  layer: Layer,
  i: number,
  known: ReadonlyMap<string, Shape>,
  own: OwnLayerShape | undefined,
) => {
  const reserved = reservedName(name)
  if (reserved !== undefined) return mismatch(name, reserved, "another name", "rename the layer")
  if (names.indexOf(name) !== i) {
    return mismatch(name, `a second layer of the name ${name}`, "unique names", "rename one of them")
  }
  return Result.flatMap(resolveInputs(name, inputs, known, names), (resolved) =>
    layerShape(name, layer, resolved, own),
  )
}

/** The shapes of all layers, whatever the last one is. A layer that reads one that does not fit is not judged. */
const inferLayers = (model: Model, imageShape: Shape, own: OwnLayerShape | undefined): Inferred => {
  const names = layerNames(model)
  const inputs = layerInputs(model)
  const shapes: Array<LayerShape> = []
  const misfits: Array<ModelShapeMismatch> = []
  const known = new Map<string, Shape>([[imagesName, imageShape]])
  const unknown = new Set<string>()
  for (const [i, layer] of model.entries()) {
    const name = names[i]
    const isJudged = inputs[i].every((input) => !unknown.has(input))
    const shape = isJudged ? inferLayer({ inputs: inputs[i], name, names }, layer, i, known, own) : undefined
    if (shape !== undefined && Result.isSuccess(shape)) {
      shapes.push({ name, kind: layer.kind, ...(layer.inputs && { inputs: layer.inputs }), ...shape.success })
      known.set(name, shape.success.output)
      continue
    }
    if (shape !== undefined) misfits.push(shape.failure)
    const intended = intendedOutput(layer)
    if (intended === undefined) unknown.add(name)
    else known.set(name, intended)
  }
  return { shapes, misfits, output: known.get(names[names.length - 1]) }
}

/** Why the last layer is not the one of a classifier; undefined if it is, or if its output is not known. */
const misfitOfOutput = (name: string, output: Shape | undefined, classes: number) => {
  if (output === undefined || (output.length === 1 && output[0] === classes)) return undefined
  return new ModelShapeMismatch({
    layer: name,
    found: `an output of ${show(output)}`,
    expected: `${show([classes])}, one value for each class`,
    advice: `end the model with layers.dense({ units: ${classes} })`,
  })
}

/** A layer that no path leads from to the last one; undefined if there is none. */
const misfitOfUse = (names: ReadonlyArray<string>, inputs: ReadonlyArray<ReadonlyArray<string>>) => {
  const unused = findUnused(names, inputs)
  if (unused === undefined) return undefined
  return new ModelShapeMismatch({
    layer: unused,
    found: "no path to the last layer",
    expected: "one",
    advice: "add it to the inputs of a later layer, or remove it",
  })
}

export const inferShapes = (
  model: Model,
  imageShape: Shape,
  classes: number,
  /** Of layers of own code. Without it they do not fit. */
  own?: OwnLayerShape,
): Result.Result<ReadonlyArray<LayerShape>, ModelShapeMismatch> => {
  const names = layerNames(model)
  const { misfits, output, shapes } = inferLayers(model, imageShape, own)
  const [first, ...others] = [
    ...misfits,
    // A wrong name of an input may be why a layer seems unused.
    ...(misfits.length === 0 ? [misfitOfUse(names, layerInputs(model))] : []),
    misfitOfOutput(names[names.length - 1], output, classes),
  ].filter((misfit) => misfit !== undefined)
  if (first === undefined) return Result.succeed(shapes)
  return Result.fail(
    others.length === 0
      ? first
      : new ModelShapeMismatch({ ...fieldsOf(first), others: others.map(fieldsOf) }),
  )
}

const fieldsOf = ({ advice, expected, found, layer }: ModelShapeMismatch) => ({
  advice,
  expected,
  found,
  layer,
})
