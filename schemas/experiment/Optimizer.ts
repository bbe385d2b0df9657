/**
 * The optimizer and its learning rate: how weights are updated. `stages/model/optimizer.ts` has the formulas.
 *
 * The learning rate is a pure function of the iteration (`stages/train/learningRate.ts`) and is fed to every update, so a
 * checkpoint holds no state of it.
 */
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import { type OwnReference, refer, reference, type WithOptions } from "./OwnCode.ts"
import { Fraction, NonNegativeFinite, NonNegativeInt, PositiveFinite, PositiveInt } from "./numbers.ts"
import { withDefault } from "./withDefault.ts"
import { named } from "./named.ts"

/** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
const warmup = withDefault(NonNegativeInt, 0)

export const LearningRate = Schema.Union([
  Schema.Struct({
    kind: Schema.Literal("constant"),
    /** The learning rate. */
    value: PositiveFinite,
    /** Iterations of linear warm-up from 0. Default: 0. */
    warmup,
  }),
  Schema.Struct({
    kind: Schema.Literal("step"),
    /** The first learning rate. */
    value: PositiveFinite,
    /** Multiplies the learning rate every `every` iterations. */
    factor: PositiveFinite,
    /** Iterations between two changes. */
    every: PositiveInt,
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    warmup,
  }),
  Schema.Struct({
    kind: Schema.Literal("cosine"),
    /** The first learning rate. */
    value: PositiveFinite,
    /** The learning rate at the end of the budget. Default: 0. */
    final: withDefault(NonNegativeFinite, 0),
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    warmup,
  }),
  Schema.Struct({
    kind: Schema.Literal("oneCycle"),
    /** The highest learning rate. */
    peak: PositiveFinite,
    /** Share of the budget before the peak. Default: 0.3. */
    rise: withDefault(Fraction, 0.3),
    /** The first learning rate is peak / divisor. Default: 25. */
    divisor: withDefault(PositiveFinite, 25),
    /** The last learning rate is peak / finalDivisor. Default: 250,000. */
    finalDivisor: withDefault(PositiveFinite, 250_000),
  }),
  Schema.Struct(reference),
])
export type LearningRate = typeof LearningRate.Type

/** What a user writes: a schedule, or a number for a constant learning rate. */
const LearningRateInput = Schema.Union([PositiveFinite, LearningRate]).pipe(
  Schema.decodeTo(Schema.toType(LearningRate), {
    decode: SchemaGetter.transform((rate) =>
      typeof rate === "number" ? ({ kind: "constant", value: rate, warmup: 0 } as const) : rate,
    ),
    encode: SchemaGetter.transform((rate) => rate),
  }),
)

/** Gradient clipping in one of three ways: `clipvalue`, `clipnorm` and `global_clipnorm` in Keras. */
export const Clip = Schema.Union([
  Schema.Struct({
    /** Limits each element of the gradients to ± this value. */
    value: PositiveFinite,
  }),
  Schema.Struct({
    /** Limits the norm of the gradient of each variable. */
    norm: PositiveFinite,
  }),
  Schema.Struct({
    /** Limits the norm of all gradients together. */
    globalNorm: PositiveFinite,
  }),
])
export type Clip = typeof Clip.Type

const common = {
  /** A schedule, or a number for a constant learning rate. */
  learningRate: LearningRateInput,
  /** Gradient clipping. Default: none. */
  clip: Schema.optionalKey(Clip),
}

const moments = {
  /** Decay of the first moment. Default: 0.9. */
  beta1: withDefault(Fraction, 0.9),
  /** Decay of the second moment. Default: 0.999. */
  beta2: withDefault(Fraction, 0.999),
  /** Added to the denominator. Default: 1e-8. */
  epsilon: withDefault(PositiveFinite, 1e-8),
}

export const Optimizer = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("adam"), ...common, ...moments }),
  Schema.Struct({
    kind: Schema.Literal("adamw"),
    ...common,
    ...moments,
    /**
     * Each update shrinks kernels by the share learning rate · weightDecay; biases and normalization do not shrink.
     * Default: 0.01.
     */
    weightDecay: withDefault(NonNegativeFinite, 0.01),
  }),
  Schema.Struct({ kind: Schema.Literal("sgd"), ...common }),
  Schema.Struct({
    kind: Schema.Literal("momentum"),
    ...common,
    /** Share of the velocity that an update keeps. Default: 0.9. */
    momentum: withDefault(Fraction, 0.9),
    /** Nesterov's variant. Default: false. */
    nesterov: withDefault(Schema.Boolean, false),
  }),
  Schema.Struct({
    kind: Schema.Literal("rmsprop"),
    ...common,
    /** Decay of the mean square. Default: 0.9. */
    decay: withDefault(Fraction, 0.9),
    /** Share of the velocity that an update keeps. Default: 0. */
    momentum: withDefault(Fraction, 0),
    /** Added to the mean square. Default: 1e-7. */
    epsilon: withDefault(PositiveFinite, 1e-7),
  }),
])
export type Optimizer = typeof Optimizer.Type

type Options<K extends string> = Omit<
  Extract<(typeof Optimizer)["Encoded"], { readonly kind: K }>,
  "kind" | "learningRate"
> & {
  /** A schedule, such as `learningRates.cosine({ value: 0.003 })`, or a number for a constant learning rate. */
  readonly learningRate: number | (typeof LearningRate)["Encoded"]
}

const rate = (learningRate: number | (typeof LearningRate)["Encoded"]) =>
  typeof learningRate === "number" ? ({ kind: "constant", value: learningRate } as const) : learningRate

/** Optimizers, by their names in `tf.train`. */
export const optimizers = {
  /** Adam: Kingma and Ba (2015). */
  adam: (options: Options<"adam">) =>
    ({ kind: "adam", ...named(options), learningRate: rate(options.learningRate) }) as const,
  /** Adam with decoupled weight decay of kernels: Loshchilov and Hutter (2019). */
  adamw: (options: Options<"adamw">) =>
    ({ kind: "adamw", ...named(options), learningRate: rate(options.learningRate) }) as const,
  /** Stochastic gradient descent without momentum. */
  sgd: (options: Options<"sgd">) =>
    ({ kind: "sgd", ...named(options), learningRate: rate(options.learningRate) }) as const,
  /** Stochastic gradient descent with momentum: Polyak (1964), Nesterov (1983). */
  momentum: (options: Options<"momentum">) =>
    ({ kind: "momentum", ...named(options), learningRate: rate(options.learningRate) }) as const,
  /** RMSProp: Tieleman and Hinton (2012). */
  rmsprop: (options: Options<"rmsprop">) =>
    ({ kind: "rmsprop", ...named(options), learningRate: rate(options.learningRate) }) as const,
}

type Schedule<K extends string> = Omit<
  Extract<(typeof LearningRate)["Encoded"], { readonly kind: K }>,
  "kind"
>

/** Learning rate schedules. */
export const learningRates = {
  /** The same learning rate for every iteration, after an optional warm-up. */
  constant: (value: number, options: { readonly warmup?: number } = {}) =>
    ({ kind: "constant", value, ...named(options) }) as const,
  /** Multiplied by `factor` every `every` iterations. */
  step: (options: Schedule<"step">) => ({ kind: "step", ...named(options) }) as const,
  /** Half a cosine from `value` to `final` over the budget. A run with it cannot be extended. */
  cosine: (options: Schedule<"cosine">) => ({ kind: "cosine", ...named(options) }) as const,
  /**
   * Up from `peak / divisor` to `peak` and down to `peak / finalDivisor` over the budget, both along half a cosine:
   * Smith and Topin (2018), in the form of PyTorch. A run with it cannot be extended.
   */
  oneCycle: (options: Schedule<"oneCycle">) => ({ kind: "oneCycle", ...named(options) }) as const,
  /**
   * A schedule of your own, by its module and export: see own code. `D`: the type of its definition. A run with it cannot
   * be extended.
   */
  custom: <D extends WithOptions = WithOptions>(given: OwnReference<D>) => refer(given),
}
