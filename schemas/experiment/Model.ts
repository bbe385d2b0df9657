/**
 * The network of an experiment: a list of layers with the names and parameters of `tf.layers`.
 *
 * (user's value) -> decoded value with every default. A size given as one number becomes a pair, so a decoded model holds
 * everything that affects the arithmetic. Shapes are without the batch.
 */
import * as Schema from "effect/Schema"
import { Embedding, PositionEmbedding } from "./embeddings.ts"
import { type OwnReference, refer, reference, type WithOptions } from "./OwnCode.ts"
import {
  Activation,
  common,
  convolution,
  depthwise,
  kernel,
  layerName,
  Margins,
  merge,
  normalization,
  pooling,
  projection,
  Size,
} from "./layerFields.ts"
import { Fraction, NonNegativeFinite, PositiveInt } from "./numbers.ts"
import { Initializer, Regularizer } from "./weights.ts"
import { withDefault } from "./withDefault.ts"
import { named } from "./named.ts"

const Conv2d = Schema.Struct({
  kind: Schema.Literal("conv2d"),
  ...common,
  /** Output channels. */
  filters: PositiveInt,
  ...convolution,
  /** Distance between windows: [vertical, horizontal], or one number for both. Default: 1. */
  strides: withDefault(Size, 1),
  ...kernel,
})
const DepthwiseConv2d = Schema.Struct({ kind: Schema.Literal("depthwiseConv2d"), ...common, ...depthwise })
const SeparableConv2d = Schema.Struct({
  kind: Schema.Literal("separableConv2d"),
  ...common,
  /** Output channels. */
  filters: PositiveInt,
  ...depthwise,
  /** Initial kernel of the 1×1 convolution. Default: glorotUniform. */
  pointwiseInitializer: withDefault(Initializer, { kind: "glorotUniform" }),
  /** Penalty on the kernel of the 1×1 convolution. Default: none. */
  pointwiseRegularizer: Schema.optionalKey(Regularizer),
})
const MaxPooling2d = Schema.Struct({ kind: Schema.Literal("maxPooling2d"), ...common, ...pooling })
const AveragePooling2d = Schema.Struct({ kind: Schema.Literal("averagePooling2d"), ...common, ...pooling })
const GlobalAveragePooling2d = Schema.Struct({ kind: Schema.Literal("globalAveragePooling2d"), ...common })
const GlobalMaxPooling2d = Schema.Struct({ kind: Schema.Literal("globalMaxPooling2d"), ...common })
const ZeroPadding2d = Schema.Struct({
  kind: Schema.Literal("zeroPadding2d"),
  ...common,
  /**
   * Rows and columns to add: [[above, below], [left, right]], or [above and below, left and right], or one number for all four.
   * Default: 1.
   */
  padding: withDefault(Margins, 1),
})
const UpSampling2d = Schema.Struct({
  kind: Schema.Literal("upSampling2d"),
  ...common,
  /** How many times as high and as wide: [height, width], or one number for both. Default: 2. */
  size: withDefault(Size, 2),
  /**
   * `nearest` repeats pixels, `bilinear` interpolates between them without half-pixel centers, as TensorFlow.js does. Keras has
   * half-pixel centers and gives other values. Default: nearest.
   */
  interpolation: withDefault(Schema.Literals(["nearest", "bilinear"]), "nearest"),
})
const Flatten = Schema.Struct({ kind: Schema.Literal("flatten"), ...common })
const Dense = Schema.Struct({
  kind: Schema.Literal("dense"),
  ...common,
  /** Outputs. */
  units: PositiveInt,
  ...kernel,
})
const Dropout = Schema.Struct({
  kind: Schema.Literal("dropout"),
  ...common,
  /** Share of the values to drop, at least 0 and below 1. */
  rate: Fraction,
})
const SpatialDropout2d = Schema.Struct({
  kind: Schema.Literal("spatialDropout2d"),
  ...common,
  /** Share of the channels to drop, at least 0 and below 1. */
  rate: Fraction,
})
const BatchNormalization = Schema.Struct({
  kind: Schema.Literal("batchNormalization"),
  ...common,
  /** Share of the moving statistics that an update keeps. Default: 0.99. */
  momentum: withDefault(Fraction, 0.99),
  ...normalization,
})
const LayerNormalization = Schema.Struct({
  kind: Schema.Literal("layerNormalization"),
  ...common,
  ...normalization,
})
const GroupNormalization = Schema.Struct({
  kind: Schema.Literal("groupNormalization"),
  ...common,
  /** Groups of channels, a divisor of their number. -1 means that each channel is a group. Default: 32. */
  groups: withDefault(Schema.Union([PositiveInt, Schema.Literal(-1)]), 32),
  ...normalization,
})
const MultiHeadAttention = Schema.Struct({
  kind: Schema.Literal("multiHeadAttention"),
  name: common.name,
  /**
   * The earlier layers to read, by their names, or "images": the query, then the value, then the key. Without a key it is the
   * value, without a value it is the query. Default: the previous layer.
   */
  inputs: Schema.optionalKey(
    Schema.Array(layerName).check(
      Schema.isBetweenLength(1, 3, {
        message: "attention reads one to three layers: a query, a value and a key",
      }),
    ),
  ),
  /** Attention heads. */
  numHeads: PositiveInt,
  /** Size of each head for query and key. */
  keyDim: PositiveInt,
  /** Size of each head for value. Default: keyDim. */
  valueDim: Schema.optionalKey(PositiveInt),
  /** Share of the attention scores to drop in training, at least 0 and below 1. Default: 0. */
  dropout: withDefault(Fraction, 0),
  ...projection,
})
const ActivationLayer = Schema.Struct({
  kind: Schema.Literal("activation"),
  ...common,
  activation: Activation,
})
const LeakyReLU = Schema.Struct({
  kind: Schema.Literal("leakyReLU"),
  ...common,
  /** Slope below 0. Default: 0.3. */
  alpha: withDefault(NonNegativeFinite, 0.3),
})
const PReLU = Schema.Struct({
  kind: Schema.Literal("prelu"),
  ...common,
  /** Initial slope below 0. Default: zeros. */
  alphaInitializer: withDefault(Initializer, { kind: "zeros" }),
  /** Axes along which one slope is shared: 1 is height, 2 width, 3 channels. Default: none, so each element has a slope. */
  sharedAxes: Schema.optionalKey(Schema.Array(PositiveInt)),
})
const Add = Schema.Struct({ kind: Schema.Literal("add"), ...merge })
const Concatenate = Schema.Struct({ kind: Schema.Literal("concatenate"), ...merge })

const Custom = Schema.Struct({
  ...reference,
  name: common.name,
  /** The earlier layers to read, by their names, or "images". Default: the previous layer. */
  inputs: Schema.optionalKey(
    Schema.Array(layerName).check(
      Schema.isMinLength(1, { message: "a layer reads one layer or more; name earlier layers" }),
    ),
  ),
})

export const Layer = Schema.Union([
  Conv2d,
  DepthwiseConv2d,
  SeparableConv2d,
  MaxPooling2d,
  AveragePooling2d,
  GlobalAveragePooling2d,
  GlobalMaxPooling2d,
  ZeroPadding2d,
  UpSampling2d,
  Flatten,
  Dense,
  Dropout,
  SpatialDropout2d,
  BatchNormalization,
  LayerNormalization,
  GroupNormalization,
  Embedding,
  PositionEmbedding,
  MultiHeadAttention,
  ActivationLayer,
  LeakyReLU,
  PReLU,
  Add,
  Concatenate,
  Custom,
])
export type Layer = typeof Layer.Type

/** With 500 layers an engine is ready after half a minute; the time grows with their square. */
const mostLayers = 500

/**
 * The layers, at most 500. A layer reads the previous layer or earlier ones, so the graph has no cycle. The last one has one
 * output a class.
 */
export const Model = Schema.Array(Layer).check(
  Schema.isMinLength(1, { message: "a model has at least one layer" }),
  Schema.isMaxLength(mostLayers, { message: `a model has at most ${mostLayers} layers` }),
)
export type Model = typeof Model.Type

type Options<S extends { readonly Encoded: { readonly kind: string } }> = Omit<S["Encoded"], "kind">

/**
 * The layers of a model, by their names in `tf.layers`. They are plain values, which are checked when the experiment
 * is run.
 */
export const layers = {
  /** Convolution: [height, width, channels] -> [height', width', filters]. */
  conv2d: (options: Options<typeof Conv2d>) => ({ kind: "conv2d", ...named(options) }) as const,
  /** Convolution of each channel separately: [height, width, channels] -> [height', width', channels · depthMultiplier]. */
  depthwiseConv2d: (options: Options<typeof DepthwiseConv2d>) =>
    ({ kind: "depthwiseConv2d", ...named(options) }) as const,
  /** Depthwise convolution, then a 1×1 convolution: [height, width, channels] -> [height', width', filters]. */
  separableConv2d: (options: Options<typeof SeparableConv2d>) =>
    ({ kind: "separableConv2d", ...named(options) }) as const,
  /** Maximum of each window: [height, width, channels] -> [height', width', channels]. */
  maxPooling2d: (options: Options<typeof MaxPooling2d> = {}) =>
    ({ kind: "maxPooling2d", ...named(options) }) as const,
  /** Mean of each window: [height, width, channels] -> [height', width', channels]. */
  averagePooling2d: (options: Options<typeof AveragePooling2d> = {}) =>
    ({ kind: "averagePooling2d", ...named(options) }) as const,
  /** Mean of each channel: [height, width, channels] -> [channels]. */
  globalAveragePooling2d: (options: Options<typeof GlobalAveragePooling2d> = {}) =>
    ({ kind: "globalAveragePooling2d", ...named(options) }) as const,
  /** Maximum of each channel: [height, width, channels] -> [channels]. */
  globalMaxPooling2d: (options: Options<typeof GlobalMaxPooling2d> = {}) =>
    ({ kind: "globalMaxPooling2d", ...named(options) }) as const,
  /** Adds zeros around images: [height, width, channels] -> [height + rows, width + columns, channels]. */
  zeroPadding2d: (options: Options<typeof ZeroPadding2d> = {}) =>
    ({ kind: "zeroPadding2d", ...named(options) }) as const,
  /** Enlarges images: [height, width, channels] -> [height · size, width · size, channels]. */
  upSampling2d: (options: Options<typeof UpSampling2d> = {}) =>
    ({ kind: "upSampling2d", ...named(options) }) as const,
  /** The same values as a vector: [height, width, channels] -> [height · width · channels]. */
  flatten: (options: Options<typeof Flatten> = {}) => ({ kind: "flatten", ...named(options) }) as const,
  /** Fully connected layer: [inputs] -> [units]. */
  dense: (options: Options<typeof Dense>) => ({ kind: "dense", ...named(options) }) as const,
  /** In training sets the share `rate` of the values to 0 and multiplies the others by 1 / (1 - rate). */
  dropout: (options: Options<typeof Dropout>) => ({ kind: "dropout", ...named(options) }) as const,
  /** Dropout of whole channels of images. */
  spatialDropout2d: (options: Options<typeof SpatialDropout2d>) =>
    ({ kind: "spatialDropout2d", ...named(options) }) as const,
  /** Normalizes over the batch, for each index of the last axis. In prediction uses moving statistics. */
  batchNormalization: (options: Options<typeof BatchNormalization> = {}) =>
    ({ kind: "batchNormalization", ...named(options) }) as const,
  /** Normalizes each example over the last axis. */
  layerNormalization: (options: Options<typeof LayerNormalization> = {}) =>
    ({ kind: "layerNormalization", ...named(options) }) as const,
  /** Normalizes each example over all positions and the channels of a group: Wu and He (2018). */
  groupNormalization: (options: Options<typeof GroupNormalization> = {}) =>
    ({ kind: "groupNormalization", ...named(options) }) as const,
  /**
   * A learned vector for each level of the pixel values of the images: [height, width, channels] ->
   * [height, width, channels · outputDim].
   */
  embedding: (options: Options<typeof Embedding>) => ({ kind: "embedding", ...named(options) }) as const,
  /** Adds a learned value to each element, such as to the tokens that attention reads. */
  positionEmbedding: (options: Options<typeof PositionEmbedding> = {}) =>
    ({ kind: "positionEmbedding", ...named(options) }) as const,
  /** Attention between all positions of images or of [positions, values], with several heads: Vaswani et al. (2017). */
  multiHeadAttention: (options: Options<typeof MultiHeadAttention>) =>
    ({ kind: "multiHeadAttention", ...named(options) }) as const,
  /** An activation function. */
  activation: (options: Options<typeof ActivationLayer>) =>
    ({ kind: "activation", ...named(options) }) as const,
  /** x for x ≥ 0, alpha · x below. */
  leakyReLU: (options: Options<typeof LeakyReLU> = {}) => ({ kind: "leakyReLU", ...named(options) }) as const,
  /** Sum of its inputs, which have the same shape. */
  add: (options: Options<typeof Add>) => ({ kind: "add", ...named(options) }) as const,
  /** Joins its inputs along the last axis: the channels of images. */
  concatenate: (options: Options<typeof Concatenate>) =>
    ({ kind: "concatenate", ...named(options) }) as const,
  /** x for x ≥ 0, a learned slope · x below. */
  prelu: (options: Options<typeof PReLU> = {}) => ({ kind: "prelu", ...named(options) }) as const,
  /** A layer of your own, by its module and export: see own code. `D`: the type of its definition. */
  custom: <D extends WithOptions = WithOptions>(
    given: OwnReference<D> & { readonly name?: string; readonly inputs?: ReadonlyArray<string> },
  ) => {
    const { inputs, name } = given
    return {
      ...refer(given),
      ...(name === undefined ? {} : { name }),
      ...(inputs === undefined ? {} : { inputs }),
    }
  },
}
