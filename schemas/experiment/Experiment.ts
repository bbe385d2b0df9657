/**
 * An experiment: one plain, serializable value that holds everything that affects a result.
 *
 * (the default export of an experiment file) -> Experiment, with every default filled in, or every problem with its
 * path. Where a run happens (engine, threads, folders) is not part of it.
 */
import * as Schema from "effect/Schema"
import { Augmentation } from "./Augmentation.ts"
import { Dataset, Normalization } from "./Dataset.ts"
import { Split } from "./Split.ts"
import { ExperimentName } from "./ExperimentName.ts"
import { Gate } from "./Gate.ts"
import { MetricName, NamedMetric } from "./NamedMetric.ts"
import { OwnCode, OwnFunction, type OwnReference, refer, type WithOptions } from "./OwnCode.ts"
import { Model } from "./Model.ts"
import { Fraction, NonNegativeFinite, PositiveFinite, PositiveInt } from "./numbers.ts"
import { named } from "./named.ts"
import { Optimizer } from "./Optimizer.ts"
import { withDefault } from "./withDefault.ts"

/**
 * What training minimizes. Penalties on kernels, smoothed labels and weights of classes are part of the training loss only; the
 * losses of the validation and the test split are without them.
 *
 * `softmaxCrossEntropy`: the last layer gives logits. The loss is the mean over the batch of -log softmax at the label.
 * `sigmoidCrossEntropy`: the last layer gives logits. The loss is the mean over batch and classes of the binary cross-entropy of
 * sigmoid and one-hot label. Probabilities are the sigmoids divided by their sum, and the loss of an ensemble is the
 * cross-entropy of its probabilities.
 * `meanSquaredError`: the last layer gives outputs in [0, 1], for example by a sigmoid activation. The loss is the mean over
 * batch and classes of (output - one-hot label)². Probabilities are the outputs divided by their sum, and the loss of an
 * ensemble is that of its probabilities.
 * A loss of your own: `losses.custom({ … })`. The losses of the validation and the test split are the cross-entropy of its
 * probabilities.
 */
/** The losses that need no code. */
const builtInLosses = Schema.Literals(["softmaxCrossEntropy", "sigmoidCrossEntropy", "meanSquaredError"])

export const Loss = Schema.Union([builtInLosses, OwnFunction])
export type Loss = typeof Loss.Type

/**
 * The exponential moving average of the weights replaces the weights when the model is evaluated, tested, queried or
 * exported. The initial weights have no part in it. Polyak and Juditsky, Acceleration of stochastic approximation by
 * averaging (1992).
 */
export const Averaging = Schema.Struct({
  /** Share of the average that an update keeps; 0.999 remembers about 1000 iterations. Default: 0.999. */
  decay: withDefault(Fraction, 0.999),
}).annotate({ expected: "an object, such as { decay: 0.999 }" })
export type Averaging = typeof Averaging.Type

export const Budget = Schema.Union([
  Schema.Struct({
    /** Optimizer updates. */
    iterations: PositiveInt,
  }),
  Schema.Struct({
    /** Passes over the train split, rounded up to a whole iteration. */
    epochs: PositiveInt,
  }),
]).annotate({ expected: "iterations, such as { iterations: 1000 }, or epochs, such as { epochs: 10 }" })
export type Budget = typeof Budget.Type

/** An interval in iterations, or in epochs: passes over the train split. */
const TrainingInterval = Schema.Union([PositiveInt, Schema.Struct({ epochs: PositiveInt })]).annotate({
  expected: "a number of iterations, such as 1000, or epochs, such as { epochs: 1 }",
})
export type TrainingInterval = typeof TrainingInterval.Type

/** The rules for when the validation split is evaluated. A run keeps those it began with. */
export const EvaluationRules = Schema.Literals([1, 2])

const TopKCategoricalAccuracy = Schema.Struct({
  kind: Schema.Literal("topKCategoricalAccuracy"),
  /** How many of the largest probabilities count. Default: 5. */
  k: withDefault(PositiveInt, 5),
})

/** A metric of an experiment. */
export const MetricFunction = Schema.Union([TopKCategoricalAccuracy, OwnFunction])

const MonitoredMetric = Schema.Union([
  Schema.Literals(["validationLoss", "validationAccuracy"]),
  NamedMetric,
]).annotate({
  expected: 'validationLoss, validationAccuracy or a metric by its name, such as { metric: "macroF1" }',
})

export const Experiment = Schema.Struct({
  /** At most 64 lower-case letters, digits and -. It is part of the id of every run. */
  name: ExperimentName,
  /** Free text. Default: empty. */
  description: withDefault(Schema.String, ""),
  /** A registered dataset, such as "mnist", or your own: `datasets.folder({ … })`, or four IDX files. */
  dataset: Dataset,
  /**
   * How examples are divided into train, validation and test split. Default: the standard split with 5000 validation
   * examples.
   */
  split: withDefault(Split, { kind: "standard" }),
  /**
   * `unit`: pixel / 255. `standardized`: (pixel - mean) / standard deviation over the train split.
   * `standardizedByChannel`: the same for each channel. Default: unit.
   */
  normalization: withDefault(Normalization, "unit"),
  /** Random changes of the images in training. Default: none. */
  augmentation: Schema.optionalKey(Augmentation),
  /** A function of your own that changes every image: `preprocess.custom({ … })`. Default: none. */
  preprocess: Schema.optionalKey(OwnFunction),
  /** The layers of the network. The last one has one output for each class. */
  model: Model,
  /**
   * `softmaxCrossEntropy`, and `sigmoidCrossEntropy`, the binary cross-entropy of each class: the last layer gives logits.
   * `meanSquaredError`: the last layer gives outputs in [0, 1].
   */
  loss: Loss,
  /**
   * The share of each label that is spread evenly over all classes in training, at least 0 and below 1. Default: none.
   * Szegedy et al., Rethinking the Inception architecture (2016).
   */
  labelSmoothing: Schema.optionalKey(Fraction),
  /**
   * How much more the examples of a class count in the training loss, by label: `{ 3: 2 }`. Classes that are not named have 1.
   * The loss is divided by the number of examples, as in Keras. Default: none.
   */
  classWeight: Schema.optionalKey(Schema.Record(Schema.String, PositiveFinite)),
  /** How weights are updated, such as `optimizers.adam({ learningRate: 0.001 })`. */
  optimizer: Optimizer,
  /** Evaluate, test, predict and export with an exponential moving average of the weights. Default: none. */
  averaging: Schema.optionalKey(Averaging),
  /** Examples in an iteration. */
  batchSize: PositiveInt,
  /** How long to train: { iterations: 1000 } or { epochs: 10 }. */
  budget: Budget,
  /**
   * Iterations between two evaluations of the validation split, or { epochs: 1 }. The last iteration is always evaluated.
   * Default: a fifth of the budget, at least 100 and at most 1000 iterations.
   */
  evaluateEvery: Schema.optionalKey(TrainingInterval),
  /**
   * Version of the rules for when the validation split is evaluated (`stages/train/plan.ts`). Version 1 is that of runs
   * whose run.json names none. Default: 2.
   */
  evaluationRules: withDefault(EvaluationRules, 2),
  /** Iterations between two checkpoints, or { epochs: 1 }. Default: 1000. */
  checkpointEvery: withDefault(TrainingInterval, 1000),
  /** Iterations between two rows of training metrics. Default: 100. */
  recordEvery: withDefault(PositiveInt, 100),
  /** How many of the newest checkpoints are kept, in addition to the best one. Default: 3. */
  keepCheckpoints: withDefault(PositiveInt, 3),
  /**
   * The metric of the validation split that decides which checkpoint is the best: `validationLoss`, `validationAccuracy`, or one of
   * `metrics` by its name, such as `{ metric: "macroF1", mode: "max" }`. Default: validationAccuracy.
   */
  monitor: withDefault(MonitoredMetric, "validationAccuracy"),
  /**
   * More metrics by their names, such as `{ top5: metrics.topKCategoricalAccuracy() }` or `{ macroF1: metrics.custom({ … }) }`,
   * measured on the validation and the test split. Default: none.
   */
  metrics: Schema.optionalKey(Schema.Record(MetricName, MetricFunction)),
  /** Which checkpoint is tested: the last one, or the best one by `monitor`. Default: last. */
  report: withDefault(Schema.Literals(["last", "best"]), "last"),
  /** Stop training when the monitored metric no longer improves. Default: train to the end of the budget. */
  earlyStopping: Schema.optionalKey(
    Schema.Struct({
      /** Evaluations without an improvement after which training stops. */
      patience: PositiveInt,
      /**
       * An improvement is larger than this, measured from the last improvement. The best checkpoint does not depend
       * on it. Default: 0.
       */
      minDelta: withDefault(NonNegativeFinite, 0),
    }).annotate({ expected: "an object, such as { patience: 5 }" }),
  ),
  /**
   * When the model of a run may become the champion. It affects no result. Default: the rules of `Gate` with their
   * defaults.
   */
  gate: Schema.optionalKey(Gate),
  /** Determines initial weights, shuffling, dropout and augmentation. Default: 0. */
  seed: withDefault(Schema.Int, 0),
  /** The files and packages of own code. `run` finds them out. */
  code: Schema.optionalKey(OwnCode),
})
export type Experiment = typeof Experiment.Type

/** What a user writes: fields with a default are optional. */
export type ExperimentInput = typeof Experiment.Encoded

/** A loss of your own. */
export const losses = {
  /** By its module and export: see own code. `D`: the type of its definition. */
  custom: <D extends WithOptions = WithOptions>(given: OwnReference<D>) => refer(given),
}

/** A metric of your own. */
export const metrics = {
  /** The share of examples whose label is among the `k` largest probabilities. */
  topKCategoricalAccuracy: (options: { readonly k?: number } = {}) =>
    ({ kind: "topKCategoricalAccuracy", ...named(options) }) as const,
  /** By its module and export: see own code. `D`: the type of its definition. */
  custom: <D extends WithOptions = WithOptions>(given: OwnReference<D>) => refer(given),
}

/** Preprocessing of your own. */
export const preprocess = {
  /** By its module and export: see own code. `D`: the type of its definition. */
  custom: <D extends WithOptions = WithOptions>(given: OwnReference<D>) => refer(given),
}

/** Augmentation of your own. */
export const augment = {
  /** By its module and export: see own code. `D`: the type of its definition. */
  custom: <D extends WithOptions = WithOptions>(given: OwnReference<D>) => refer(given),
}

/** Types the default export of an experiment file. The value is checked when the experiment is run. */
export const experiment = (input: ExperimentInput): ExperimentInput => input
