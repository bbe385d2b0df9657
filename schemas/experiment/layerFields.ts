/** The fields that several kinds of layers share: sizes, inputs, weights, windows. A size given as one number becomes a pair. */
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import { NonNegativeInt, PositiveFinite, PositiveInt } from "./numbers.ts"
import { Initializer, Regularizer } from "./weights.ts"
import { withDefault } from "./withDefault.ts"

/** [height, width] in pixels. One number means a square. */
export const Size = Schema.Union([PositiveInt, Schema.Tuple([PositiveInt, PositiveInt])]).pipe(
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

export const layerName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, {
    message: "a layer's name is a letter followed by at most 63 letters, digits, _ or -",
  }),
)

export const common = {
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

export const merge = {
  name: common.name,
  /** Two or more earlier layers to join, by their names, or "images". */
  inputs: Schema.Array(layerName).check(
    Schema.isMinLength(2, { message: "this layer joins two or more layers; name earlier layers" }),
  ),
}

const bias = {
  /** Whether to add a bias. Default: true. */
  useBias: withDefault(Schema.Boolean, true),
  /** Initial bias. Default: zeros. */
  biasInitializer: withDefault(Initializer, { kind: "zeros" }),
}

const output = {
  /** Applied to the output. Default: linear. */
  activation: withDefault(Activation, "linear"),
  ...bias,
}

/** Kernels and biases, without an activation. */
export const projection = {
  ...bias,
  /** Initial kernel. Default: glorotUniform. */
  kernelInitializer: withDefault(Initializer, { kind: "glorotUniform" }),
  /** Penalty on the kernel. Default: none. */
  kernelRegularizer: Schema.optionalKey(Regularizer),
}

export const kernel = { ...output, ...projection }

export const convolution = {
  /** [height, width] of a filter in pixels. One number means a square. */
  kernelSize: Size,
  /**
   * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
   * valid.
   */
  padding: withDefault(Padding, "valid"),
}

export const depthwise = {
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

export const pooling = {
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

const Pair = Schema.Tuple([NonNegativeInt, NonNegativeInt])

/** Rows above and below, columns left and right. One number means all four, two numbers mean rows and columns. */
export const Margins = Schema.Union([NonNegativeInt, Pair, Schema.Tuple([Pair, Pair])]).pipe(
  Schema.decodeTo(Schema.Tuple([Pair, Pair]), {
    decode: SchemaGetter.transform((margins) => {
      const [rows, columns] = typeof margins === "number" ? [margins, margins] : margins
      const both = (size: typeof rows) => (typeof size === "number" ? ([size, size] as const) : size)
      return [both(rows), both(columns)] as const
    }),
    encode: SchemaGetter.transform((margins) => margins),
  }),
)

export const normalization = {
  /** Added to the variance. Default: 0.001. */
  epsilon: withDefault(PositiveFinite, 1e-3),
  /** Whether to learn an offset. Default: true. */
  center: withDefault(Schema.Boolean, true),
  /** Whether to learn a factor. Default: true. */
  scale: withDefault(Schema.Boolean, true),
}
