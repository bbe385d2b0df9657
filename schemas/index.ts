/** The functions for experiment files: `import { experiment, layers } from "tidemark"`. */
export { ensemble, type EnsembleInput } from "./Ensemble.ts"
export { experiment, type ExperimentInput } from "./experiment/Experiment.ts"
export { layers } from "./experiment/Model.ts"
export { learningRates, optimizers } from "./experiment/Optimizer.ts"
export { schedule } from "./Schedule.ts"
export { initializers, regularizers } from "./experiment/weights.ts"
