/**
 * How weights are moved: the optimizer and its learning rate over time.
 *
 * The learning rate is a pure function of the iteration (`stages/train/learningRate.ts`), fed to every update, so it needs no
 * state of its own in a checkpoint.
 */
import { Schema } from "effect"
import { Fraction, PositiveFinite, PositiveInt } from "./Model.ts"
import { withDefault } from "./withDefault.ts"

/** Iterations of linear warm-up from 0 before the schedule starts. */
const warmup = withDefault(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)), 0)

export const LearningRate = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("constant"), value: PositiveFinite, warmup }),
  /** Multiplied by `factor` every `every` iterations. */
  Schema.Struct({
    kind: Schema.Literal("step"),
    value: PositiveFinite,
    factor: PositiveFinite,
    every: PositiveInt,
    warmup,
  }),
  /** Half a cosine from `value` to `final` over the budget: it depends on the number of iterations. */
  Schema.Struct({
    kind: Schema.Literal("cosine"),
    value: PositiveFinite,
    final: withDefault(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)), 0),
    warmup,
  }),
  /**
   * From `peak / divisor` up to `peak` over `rise` of the budget and down to `peak / finalDivisor`, both along half
   * cosines: Smith and Topin, Super-Convergence (2018), in PyTorch's form. It depends on the number of iterations.
   */
  Schema.Struct({
    kind: Schema.Literal("oneCycle"),
    peak: PositiveFinite,
    rise: withDefault(Fraction, 0.3),
    divisor: withDefault(PositiveFinite, 25),
    finalDivisor: withDefault(PositiveFinite, 250_000),
  }),
])
export type LearningRate = typeof LearningRate.Type

/**
 * Gradients made smaller before the update, in one of three ways. Keras calls them clipvalue (each element, to ±value),
 * clipnorm (the gradient of each variable, to this length) and global_clipnorm (the gradients of all together).
 */
export const Clip = Schema.Union([
  Schema.Struct({ value: PositiveFinite }),
  Schema.Struct({ norm: PositiveFinite }),
  Schema.Struct({ globalNorm: PositiveFinite }),
])
export type Clip = typeof Clip.Type

const common = { learningRate: LearningRate, clip: Schema.optionalKey(Clip) }

const moments = {
  beta1: withDefault(Fraction, 0.9),
  beta2: withDefault(Fraction, 0.999),
  epsilon: withDefault(PositiveFinite, 1e-8),
}

/** Formulas stand at their code, in `stages/model/optimizer.ts`. */
export const Optimizer = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("adam"), ...common, ...moments }),
  /** Kernels shrink by the share `learningRate · weightDecay` at each update; biases and normalization do not. */
  Schema.Struct({
    kind: Schema.Literal("adamw"),
    ...common,
    ...moments,
    weightDecay: withDefault(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)), 0.01),
  }),
  Schema.Struct({ kind: Schema.Literal("sgd"), ...common }),
  Schema.Struct({
    kind: Schema.Literal("momentum"),
    ...common,
    momentum: withDefault(Fraction, 0.9),
    nesterov: withDefault(Schema.Boolean, false),
  }),
  Schema.Struct({
    kind: Schema.Literal("rmsprop"),
    ...common,
    decay: withDefault(Fraction, 0.9),
    momentum: withDefault(Fraction, 0),
    epsilon: withDefault(PositiveFinite, 1e-7),
  }),
])
export type Optimizer = typeof Optimizer.Type

type Options<K extends string> = Omit<
  Extract<(typeof Optimizer)["Encoded"], { readonly kind: K }>,
  "kind" | "learningRate"
> & { readonly learningRate: number | (typeof LearningRate)["Encoded"] }

const rate = (learningRate: number | (typeof LearningRate)["Encoded"]) =>
  typeof learningRate === "number" ? ({ kind: "constant", value: learningRate } as const) : learningRate

/** Optimizers by their names in `tf.train`; a learning rate given as a number is constant. */
export const optimizers = {
  adam: (options: Options<"adam">) =>
    ({ kind: "adam", ...options, learningRate: rate(options.learningRate) }) as const,
  adamw: (options: Options<"adamw">) =>
    ({ kind: "adamw", ...options, learningRate: rate(options.learningRate) }) as const,
  sgd: (options: Options<"sgd">) =>
    ({ kind: "sgd", ...options, learningRate: rate(options.learningRate) }) as const,
  momentum: (options: Options<"momentum">) =>
    ({ kind: "momentum", ...options, learningRate: rate(options.learningRate) }) as const,
  rmsprop: (options: Options<"rmsprop">) =>
    ({ kind: "rmsprop", ...options, learningRate: rate(options.learningRate) }) as const,
}

/** Learning-rate schedules. */
export const learningRates = {
  constant: (value: number, options: { readonly warmup?: number } = {}) =>
    ({ kind: "constant", value, ...options }) as const,
  step: (options: Omit<Extract<(typeof LearningRate)["Encoded"], { kind: "step" }>, "kind">) =>
    ({ kind: "step", ...options }) as const,
  cosine: (options: Omit<Extract<(typeof LearningRate)["Encoded"], { kind: "cosine" }>, "kind">) =>
    ({ kind: "cosine", ...options }) as const,
  oneCycle: (options: Omit<Extract<(typeof LearningRate)["Encoded"], { kind: "oneCycle" }>, "kind">) =>
    ({ kind: "oneCycle", ...options }) as const,
}
