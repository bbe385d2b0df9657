/**
 * What to train, as one plain, serializable value: the whole of what decides a result.
 *
 * (the default export of an experiment file) -> Experiment, with every default filled in, or every problem with its
 * path. Where a run happens (engine, threads, folders) is not part of it.
 */
import { Schema } from "effect"
import { Augmentation } from "./Augmentation.ts"
import { Dataset, Normalization, Split } from "./Dataset.ts"
import { ExperimentName } from "./ExperimentName.ts"
import { Gate } from "./Gate.ts"
import { Fraction, Model, PositiveInt } from "./Model.ts"
import { Optimizer } from "./Optimizer.ts"
import { withDefault } from "./withDefault.ts"

/**
 * What is minimized. Penalties on kernels and smoothed labels count in the loss while training; the loss of the validation
 * and the test split is without them.
 *
 * `softmaxCrossEntropy`: the last layer gives logits; the loss is the mean over the batch of -log softmax at the label.
 * `meanSquaredError`: the last layer gives outputs in [0, 1] (a sigmoid activation); the loss is the mean over batch and
 * classes of (output - one-hot label)²; probabilities are the outputs divided by their sum, and the loss of an ensemble is theirs.
 */
export const Loss = Schema.Literals(["softmaxCrossEntropy", "meanSquaredError"])
export type Loss = typeof Loss.Type

/**
 * Weights averaged over training, in place of the last ones: a = (d·a + (1-d)·w), the first ones not counted for more
 * than the rest. Polyak and Juditsky, Acceleration of stochastic approximation by averaging (1992).
 */
export const Averaging = Schema.Struct({
  /** Share of the average that an update keeps: 0.999 is a memory of some 1000 iterations. */
  decay: withDefault(Fraction, 0.999),
})
export type Averaging = typeof Averaging.Type

/** How long to train: iterations (optimizer updates), or epochs (passes over the train split, rounded up to a whole iteration). */
export const Budget = Schema.Union([
  Schema.Struct({ iterations: PositiveInt }),
  Schema.Struct({ epochs: PositiveInt }),
])
export type Budget = typeof Budget.Type

/** An interval in iterations, or in epochs: passes over the train split. */
const TrainingInterval = Schema.Union([PositiveInt, Schema.Struct({ epochs: PositiveInt })])
export type TrainingInterval = typeof TrainingInterval.Type

const MonitoredMetric = Schema.Literals(["validationLoss", "validationAccuracy"])

export const Experiment = Schema.Struct({
  /** Part of every run's folder name. */
  name: ExperimentName,
  description: withDefault(Schema.String, ""),
  dataset: Dataset,
  split: withDefault(Split, { kind: "standard" }),
  normalization: withDefault(Normalization, "unit"),
  augmentation: Schema.optionalKey(Augmentation),
  model: Model,
  loss: Loss,
  /**
   * This share of each label is spread evenly over all classes while training: Szegedy et al., Rethinking the Inception
   * architecture (2016).
   */
  labelSmoothing: Schema.optionalKey(Fraction),
  optimizer: Optimizer,
  /** Evaluate, report, predict and export with averaged weights instead of the last ones. */
  averaging: Schema.optionalKey(Averaging),
  batchSize: PositiveInt,
  budget: Budget,
  /** How often the training error of the current batch and the validation split are measured. */
  evaluateEvery: withDefault(TrainingInterval, 1000),
  checkpointEvery: withDefault(TrainingInterval, 1000),
  /** Iterations between two rows of training metrics. */
  recordEvery: withDefault(PositiveInt, 100),
  /** How many of the newest checkpoints are kept, beside the best one. */
  keepCheckpoints: withDefault(PositiveInt, 3),
  /** Which checkpoint is the best, by however little, and which model the report tests: the last one, or the best one on validation. */
  monitor: withDefault(MonitoredMetric, "validationAccuracy"),
  report: withDefault(Schema.Literals(["last", "best"]), "last"),
  /**
   * Stop after `patience` evaluations without the monitored metric improving by more than `minDelta` on the value it had when
   * it last did; which checkpoint is the best does not depend on it.
   */
  earlyStopping: Schema.optionalKey(
    Schema.Struct({
      patience: PositiveInt,
      minDelta: withDefault(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)), 0),
    }),
  ),
  /** When a run's model may become the champion; it changes no result. */
  gate: Schema.optionalKey(Gate),
  /** Decides initial weights, shuffling, dropout and augmentation. */
  seed: withDefault(Schema.Int, 0),
})
export type Experiment = typeof Experiment.Type

/** What a user writes: everything with a default may be left out. */
export type ExperimentInput = typeof Experiment.Encoded

/** Gives an experiment file its types; the value is checked when the file is run. */
export const experiment = (input: ExperimentInput): ExperimentInput => input
