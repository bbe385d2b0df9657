/**
 * The network of an experiment: a list of layers, named and parameterized as TensorFlow.js's tf.layers. Each takes the one
 * before, or what it names as its inputs.
 *
 * (user's value) -> decoded value with every default filled in. Sizes given as one number become pairs, so a decoded
 * model states everything that decides the arithmetic.
 */
import { Schema, SchemaGetter } from "effect"
import { withDefault } from "./withDefault.ts"

export const PositiveInt = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
export const PositiveFinite = Schema.Finite.check(Schema.isGreaterThan(0))
/** A share of something: 0 included, 1 excluded. */
export const Fraction = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0), Schema.isLessThan(1))

/** [height, width] in pixels; one number means a square. */
const Size = Schema.Union([PositiveInt, Schema.Tuple([PositiveInt, PositiveInt])]).pipe(
  Schema.decodeTo(Schema.Tuple([PositiveInt, PositiveInt]), {
    decode: SchemaGetter.transform((size) => (typeof size === "number" ? ([size, size] as const) : size)),
    encode: SchemaGetter.transform((size) => size),
  }),
)

/** TensorFlow's depthwise convolutions step as far down as to the right. */
const EqualSize = Size.check(
  Schema.makeFilter(([height, width]: readonly [number, number]) => height === width, {
    message: "a depthwise convolution has the same stride down as to the right",
  }),
)

/**
 * Initial weights. Fans as in Keras: for a dense kernel [inputs, units]; for a convolution's, times the receptive field.
 * Truncated normal draws are redrawn beyond two standard deviations, as in TensorFlow.
 */
export const Initializer = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("zeros") }),
  Schema.Struct({ kind: Schema.Literal("ones") }),
  Schema.Struct({ kind: Schema.Literal("constant"), value: Schema.Finite }),
  Schema.Struct({
    kind: Schema.Literal("truncatedNormal"),
    mean: withDefault(Schema.Finite, 0),
    stddev: withDefault(PositiveFinite, 0.05),
  }),
  Schema.Struct({
    kind: Schema.Literal("randomNormal"),
    mean: withDefault(Schema.Finite, 0),
    stddev: withDefault(PositiveFinite, 0.05),
  }),
  Schema.Struct({
    kind: Schema.Literal("randomUniform"),
    minval: withDefault(Schema.Finite, -0.05),
    maxval: withDefault(Schema.Finite, 0.05),
  }),
  Schema.Struct({ kind: Schema.Literal("glorotUniform") }),
  Schema.Struct({ kind: Schema.Literal("glorotNormal") }),
  Schema.Struct({ kind: Schema.Literal("heUniform") }),
  Schema.Struct({ kind: Schema.Literal("heNormal") }),
])
export type Initializer = typeof Initializer.Type

/** As in TensorFlow.js; swish is also known as SiLU, and gelu is the exact one, with the error function. */
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

/** What a kernel w adds to the loss that is minimized, as `tf.regularizers`: Σ (l1·|w| + l2·w²). */
export const Regularizer = Schema.Struct({
  l1: withDefault(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)), 0),
  l2: withDefault(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)), 0),
})
export type Regularizer = typeof Regularizer.Type

const Padding = Schema.Literals(["valid", "same"])

const layerName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, {
    message: "a layer's name is a letter followed by at most 63 letters, digits, _ or -",
  }),
)
/** A layer's own name; without one it is the kind and its number in the network, as `conv2d_1`. */
const name = Schema.optionalKey(layerName)

const node = {
  name,
  /** What it takes: an earlier layer by its name, or "images". Without it, the layer before. */
  inputs: Schema.optionalKey(
    Schema.Array(layerName).check(
      Schema.isBetweenLength(1, 1, {
        message: "it takes one layer: join several with layers.add or layers.concatenate",
      }),
    ),
  ),
}
const merge = {
  name,
  /** What it joins: two or more earlier layers by their names, or "images". */
  inputs: Schema.Array(layerName).check(
    Schema.isMinLength(2, { message: "it joins two or more: name earlier layers" }),
  ),
}

const kernel = {
  activation: withDefault(Activation, "linear"),
  useBias: withDefault(Schema.Boolean, true),
  kernelInitializer: withDefault(Initializer, { kind: "glorotUniform" }),
  biasInitializer: withDefault(Initializer, { kind: "zeros" }),
  kernelRegularizer: Schema.optionalKey(Regularizer),
}

const depthwise = {
  kernelSize: Size,
  strides: withDefault(EqualSize, 1),
  padding: withDefault(Padding, "valid"),
  depthMultiplier: withDefault(PositiveInt, 1),
  activation: withDefault(Activation, "linear"),
  useBias: withDefault(Schema.Boolean, true),
  depthwiseInitializer: withDefault(Initializer, { kind: "glorotUniform" }),
  depthwiseRegularizer: Schema.optionalKey(Regularizer),
  biasInitializer: withDefault(Initializer, { kind: "zeros" }),
}

const pooling = {
  poolSize: withDefault(Size, 2),
  /** Distance between windows; without it, the pool's size. */
  strides: Schema.optionalKey(Size),
  padding: withDefault(Padding, "valid"),
}

/** [batch, height, width, channels] -> [batch, height', width', filters] */
const Conv2d = Schema.Struct({
  kind: Schema.Literal("conv2d"),
  ...node,
  filters: PositiveInt,
  kernelSize: Size,
  strides: withDefault(Size, 1),
  padding: withDefault(Padding, "valid"),
  ...kernel,
})
/** Each channel by itself, with `depthMultiplier` filters: [batch, height, width, channels] -> [.., channels · multiplier] */
const DepthwiseConv2d = Schema.Struct({
  kind: Schema.Literal("depthwiseConv2d"),
  ...node,
  ...depthwise,
})
/** A depthwise convolution, then a convolution of 1×1 that mixes the channels into `filters`. */
const SeparableConv2d = Schema.Struct({
  kind: Schema.Literal("separableConv2d"),
  ...node,
  filters: PositiveInt,
  ...depthwise,
  pointwiseInitializer: withDefault(Initializer, { kind: "glorotUniform" }),
  pointwiseRegularizer: Schema.optionalKey(Regularizer),
})
const MaxPooling2d = Schema.Struct({ kind: Schema.Literal("maxPooling2d"), ...node, ...pooling })
const AveragePooling2d = Schema.Struct({ kind: Schema.Literal("averagePooling2d"), ...node, ...pooling })
const GlobalAveragePooling2d = Schema.Struct({ kind: Schema.Literal("globalAveragePooling2d"), ...node })
const GlobalMaxPooling2d = Schema.Struct({ kind: Schema.Literal("globalMaxPooling2d"), ...node })
const Flatten = Schema.Struct({ kind: Schema.Literal("flatten"), ...node })
/** [batch, inputs] -> [batch, units] */
const Dense = Schema.Struct({ kind: Schema.Literal("dense"), ...node, units: PositiveInt, ...kernel })
/** Sets a share `rate` of the values to 0 and scales the rest by 1/(1-rate), while training only. */
const Dropout = Schema.Struct({ kind: Schema.Literal("dropout"), ...node, rate: Fraction })
/** Over the last axis; moving statistics with `momentum`, as in Keras. */
const BatchNormalization = Schema.Struct({
  kind: Schema.Literal("batchNormalization"),
  ...node,
  momentum: withDefault(Fraction, 0.99),
  epsilon: withDefault(PositiveFinite, 1e-3),
  center: withDefault(Schema.Boolean, true),
  scale: withDefault(Schema.Boolean, true),
})
/** Of every example by itself, over the last axis. */
const LayerNormalization = Schema.Struct({
  kind: Schema.Literal("layerNormalization"),
  ...node,
  epsilon: withDefault(PositiveFinite, 1e-3),
  center: withDefault(Schema.Boolean, true),
  scale: withDefault(Schema.Boolean, true),
})
const ActivationLayer = Schema.Struct({ kind: Schema.Literal("activation"), ...node, activation: Activation })
const LeakyReLU = Schema.Struct({
  kind: Schema.Literal("leakyReLU"),
  ...node,
  alpha: withDefault(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)), 0.3),
})
/**
 * Below 0 a slope is learned, one for every element, or one for all along the shared axes: of images, numbered as
 * [batch 0, height 1, width 2, channels 3].
 */
const PReLU = Schema.Struct({
  kind: Schema.Literal("prelu"),
  ...node,
  alphaInitializer: withDefault(Initializer, { kind: "zeros" }),
  sharedAxes: Schema.optionalKey(Schema.Array(PositiveInt)),
})
/** The sum of images of one shape, element by element. */
const Add = Schema.Struct({ kind: Schema.Literal("add"), ...merge })
/** Along the last axis: of images, the channels of one behind those of the other. */
const Concatenate = Schema.Struct({ kind: Schema.Literal("concatenate"), ...merge })

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
])
export type Layer = typeof Layer.Type

/**
 * The layers in an order in which data flows: what a layer takes stands before it, so the graph has no circle. The last
 * one's output is one value a class.
 */
export const Model = Schema.Array(Layer).check(
  Schema.isMinLength(1, { message: "a model has at least one layer" }),
)
export type Model = typeof Model.Type

type Options<S extends { readonly Encoded: { readonly kind: string } }> = Omit<S["Encoded"], "kind">

/** One function a layer, as `tf.layers` has: plain values, checked when the experiment is decoded. */
export const layers = {
  conv2d: (options: Options<typeof Conv2d>) => ({ kind: "conv2d", ...options }) as const,
  depthwiseConv2d: (options: Options<typeof DepthwiseConv2d>) =>
    ({ kind: "depthwiseConv2d", ...options }) as const,
  separableConv2d: (options: Options<typeof SeparableConv2d>) =>
    ({ kind: "separableConv2d", ...options }) as const,
  maxPooling2d: (options: Options<typeof MaxPooling2d> = {}) =>
    ({ kind: "maxPooling2d", ...options }) as const,
  averagePooling2d: (options: Options<typeof AveragePooling2d> = {}) =>
    ({ kind: "averagePooling2d", ...options }) as const,
  globalAveragePooling2d: (options: Options<typeof GlobalAveragePooling2d> = {}) =>
    ({ kind: "globalAveragePooling2d", ...options }) as const,
  globalMaxPooling2d: (options: Options<typeof GlobalMaxPooling2d> = {}) =>
    ({ kind: "globalMaxPooling2d", ...options }) as const,
  flatten: (options: Options<typeof Flatten> = {}) => ({ kind: "flatten", ...options }) as const,
  dense: (options: Options<typeof Dense>) => ({ kind: "dense", ...options }) as const,
  dropout: (options: Options<typeof Dropout>) => ({ kind: "dropout", ...options }) as const,
  batchNormalization: (options: Options<typeof BatchNormalization> = {}) =>
    ({ kind: "batchNormalization", ...options }) as const,
  layerNormalization: (options: Options<typeof LayerNormalization> = {}) =>
    ({ kind: "layerNormalization", ...options }) as const,
  activation: (options: Options<typeof ActivationLayer>) => ({ kind: "activation", ...options }) as const,
  leakyReLU: (options: Options<typeof LeakyReLU> = {}) => ({ kind: "leakyReLU", ...options }) as const,
  add: (options: Options<typeof Add>) => ({ kind: "add", ...options }) as const,
  concatenate: (options: Options<typeof Concatenate>) => ({ kind: "concatenate", ...options }) as const,
  prelu: (options: Options<typeof PReLU> = {}) => ({ kind: "prelu", ...options }) as const,
}

/** Initial weights by their names in `tf.initializers`. */
export const initializers = {
  zeros: { kind: "zeros" },
  ones: { kind: "ones" },
  constant: (value: number) => ({ kind: "constant", value }) as const,
  truncatedNormal: (options: { readonly mean?: number; readonly stddev?: number } = {}) =>
    ({ kind: "truncatedNormal", ...options }) as const,
  randomNormal: (options: { readonly mean?: number; readonly stddev?: number } = {}) =>
    ({ kind: "randomNormal", ...options }) as const,
  randomUniform: (options: { readonly minval?: number; readonly maxval?: number } = {}) =>
    ({ kind: "randomUniform", ...options }) as const,
  glorotUniform: { kind: "glorotUniform" },
  glorotNormal: { kind: "glorotNormal" },
  heUniform: { kind: "heUniform" },
  heNormal: { kind: "heNormal" },
} as const

/** Penalties on kernels by their names in `tf.regularizers`, and with its defaults. */
export const regularizers = {
  l1: ({ l1 = 0.01 }: { readonly l1?: number } = {}) => ({ l1 }),
  l2: ({ l2 = 0.01 }: { readonly l2?: number } = {}) => ({ l2 }),
  l1l2: ({ l1 = 0.01, l2 = 0.01 }: { readonly l1?: number; readonly l2?: number } = {}) => ({ l1, l2 }),
} as const
