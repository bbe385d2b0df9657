/**
 * `import { run, listRuns } from "tidemark/run"`: runs, readings and predictions from code, as Effects. The terminal stays
 * silent; the run directory is the same as that of the command line. `tidemark/promises` has the same for code without Effect.
 */
export { type Predictor, predictor } from "./predictor.ts"
export { compare, listRuns, readRun } from "./read.ts"
export { type ErrorKind, TidemarkError } from "./TidemarkError.ts"
export { resume, resumeEvents, run, runEvents } from "./train.ts"
export type * from "./types.ts"
