/** The functions for experiment files: `import { experiment, layers } from "tidemark"`. */
import type { Augmentation } from "./experiment/Augmentation.ts"
import type { Dataset } from "./experiment/Dataset.ts"
import type { Gate } from "./experiment/Gate.ts"
import type { Layer } from "./experiment/Model.ts"
import type { LearningRate, Optimizer } from "./experiment/Optimizer.ts"
import type { Initializer, Regularizer } from "./experiment/weights.ts"
import type { Schedule } from "./Schedule.ts"

export { ensemble, type EnsembleInput } from "./Ensemble.ts"
export {
  augment,
  experiment,
  type ExperimentInput,
  losses,
  metrics,
  preprocess,
} from "./experiment/Experiment.ts"
export { datasets } from "./experiment/PackedDataset.ts"
export { layers } from "./experiment/Model.ts"
export { learningRates, optimizers } from "./experiment/Optimizer.ts"
export { schedule } from "./Schedule.ts"
export { sweep, type SweepInput } from "./Sweep.ts"
export { choice, integer, logUniform, uniform } from "./sweep/Space.ts"
export { strategies } from "./sweep/Strategy.ts"
export { initializers, regularizers } from "./experiment/weights.ts"

/** A layer of a network, as a user writes it: one of `layers`. */
export type LayerInput = (typeof Layer)["Encoded"]
/** A dataset: a registered name, or files of your own. */
export type DatasetInput = (typeof Dataset)["Encoded"]
/** One of `optimizers`. */
export type OptimizerInput = (typeof Optimizer)["Encoded"]
/** One of `learningRates`. */
export type LearningRateInput = (typeof LearningRate)["Encoded"]
/** One of `initializers`. */
export type InitializerInput = (typeof Initializer)["Encoded"]
/** One of `regularizers`. */
export type RegularizerInput = (typeof Regularizer)["Encoded"]
export type AugmentationInput = (typeof Augmentation)["Encoded"]
export type GateInput = (typeof Gate)["Encoded"]
/** A schedule file, as a user writes it. */
export type ScheduleInput = (typeof Schedule)["Encoded"]
