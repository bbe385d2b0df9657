/**
 * The network of an experiment: a list of layers with the names and parameters of `tf.layers`.
 *
 * (user's value) -> decoded value with every default. A size given as one number becomes a pair, so a decoded model holds
 * everything that affects the arithmetic. Shapes are without the batch.
 */
import { Schema, SchemaGetter } from "effect"
import { type OwnReference, refer, reference, type WithOptions } from "./OwnCode.ts"
import { Fraction, NonNegativeFinite, PositiveFinite, PositiveInt } from "./numbers.ts"
import { Initializer, Regularizer } from "./weights.ts"
import { withDefault } from "./withDefault.ts"
import { named } from "./named.ts"

/** [height, width] in pixels. One number means a square. */
const Size = Schema.Union([PositiveInt, Schema.Tuple([PositiveInt, PositiveInt])]).pipe(
  Schema.decodeTo(Schema.Tuple([PositiveInt, PositiveInt]), {
    decode: SchemaGetter.transform((size) => (typeof size === "number" ? ([size, size] as const) : size)),
    encode: SchemaGetter.transform((size) => size),
  }),
)

/** TensorFlow has depthwise convolutions with equal strides only. */
const EqualSize = Size.check(
  Schema.makeFilter(([height, width]: readonly [number, number]) => height === width, {
    message: "a depthwise convolution has the same stride vertically and horizontally",
  }),
)

/** Activation functions of TensorFlow.js. `swish` is also known as SiLU. `gelu` is exact, with the error function. */
export const Activation = Schema.Literals([
  "linear",
  "relu",
  "sigmoid",
  "tanh",
  "softplus",
  "elu",
  "selu",
  "gelu",
  "swish",
])
export type Activation = typeof Activation.Type

const Padding = Schema.Literals(["valid", "same"])

const layerName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, {
    message: "a layer's name is a letter followed by at most 63 letters, digits, _ or -",
  }),
)

const common = {
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  name: Schema.optionalKey(layerName),
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  inputs: Schema.optionalKey(
    Schema.Array(layerName).check(
      Schema.isBetweenLength(1, 1, {
        message: "this layer reads one layer; join several with layers.add or layers.concatenate",
      }),
    ),
  ),
}

const merge = {
  name: common.name,
  /** Two or more earlier layers to join, by their names, or "images". */
  inputs: Schema.Array(layerName).check(
    Schema.isMinLength(2, { message: "this layer joins two or more layers; name earlier layers" }),
  ),
}

const output = {
  /** Applied to the output. Default: linear. */
  activation: withDefault(Activation, "linear"),
  /** Whether to add a bias. Default: true. */
  useBias: withDefault(Schema.Boolean, true),
  /** Initial bias. Default: zeros. */
  biasInitializer: withDefault(Initializer, { kind: "zeros" }),
}

const kernel = {
  ...output,
  /** Initial kernel. Default: glorotUniform. */
  kernelInitializer: withDefault(Initializer, { kind: "glorotUniform" }),
  /** Penalty on the kernel. Default: none. */
  kernelRegularizer: Schema.optionalKey(Regularizer),
}

const convolution = {
  /** [height, width] of a filter in pixels. One number means a square. */
  kernelSize: Size,
  /**
   * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
   * valid.
   */
  padding: withDefault(Padding, "valid"),
}

const depthwise = {
  ...convolution,
  ...output,
  /** Distance between windows, the same vertically and horizontally. Default: 1. */
  strides: withDefault(EqualSize, 1),
  /** Filters for each input channel. Default: 1. */
  depthMultiplier: withDefault(PositiveInt, 1),
  /** Initial depthwise kernel. Default: glorotUniform. */
  depthwiseInitializer: withDefault(Initializer, { kind: "glorotUniform" }),
  /** Penalty on the depthwise kernel. Default: none. */
  depthwiseRegularizer: Schema.optionalKey(Regularizer),
}

const pooling = {
  /** [height, width] of a window in pixels. One number means a square. Default: 2. */
  poolSize: withDefault(Size, 2),
  /** Distance between windows. Default: the pool size. */
  strides: Schema.optionalKey(Size),
  /**
   * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
   * valid.
   */
  padding: withDefault(Padding, "valid"),
}

const normalization = {
  /** Added to the variance. Default: 0.001. */
  epsilon: withDefault(PositiveFinite, 1e-3),
  /** Whether to learn an offset. Default: true. */
  center: withDefault(Schema.Boolean, true),
  /** Whether to learn a factor. Default: true. */
  scale: withDefault(Schema.Boolean, true),
}

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
  Flatten,
  Dense,
  Dropout,
  BatchNormalization,
  LayerNormalization,
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
  /** The same values as a vector: [height, width, channels] -> [height · width · channels]. */
  flatten: (options: Options<typeof Flatten> = {}) => ({ kind: "flatten", ...named(options) }) as const,
  /** Fully connected layer: [inputs] -> [units]. */
  dense: (options: Options<typeof Dense>) => ({ kind: "dense", ...named(options) }) as const,
  /** In training sets the share `rate` of the values to 0 and multiplies the others by 1 / (1 - rate). */
  dropout: (options: Options<typeof Dropout>) => ({ kind: "dropout", ...named(options) }) as const,
  /** Normalizes over the batch, for each index of the last axis. In prediction uses moving statistics. */
  batchNormalization: (options: Options<typeof BatchNormalization> = {}) =>
    ({ kind: "batchNormalization", ...named(options) }) as const,
  /** Normalizes each example over the last axis. */
  layerNormalization: (options: Options<typeof LayerNormalization> = {}) =>
    ({ kind: "layerNormalization", ...named(options) }) as const,
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
