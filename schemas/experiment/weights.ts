/**
 * Initial weights and penalties on kernels, with the names and parameters of `tf.initializers` and `tf.regularizers`.
 */
import * as Schema from "effect/Schema"
import { NonNegativeFinite, PositiveFinite } from "./numbers.ts"
import { withDefault } from "./withDefault.ts"
import { named } from "./named.ts"

const normal = {
  /** Default: 0. */
  mean: withDefault(Schema.Finite, 0),
  /** Standard deviation. Default: 0.05. */
  stddev: withDefault(PositiveFinite, 0.05),
}

/**
 * How weights are initialized. Fans are those of Keras: the inputs and units of a dense kernel; for a convolution, its input
 * and output channels times the size of the kernel.
 */
export const Initializer = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("zeros") }),
  Schema.Struct({ kind: Schema.Literal("ones") }),
  Schema.Struct({ kind: Schema.Literal("constant"), value: Schema.Finite }),
  /** Draws beyond two standard deviations are replaced, as in TensorFlow. */
  Schema.Struct({ kind: Schema.Literal("truncatedNormal"), ...normal }),
  Schema.Struct({ kind: Schema.Literal("randomNormal"), ...normal }),
  Schema.Struct({
    kind: Schema.Literal("randomUniform"),
    /** Least value. Default: -0.05. */
    minval: withDefault(Schema.Finite, -0.05),
    /** Greatest value. Default: 0.05. */
    maxval: withDefault(Schema.Finite, 0.05),
  }),
  /** Variance 2 / (fan in + fan out). */
  Schema.Struct({ kind: Schema.Literal("glorotUniform") }),
  Schema.Struct({ kind: Schema.Literal("glorotNormal") }),
  /** Variance 2 / fan in. */
  Schema.Struct({ kind: Schema.Literal("heUniform") }),
  Schema.Struct({ kind: Schema.Literal("heNormal") }),
])
export type Initializer = typeof Initializer.Type

/** A penalty on a kernel w, which is added to the training loss: Σ (l1·|w| + l2·w²). */
export const Regularizer = Schema.Struct({
  /** Factor of the absolute values. Default: 0. */
  l1: withDefault(NonNegativeFinite, 0),
  /** Factor of the squares. Default: 0. */
  l2: withDefault(NonNegativeFinite, 0),
})
export type Regularizer = typeof Regularizer.Type

/** Initial weights, such as `initializers.heNormal` or `initializers.truncatedNormal({ stddev: 0.1 })`. */
export const initializers = {
  zeros: { kind: "zeros" },
  ones: { kind: "ones" },
  /** The same value for every weight. */
  constant: (value: number) => ({ kind: "constant", value }) as const,
  /** Normal, with draws beyond two standard deviations replaced. Defaults: mean 0, stddev 0.05. */
  truncatedNormal: (options: { readonly mean?: number; readonly stddev?: number } = {}) =>
    ({ kind: "truncatedNormal", ...named(options) }) as const,
  /** Normal. Defaults: mean 0, stddev 0.05. */
  randomNormal: (options: { readonly mean?: number; readonly stddev?: number } = {}) =>
    ({ kind: "randomNormal", ...named(options) }) as const,
  /** Uniform from minval to maxval. Defaults: -0.05 and 0.05. */
  randomUniform: (options: { readonly minval?: number; readonly maxval?: number } = {}) =>
    ({ kind: "randomUniform", ...named(options) }) as const,
  /** Uniform with variance 2 / (fan in + fan out): Glorot and Bengio (2010). */
  glorotUniform: { kind: "glorotUniform" },
  /** Truncated normal with variance 2 / (fan in + fan out): Glorot and Bengio (2010). */
  glorotNormal: { kind: "glorotNormal" },
  /** Uniform with variance 2 / fan in: He et al. (2015). */
  heUniform: { kind: "heUniform" },
  /** Truncated normal with variance 2 / fan in: He et al. (2015). */
  heNormal: { kind: "heNormal" },
} as const

/** Penalties on kernels, such as `regularizers.l2({ l2: 1e-4 })`. Every factor is 0.01 by default. */
export const regularizers = {
  /** l1·Σ|w| */
  l1: ({ l1 = 0.01 }: { readonly l1?: number } = {}) => ({ l1 }),
  /** l2·Σw² */
  l2: ({ l2 = 0.01 }: { readonly l2?: number } = {}) => ({ l2 }),
  /** l1·Σ|w| + l2·Σw² */
  l1l2: ({ l1 = 0.01, l2 = 0.01 }: { readonly l1?: number; readonly l2?: number } = {}) => ({ l1, l2 }),
} as const
