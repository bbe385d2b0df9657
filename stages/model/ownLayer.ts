/**
 * A layer of own code in TensorFlow.js: (its function, name) -> a layer of tf.layers with the declared weights.
 *
 * The function runs as it is written, so an engine gets the operations that a built-in layer with the same ones would give it.
 */
import * as tf from "@tensorflow/tfjs-core"
import { layers } from "@tensorflow/tfjs-layers"
import { Schema } from "effect"
import { Initializer, Regularizer } from "../../schemas/experiment/weights.ts"
import { show } from "../../schemas/experiment/layerShape.ts"
import type { LayerMask, Shape, Weight } from "../../schemas/ownCode/define.ts"
import { describeThrown, kindOf, type Loaded, OwnCodeFailed } from "../code/load.ts"
import { withDeepStacks } from "../../schemas/ownCode/frames.ts"
import { purely } from "../code/purity.ts"
import { TraceRefused } from "../../engines/trace/backend.ts"
import { sizeOf } from "../../engines/trace/graph.ts"

/** The function of a layer, and the layer's name. */
export interface OwnLayerCode extends Loaded<"layer"> {
  readonly layer: string
}

export interface OwnWeight {
  readonly name: string
  readonly shape: Shape
  readonly initializer: Initializer
  readonly values: Float32Array | undefined
  readonly regularizer: Regularizer | undefined
  readonly isTrainable: boolean
}

export interface OwnMask {
  readonly name: string
  readonly shape: Shape
  readonly rate: number
}

const decodeInitializer = Schema.decodeUnknownSync(Initializer)
const decodeRegularizer = Schema.decodeUnknownSync(Regularizer)

const isShape = (shape: unknown): shape is Shape =>
  Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size > 0)

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const nameOf = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

interface Called {
  readonly title: string
  /** Of a layer. */
  readonly layer?: string
}

/** An error of own code, with the name of its layer. */
export const ownFailure = ({ layer, title }: Called, problem: string) =>
  new OwnCodeFailed({ what: title, problem: layer === undefined ? problem : `layer ${layer}: ${problem}` })

/** Runs own code. What it throws becomes an error with its place; a refused operation keeps its own error. */
export const callOwn = <T>(called: Called, f: () => T): T =>
  withDeepStacks(() => {
    try {
      return purely(f)
    } catch (thrown) {
      if (thrown instanceof OwnCodeFailed) throw thrown
      if (!(thrown instanceof TraceRefused)) throw ownFailure(called, describeThrown(thrown))
      throw thrown.isMisuse ? ownFailure(called, describeThrown(thrown, thrown.detail)) : thrown
    }
  })

const weightOf = (code: OwnLayerCode, name: string, weight: Weight): OwnWeight => {
  const {
    initializer,
    isTrainable = true,
    regularizer,
    shape,
    values,
  } = {
    ...weight,
    isTrainable: weight.trainable,
  }
  const at = `weight ${name}`
  if (values !== undefined && values.length !== sizeOf(shape)) {
    throw ownFailure(
      code,
      `${at}: found ${values.length} values, expected ${sizeOf(shape)} for ${show(shape)}`,
    )
  }
  const standard = { kind: shape.length > 1 ? ("glorotUniform" as const) : ("zeros" as const) }
  return {
    name,
    shape,
    initializer: decodeInitializer(initializer ?? standard),
    values: values === undefined ? undefined : Float32Array.from(values),
    regularizer: regularizer === undefined ? undefined : decodeRegularizer(regularizer),
    isTrainable,
  }
}

/** The weights or masks that a layer declares, each read by `read`. All of it may run own code: fields may be getters. */
const declaredBy = <D extends { readonly shape: Shape }, T>(
  code: OwnLayerCode,
  kind: "weight" | "mask",
  declare: () => Readonly<Record<string, D>>,
  read: (name: string, declared: D) => T,
): ReadonlyArray<T> =>
  callOwn(code, () => {
    const all: unknown = declare()
    if (!isObject(all)) {
      throw ownFailure(
        code,
        `${kind}s gives ${kindOf(all)}, expected an object with a ${kind} under each name`,
      )
    }
    return Object.entries(all).map(([name, declared]: [string, unknown]) => {
      const at = `${kind} ${name}`
      if (!nameOf.test(name)) throw ownFailure(code, `${at}: expected a name of letters, digits and _`)
      if (!isObject(declared)) throw ownFailure(code, `${at}: found ${kindOf(declared)}, expected an object`)
      const shape: unknown = Reflect.get(declared, "shape")
      if (!isShape(shape)) {
        throw ownFailure(code, `${at}: found the shape ${JSON.stringify(shape)}, expected whole sizes`)
      }
      try {
        return read(name, declared as D)
      } catch (error) {
        throw error instanceof OwnCodeFailed ? error : ownFailure(code, `${at}: ${describeThrown(error)}`)
      }
    })
  })

/** The weights that the layer declares for inputs of these shapes, in the order of their names as declared. */
export const weightsOf = (code: OwnLayerCode, inputs: ReadonlyArray<Shape>): ReadonlyArray<OwnWeight> =>
  declaredBy(
    code,
    "weight",
    () => code.definition.weights(code.options, inputs),
    (name, weight) => weightOf(code, name, weight),
  )

const maskOf = (code: OwnLayerCode, name: string, { rate, shape }: LayerMask): OwnMask => {
  if (!(rate >= 0 && rate < 1))
    throw ownFailure(code, `mask ${name}: found the rate ${rate}, expected 0 to below 1`)
  return { name, shape, rate }
}

export const masksDeclared = (code: OwnLayerCode, inputs: ReadonlyArray<Shape>): ReadonlyArray<OwnMask> =>
  declaredBy(
    code,
    "mask",
    () => code.definition.masks(code.options, inputs),
    (name, mask) => maskOf(code, name, mask),
  )

export interface OwnCall {
  readonly inputs: ReadonlyArray<tf.Tensor>
  readonly weights: Readonly<Record<string, tf.Tensor>>
  readonly masks: Readonly<Record<string, tf.Tensor>> | undefined
}

/** The output of the layer. */
export const applyOwn = (code: OwnLayerCode, { inputs, masks, weights }: OwnCall): tf.Tensor => {
  const output = callOwn(code, () =>
    code.definition.call({
      input: inputs[0],
      inputs,
      weights,
      masks,
      options: code.options,
      training: masks !== undefined,
    }),
  )
  if (!(output instanceof tf.Tensor)) {
    throw ownFailure(
      code,
      `call gives ${output === undefined ? "nothing" : kindOf(output)}, expected a tensor`,
    )
  }
  if (output.dtype !== "float32")
    throw ownFailure(code, `call gives a tensor of ${output.dtype}, expected float32`)
  return output
}

const shapesOf = (given: unknown): ReadonlyArray<Array<number | null>> => {
  const shapes = given as Array<number | null> | ReadonlyArray<Array<number | null>>
  return Array.isArray(shapes[0])
    ? (shapes as ReadonlyArray<Array<number | null>>)
    : [shapes as Array<number | null>]
}

/** Its weights are those that the function declares. A saved model cannot contain it: it has no class in TensorFlow.js. */
export class OwnLayer extends layers.Layer {
  static className = "OwnLayer"
  readonly code: OwnLayerCode
  readonly #output: Shape
  declared: ReadonlyArray<OwnWeight> = []

  constructor({ code, outputShape }: { readonly code: OwnLayerCode; readonly outputShape: Shape }) {
    super({ name: code.layer })
    this.code = code
    this.#output = outputShape
  }

  override build(given: unknown): void {
    const inputs = shapesOf(given).map((shape) => shape.slice(1) as Array<number>)
    this.declared = weightsOf(this.code, inputs)
    const zeros = { apply: (shape: Array<number>) => tf.zeros(shape), getConfig: () => ({}) }
    for (const { isTrainable, name, shape } of this.declared) {
      this.addWeight(name, [...shape], "float32", zeros as never, undefined, isTrainable)
    }
    this.built = true
  }

  /** Applies the layer with these masks, which it has in training only. */
  applyWith(inputs: ReadonlyArray<tf.Tensor>, masks: OwnCall["masks"]): tf.Tensor {
    const weights = Object.fromEntries(this.declared.map(({ name }, i) => [name, this.weights[i].read()]))
    return applyOwn(this.code, { inputs, masks, weights })
  }

  override computeOutputShape(): Array<number | null> {
    return [null, ...this.#output]
  }
}
