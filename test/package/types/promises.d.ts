import { type ClassResult, type ComparedPair, type DeviceChoice, type EngineChoice, type ErrorKind, type Folders, type ImagePrediction, type ImageRefusal, type Interval, type MetricRow, type PredictorOptions, type ResumeOptions, type RunComparison, type RunDetails, type RunEvent, type RunOptions, type RunResult, type RunStatus, type RunSummary, type TestResult, TidemarkError } from "./run.js"
export { type ClassResult, type ComparedPair, type DeviceChoice, type EngineChoice, type ErrorKind, type Folders, type ImagePrediction, type ImageRefusal, type Interval, type MetricRow, type PredictorOptions, type ResumeOptions, type RunComparison, type RunDetails, type RunEvent, type RunOptions, type RunResult, type RunStatus, type RunSummary, type TestResult, TidemarkError }
import { type EnsembleInput, type ExperimentInput } from "./index.js"
export { type EnsembleInput, type ExperimentInput }

export interface Predictor {
  /** Names by label. */
  readonly classes: ReadonlyArray<string>
  /** [height, width, channels] of the images that the network takes. */
  readonly imageShape: readonly [number, number, number]
  /** Predicts image files or folders of them: one result for each image, in their order, as they come. */
  readonly predict: (...paths: ReadonlyArray<string>) => AsyncIterable<ImagePrediction | ImageRefusal>
  /** Probabilities of images in the format of the dataset: pixels 0 to 255, row-major. Row by row the classes of an image. */
  readonly probabilities: (images: ReadonlyArray<Uint8Array>) => Promise<Float32Array>
  /** Frees the network. `await using` calls it. */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

export interface Watching {
  /** Stops the run with a checkpoint. */
  readonly signal?: AbortSignal
  /** Called with progress, log lines and the result, in order. */
  readonly onEvent?: (event: RunEvent) => void
}

/** Compares runs with significance tests, each against the first. */
export declare function compare(runs: ReadonlyArray<string>, options?: {
  /** The folder of run directories. Default: `runs` in the working folder. */
  readonly runsDir?: string
}): Promise<RunComparison>

/** The runs of a folder, the oldest first. */
export declare function listRuns(options?: {
  /** The folder of run directories. Default: `runs` in the working folder. */
  readonly runsDir?: string
}): Promise<ReadonlyArray<RunSummary>>

/** Loads a run as a classifier. Several names are averaged. */
export declare function predictor(run: string | ReadonlyArray<string>, options?: PredictorOptions): Promise<Predictor>

/** One run with its experiment, metrics and test result. */
export declare function readRun(run: string, options?: {
  /** The folder of run directories. Default: `runs` in the working folder. */
  readonly runsDir?: string
}): Promise<RunDetails>

/** Resumes a run from its newest checkpoint. `run`: an id, its first or last characters, a path, or `latest`. */
export declare function resume(run: string, options?: {
  /** Replaces the budget of the run, to train it further. */
  readonly iterations?: number
  /** Default: the engine of the run, which alone resumes exactly. Another one needs `allowEngineChange`. */
  readonly engine?: EngineChoice
  /** Default, and `auto`: the device of the run. Another one needs `allowEngineChange`. */
  readonly device?: DeviceChoice
  /** Default: as many as before. */
  readonly threads?: number
  readonly allowEngineChange?: boolean
  /** The folder of run directories. Default: `runs` in the working folder. */
  readonly runsDir?: string
  /** Stops the run with a checkpoint. */
  readonly signal?: AbortSignal
  /** Called with progress, log lines and the result, in order. */
  readonly onEvent?: (event: RunEvent) => void
}): Promise<RunResult>

/** Trains an experiment in a new run directory, to its test report. */
export declare function run(options: {
  /** The experiment, or the path of the file that has it as its default export. */
  readonly experiment: string | ExperimentInput
  /** Default: `auto`. */
  readonly engine?: EngineChoice
  /** Default: the processor; `tensorflow` uses CUDA if it was built with it. */
  readonly device?: DeviceChoice
  /** Processor threads. Default: all cores. */
  readonly threads?: number
  /** Replaces the budget of the experiment. */
  readonly iterations?: number
  /** Replaces the seed of the experiment. */
  readonly seed?: number
  /** The folder of run directories. Default: `runs` in the working folder. */
  readonly runsDir?: string
  /** The folder of downloaded datasets. Default: `data` in the working folder. */
  readonly dataDir?: string
  /** Stops the run with a checkpoint. */
  readonly signal?: AbortSignal
  /** Called with progress, log lines and the result, in order. */
  readonly onEvent?: (event: RunEvent) => void
}): Promise<RunResult>
