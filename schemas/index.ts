/** The functions for experiment files: `import { experiment, layers } from "tidemark"`. */
export { ensemble, type EnsembleInput } from "./Ensemble.ts"
export { experiment, type ExperimentInput } from "./Experiment.ts"
export { layers } from "./Model.ts"
export { learningRates, optimizers } from "./Optimizer.ts"
export { schedule } from "./Schedule.ts"
export { initializers, regularizers } from "./weights.ts"
