/**
 * The shapes of layers of own code, before anything is built: (functions) -> output shape and parameters of a layer.
 *
 * The layer runs on tensors without numbers, in prediction and in training, for batches of two sizes: an output that does not
 * begin with the batch is refused. If an operation cannot be traced, it runs on zeros: the reference engine can run it.
 */
import * as tf from "@tensorflow/tfjs-core"
import { Result } from "effect"
import { TraceRefused } from "../../engines/trace/backend.ts"
import { sizeOf } from "../../engines/trace/graph.ts"
import { inLayer } from "../../engines/trace/layer.ts"
import { trace } from "../../engines/trace/trace.ts"
import { ModelShapeMismatch } from "../../schemas/experiment/ModelShapeMismatch.ts"
import { type OwnLayerShape, type Shape, show } from "../../schemas/experiment/layerShape.ts"
import { OwnCodeFailed, type OwnFunctions } from "../code/load.ts"
import { applyOwn, masksDeclared, type OwnLayerCode, ownFailure, weightsOf } from "./ownLayer.ts"

/** Sizes that no other axis has by chance. */
const batches = [7919, 7907] as const

interface Declared {
  readonly inputs: ReadonlyArray<Shape>
  readonly weights: ReadonlyArray<{ readonly name: string; readonly shape: Shape }>
  readonly masks: ReadonlyArray<{ readonly name: string; readonly shape: Shape }>
}

type Feeds = Readonly<Record<string, tf.Tensor>>

const run = (code: OwnLayerCode, { inputs, masks, weights }: Declared, isTraining: boolean, feeds: Feeds) => {
  const named = (kind: string, parts: ReadonlyArray<{ readonly name: string }>) =>
    Object.fromEntries(parts.map(({ name }) => [name, feeds[`${kind}/${name}`]]))
  return applyOwn(code, {
    inputs: inputs.map((_, i) => feeds[`input/${i}`]),
    weights: named("weight", weights),
    masks: isTraining ? named("masks", masks) : undefined,
  })
}

/** The output shape, with the batch. */
const outputShape = (code: OwnLayerCode, declared: Declared, isTraining: boolean, batch: number) => {
  const { inputs, masks, weights } = declared
  const feeds = (size: number) => [
    ...inputs.map((shape, i) => ({ name: `input/${i}`, shape: [size, ...shape] })),
    ...weights.map(({ name, shape }) => ({ name: `weight/${name}`, shape })),
    ...masks.map(({ name, shape }) => ({ name: `masks/${name}`, shape: [size, ...shape] })),
  ]
  try {
    const traced = trace([], feeds(batch), (fed) => ({
      output: inLayer(code.layer, () => run(code, declared, isTraining, fed)),
    }))
    return traced.outputs.output.shape
  } catch (error) {
    if (!(error instanceof TraceRefused)) throw error
    const small = batches.indexOf(batch as (typeof batches)[number]) + 2
    const shape = tf.tidy(() =>
      run(
        code,
        declared,
        isTraining,
        Object.fromEntries(feeds(small).map(({ name, shape }) => [name, tf.zeros([...shape])])),
      ).shape.slice(),
    )
    return shape.map((size, axis) => (axis === 0 && size === small ? batch : size))
  }
}

/** Throws OwnCodeFailed. */
const shapeOf = (code: OwnLayerCode, inputs: ReadonlyArray<Shape>) => {
  const weights = weightsOf(code, inputs)
  const declared = { inputs, weights, masks: masksDeclared(code, inputs) }
  const outputs = batches.flatMap((batch) =>
    [false, true].map((isTraining) => {
      const [first, ...shape] = outputShape(code, declared, isTraining, batch)
      return { isBatch: first === batch, shape }
    }),
  )
  const [{ shape: output }] = outputs
  const wrong = outputs.find(({ isBatch, shape }) => !isBatch || shape.join() !== output.join())
  if (wrong !== undefined) {
    throw ownFailure(
      code,
      wrong.isBatch
        ? `call gives ${show(output)} for one batch and ${show(wrong.shape)} for another or in training, expected one shape`
        : "call gives a tensor that does not begin with the batch; keep the first axis",
    )
  }
  return { output, parameters: weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0) }
}

/** Errors of own code are given to `onFailure`, because shape inference knows mismatches only. */
export const ownShapes =
  (functions: OwnFunctions, onFailure: (error: OwnCodeFailed) => void): OwnLayerShape =>
  (name, layer, inputs) => {
    try {
      return Result.succeed(
        shapeOf(
          { ...functions.get("layer", layer), layer: name },
          inputs.map(({ shape }) => shape),
        ),
      )
    } catch (error) {
      if (!(error instanceof OwnCodeFailed)) throw error
      onFailure(error)
      const found = inputs.map(({ shape }) => show(shape)).join(" and ")
      return Result.fail(
        new ModelShapeMismatch({
          layer: name,
          found: `inputs of ${found}, for which ${error.message}`,
          expected: "inputs that it can read",
          advice: "change the layer or its inputs",
        }),
      )
    }
  }
