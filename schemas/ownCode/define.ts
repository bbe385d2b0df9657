/**
 * What a module of own code exports: `import { defineLayer } from "tidemark/code"`.
 *
 * A definition holds a function and the schema of its options. The function is pure: it gets everything it needs, random numbers
 * too, and gives the same bits for the same arguments. Layers and losses are functions over tensors of TensorFlow.js. They run
 * once, without numbers, and the engine runs the recorded operations for every iteration.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { Effect, Result, Schema, SchemaIssue } from "effect"
import type { InitializerInput, RegularizerInput } from "../index.ts"

/** Sizes along each axis, without the batch. */
export type Shape = ReadonlyArray<number>

/** A schema of options: a struct whose fields are plain values. */
export type OptionsSchema = Schema.ConstraintCodec<object, object>

/** Options that do not fit their schema: where, and why. */
export interface OptionProblem {
  readonly path: ReadonlyArray<PropertyKey>
  readonly message: string
}

export type DecodedOptions =
  | { readonly options: object; readonly problems?: undefined }
  | { readonly problems: ReadonlyArray<OptionProblem> }

/** Random numbers that depend only on the seed of the experiment and on what they are drawn for. */
export interface Random {
  /** At least 0 and below 1. */
  readonly uniform: () => number
  /** A whole number, at least 0 and below `below`. */
  readonly integer: (below: number) => number
  /** Standard normal. */
  readonly normal: () => number
}

export type OwnKind = "layer" | "loss" | "metric" | "preprocess" | "augment" | "schedule"

interface Definition<K extends OwnKind, Input extends object> {
  readonly ownCode: K
  /** The options as they are written. It exists for the type checker only. */
  readonly Options: Input
  readonly decode: (options: unknown) => DecodedOptions
}

/** A weight of a layer, which training changes unless `trainable` is false. */
export interface Weight {
  readonly shape: Shape
  /** Default: glorotUniform for two axes or more, else zeros. */
  readonly initializer?: InitializerInput
  /** Initial values, row-major, in place of an initializer. */
  readonly values?: ArrayLike<number>
  /** A penalty, added to the training loss. */
  readonly regularizer?: RegularizerInput
  readonly trainable?: boolean
}

/** A dropout mask of a layer, drawn again for every iteration of training. */
export interface LayerMask {
  /** Without the batch. */
  readonly shape: Shape
  /** Values are 0 with this probability, and 1 / (1 - rate) otherwise. */
  readonly rate: number
}

export interface LayerCall<Options, W extends string, N extends string> {
  /** The first input, [batch, ...]. */
  readonly input: tf.Tensor
  /** All inputs. */
  readonly inputs: ReadonlyArray<tf.Tensor>
  readonly weights: Readonly<Record<W, tf.Tensor>>
  /** [batch, ...shape]; undefined outside training. */
  readonly masks: Readonly<Record<N, tf.Tensor>> | undefined
  readonly options: Options
  readonly training: boolean
}

export interface LayerDefinition<Input extends object = object> extends Definition<"layer", Input> {
  readonly weights: (options: object, inputs: ReadonlyArray<Shape>) => Readonly<Record<string, Weight>>
  readonly masks: (options: object, inputs: ReadonlyArray<Shape>) => Readonly<Record<string, LayerMask>>
  readonly call: (given: LayerCall<object, string, string>) => tf.Tensor
}

export interface LossCall<Options> {
  /** One-hot, smoothed by the experiment's label smoothing: [batch, classes]. */
  readonly labels: tf.Tensor2D
  /** Of the last layer: [batch, classes]. */
  readonly outputs: tf.Tensor2D
  readonly options: Options
}

export interface LossDefinition<Input extends object = object> extends Definition<"loss", Input> {
  readonly call: (given: LossCall<object>) => tf.Tensor
  /** Undefined: softmax. */
  readonly probabilities: ((given: Omit<LossCall<object>, "labels">) => tf.Tensor) | undefined
}

export interface MetricCall<Options> {
  /** [examples, classes], row-major. */
  readonly probabilities: Float32Array
  /** [examples] */
  readonly labels: Int32Array
  readonly examples: number
  readonly classes: number
  readonly options: Options
}

export interface MetricDefinition<Input extends object = object> extends Definition<"metric", Input> {
  readonly call: (given: MetricCall<object>) => number
}

/** One image of [height, width, channels]. */
export interface ImageCall<Options, Pixels> {
  readonly image: Pixels
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly options: Options
}

export interface PreprocessDefinition<Input extends object = object> extends Definition<"preprocess", Input> {
  readonly call: (given: ImageCall<object, Uint8Array>) => Uint8Array
}

export interface AugmentCall<Options> extends ImageCall<Options, Float32Array> {
  /** Of the seed of the experiment and the position of the image in training. */
  readonly random: Random
}

export interface AugmentDefinition<Input extends object = object> extends Definition<"augment", Input> {
  readonly call: (given: AugmentCall<object>) => Float32Array
}

export interface ScheduleCall<Options> {
  /** Counted from 0. */
  readonly iteration: number
  /** Iterations in all. */
  readonly budget: number
  readonly options: Options
}

export interface ScheduleDefinition<Input extends object = object> extends Definition<"schedule", Input> {
  readonly call: (given: ScheduleCall<object>) => number
}

export type OwnDefinition =
  | LayerDefinition
  | LossDefinition
  | MetricDefinition
  | PreprocessDefinition
  | AugmentDefinition
  | ScheduleDefinition

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const decoder =
  (schema: OptionsSchema | undefined) =>
  (options: unknown): DecodedOptions => {
    const decode = Schema.decodeUnknownResult(schema ?? Schema.Struct({}), {
      errors: "all",
      onExcessProperty: "error",
    })
    const decoded = decode(options)
    if (Result.isSuccess(decoded)) return { options: decoded.success }
    return {
      problems: format(decoded.failure.issue).issues.map(({ message, path = [] }) => ({
        message,
        path: path.map((part) => (typeof part === "object" ? part.key : part)),
      })),
    }
  }

/** A definition as it is written is one of any options as it is called: its own schema has decoded them. */
const define = <D extends Definition<OwnKind, object>>(
  ownCode: OwnKind,
  options: OptionsSchema | undefined,
  functions: object,
) => ({ ownCode, decode: decoder(options), ...functions }) as unknown as D

/** An optional option with a default. */
export const withDefault = <S extends Schema.Constraint>(schema: S, value: S["Encoded"]) =>
  Schema.withDecodingDefaultKey<S>(Effect.succeed(value))(schema)

type None = Schema.Struct<{}>

/** A layer: `call` gives the output [batch, ...] for the inputs and the weights. */
export const defineLayer = <
  S extends OptionsSchema = None,
  W extends string = never,
  N extends string = never,
>(definition: {
  /** The schema of the options. Default: no options. */
  readonly options?: S
  /** The weights by name, for inputs of these shapes. Default: none. */
  readonly weights?: (options: S["Type"], inputs: ReadonlyArray<Shape>) => Readonly<Record<W, Weight>>
  /** Dropout masks by name, for inputs of these shapes. Default: none. */
  readonly masks?: (options: S["Type"], inputs: ReadonlyArray<Shape>) => Readonly<Record<N, LayerMask>>
  readonly call: (given: LayerCall<S["Type"], W, N>) => tf.Tensor
}): LayerDefinition<S["Encoded"]> => {
  const { call, masks = () => ({}), options, weights = () => ({}) } = definition
  return define("layer", options, { call, masks, weights })
}

/** A loss: `call` gives the loss of each example [batch], or its mean []. */
export const defineLoss = <S extends OptionsSchema = None>(definition: {
  /** The schema of the options. Default: no options. */
  readonly options?: S
  readonly call: (given: LossCall<S["Type"]>) => tf.Tensor
  /** Class probabilities [batch, classes] of the outputs. Default: softmax. */
  readonly probabilities?: (given: Omit<LossCall<S["Type"]>, "labels">) => tf.Tensor
}): LossDefinition<S["Encoded"]> => {
  const { call, options, probabilities } = definition
  return define("loss", options, { call, probabilities })
}

/** A metric: `call` gives one number for the predictions of a split. */
export const defineMetric = <S extends OptionsSchema = None>(definition: {
  /** The schema of the options. Default: no options. */
  readonly options?: S
  readonly call: (given: MetricCall<S["Type"]>) => number
}): MetricDefinition<S["Encoded"]> => define("metric", definition.options, { call: definition.call })

/** Preprocessing: `call` gives an image of the same size, for every image of the dataset and every image to predict. */
export const definePreprocess = <S extends OptionsSchema = None>(definition: {
  /** The schema of the options. Default: no options. */
  readonly options?: S
  readonly call: (given: ImageCall<S["Type"], Uint8Array>) => Uint8Array
}): PreprocessDefinition<S["Encoded"]> => define("preprocess", definition.options, { call: definition.call })

/** Augmentation: `call` gives a changed image of the same size, for every image in training. */
export const defineAugment = <S extends OptionsSchema = None>(definition: {
  /** The schema of the options. Default: no options. */
  readonly options?: S
  readonly call: (given: AugmentCall<S["Type"]>) => Float32Array
}): AugmentDefinition<S["Encoded"]> => define("augment", definition.options, { call: definition.call })

/** A learning rate schedule: `call` gives the learning rate of an iteration. */
export const defineSchedule = <S extends OptionsSchema = None>(definition: {
  /** The schema of the options. Default: no options. */
  readonly options?: S
  readonly call: (given: ScheduleCall<S["Type"]>) => number
}): ScheduleDefinition<S["Encoded"]> => define("schedule", definition.options, { call: definition.call })
