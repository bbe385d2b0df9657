import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { type EnsembleInput, type ExperimentInput } from "./index.js"
export { type EnsembleInput, type ExperimentInput }

export interface ClassResult {
  readonly label: number
  /** Test examples of the class. */
  readonly support: number
  /** Null where it is not defined: no example is predicted as the class, or none has its label. */
  readonly precision: number | null
  readonly recall: number | null
  readonly f1: number | null
}

/** A significance test of the second against the first. */
export interface ComparedPair {
  readonly first: string
  readonly second: string
  /** Such as "exact McNemar test". */
  readonly method: string
  /** Test error of the second minus that of the first, with its 95 % interval. */
  readonly difference: {
    readonly value: number
    readonly low: number
    readonly high: number
  }
  /** The p-value, corrected for the number of tests. */
  readonly p: number
  /** Whether `p` is below 0.05. */
  readonly significant: boolean
  /** One sentence. */
  readonly verdict: string
}

/**
 * `cpu`: the processor. `gpu`: a GPU, with the engine `onnx` or `tensorflow`; an error if none can be used. `auto`, with the
 * engine `auto`: whichever trains this network faster.
 */
export type DeviceChoice = "auto" | "cpu" | "gpu"

/** An engine, or `auto` for the fastest one that works here. */
export type EngineChoice = "auto" | "tensorflow" | "onnx" | "reference"

/** The exit code that the command line would end with, by name (`schemas/exitCodes.ts`). */
export type ErrorKind = "usage" | "dataError" | "noInput" | "unavailable" | "software" | "cannotCreate" | "ioError" | "temporary" | "interrupted"

export interface Folders {
  /** The folder of run directories. Default: `runs` in the working folder. */
  readonly runsDir?: string
  /** The folder of downloaded datasets. Default: `data` in the working folder. */
  readonly dataDir?: string
}

export interface ImagePrediction {
  /** The path, or the name that was given. */
  readonly image: string
  readonly label: number
  /** The name of the class. */
  readonly class: string
  /** By label; they sum to 1. */
  readonly probabilities: ReadonlyArray<number>
  /** What makes the preparation of a photograph doubtful, such as `touchesBorder`. */
  readonly doubts: ReadonlyArray<string>
}

/** An image that cannot be predicted, and why. */
export interface ImageRefusal {
  readonly image: string
  readonly problem: string
}

/** A share with its 95 % Wilson score interval. */
export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** A row of metrics. Of the train split: means over the batches since the last row. */
export interface MetricRow {
  readonly split: "train" | "validation"
  /** Optimizer updates so far. */
  readonly iteration: number
  /** Passes over the train split so far. */
  readonly epoch: number
  readonly loss: number
  readonly error: number
}

export interface Predictor {
  /** Names by label. */
  readonly classes: ReadonlyArray<string>
  /** [height, width, channels] of the images that the network takes. */
  readonly imageShape: readonly [number, number, number]
  /**
   * Predicts image files (PNG, JPEG, WebP), folders of them, or `-` for standard input: one result for each image, in their
   * order, as they come. Memory does not depend on their number.
   */
  readonly predict: (...paths: ReadonlyArray<string>) => Stream.Stream<ImagePrediction | ImageRefusal, TidemarkError>
  /**
   * Probabilities of images that are in the format of the dataset already: pixels 0 to 255, row-major, as long as
   * `imageShape` says. Row by row the classes of an image; each row sums to 1.
   */
  readonly probabilities: (images: ReadonlyArray<Uint8Array>) => Effect.Effect<Float32Array, TidemarkError>
}

export interface PredictorOptions {
  /** Default: the engine of the run. */
  readonly engine?: EngineChoice
  /** Default: the device of the run. `auto`: the processor, which predicts sooner than a GPU is tried. */
  readonly device?: DeviceChoice
  /** The iteration of a checkpoint, in place of the one that was tested. */
  readonly checkpoint?: number
  /** The folder of run directories. Default: `runs` in the working folder. */
  readonly runsDir?: string
}

export interface ResumeOptions {
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
}

export interface RunComparison {
  /** Runs that differ in their seed alone are one group. The first one is the baseline. */
  readonly groups: ReadonlyArray<{
    readonly label: string
    readonly experiment: string
    readonly runs: ReadonlyArray<string>
    readonly seeds: ReadonlyArray<number | null>
  }>
  /** Fields of the experiments that are not the same in all groups: JSON text by label. */
  readonly differences: ReadonlyArray<{
    /** Such as optimizer.learningRate.value. */
    readonly path: string
    readonly values: {
      readonly [key: string]: string
    }
  }>
  readonly tests: ReadonlyArray<ComparedPair>
  readonly untested: ReadonlyArray<{
    readonly first: string
    readonly second: string
    readonly reason: string
  }>
  /** What is missing or should be known, one sentence each. */
  readonly remarks: ReadonlyArray<string>
}

/** What `readRun` tells of a run. */
export interface RunDetails {
  /** The experiment with every default filled in, as plain JSON. */
  readonly config: {
    readonly [key: string]: unknown
  }
  readonly metrics: ReadonlyArray<MetricRow>
  /** Null until the run is finished. */
  readonly test: TestResult | null
  readonly parameters: number | null
  readonly id: string
  readonly path: string
  /** The name of its experiment. */
  readonly experiment: string
  /** Null if the stored experiment names none. */
  readonly dataset: string | null
  readonly seed: number | null
  readonly status: RunStatus
  readonly createdAt: string
  /** The iteration reached, and the budget; null if it is in epochs and not known yet. */
  readonly iteration: number
  readonly iterations: number | null
  readonly durationSeconds: number | null
  /** Of the tested model, else of the newest evaluation. */
  readonly validationError: number | null
  readonly testError: number | null
  /** Why it was interrupted or failed. */
  readonly reason: string | null
}

/** What happens in a run, in order. `finished` is the last event. */
export type RunEvent = {
  readonly kind: "progress"
  readonly iteration: number
  readonly total: number
  readonly batchSize: number
  /** Mean over the newest chunk of iterations; null if it is not finite. */
  readonly loss: number | null
} | {
  readonly kind: "log"
  readonly level: "info" | "warning" | "error"
  /** Such as `train`; empty outside of stages. */
  readonly stage: string
  readonly text: string
} | {
  readonly kind: "finished"
  readonly result: RunResult
}

export interface RunOptions {
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
}

/** What `run` and `resume` give. */
export interface RunResult {
  readonly id: string
  /** The run directory. */
  readonly path: string
  /** Optimizer updates; fewer than the budget after early stopping. */
  readonly iterations: number
  readonly parameters: number
  readonly validation: ReadonlyArray<MetricRow>
  readonly test: TestResult
}

export type RunStatus = "interrupted" | "running" | "finished" | "failed"

/** What `listRuns` tells of a run. */
export interface RunSummary {
  readonly id: string
  readonly path: string
  /** The name of its experiment. */
  readonly experiment: string
  /** Null if the stored experiment names none. */
  readonly dataset: string | null
  readonly seed: number | null
  readonly status: RunStatus
  readonly createdAt: string
  /** The iteration reached, and the budget; null if it is in epochs and not known yet. */
  readonly iteration: number
  readonly iterations: number | null
  readonly durationSeconds: number | null
  /** Of the tested model, else of the newest evaluation. */
  readonly validationError: number | null
  readonly testError: number | null
  /** Why it was interrupted or failed. */
  readonly reason: string | null
}

export interface TestResult {
  readonly examples: number
  readonly accuracy: Interval
  readonly error: Interval
  /** The experiment's loss, averaged over the test split. */
  readonly loss: number
  readonly classes: ReadonlyArray<ClassResult>
  /** Rows: true label; columns: predicted label; counts. */
  readonly confusion: ReadonlyArray<ReadonlyArray<number>>
}

export declare class TidemarkError extends Error {
  private constructor()
  /** What was found, what was expected and what to do. */
  readonly message: string
  readonly _tag: "TidemarkError"
  readonly kind: ErrorKind
  /** Which error it is, such as `ExperimentInvalid` or `RunNotFound`. */
  readonly reason: string
  /** What the message tells, for programs: the fields depend on `reason`. */
  readonly details: {
    readonly [key: string]: unknown
  }
}

/**
 * Compares runs with significance tests, each against the first. Runs that differ in their seed alone form one group.
 *
 * `runs`: ids, their first or last characters, globs, or paths.
 */
export declare function compare(runs: ReadonlyArray<string>, options?: {
  /** The folder of run directories. Default: `runs` in the working folder. */
  readonly runsDir?: string
}): Effect.Effect<RunComparison, TidemarkError>

/** The runs of a folder, the oldest first. Damaged ones are left out; `pipeline list` names them. */
export declare function listRuns(options?: {
  /** The folder of run directories. Default: `runs` in the working folder. */
  readonly runsDir?: string
}): Effect.Effect<ReadonlyArray<RunSummary>, TidemarkError>

/** Loads a run: an id, its first or last characters, a path, or `latest`. Several names are averaged. The scope frees it. */
export declare function predictor(run: string | ReadonlyArray<string>, options?: PredictorOptions): Effect.Effect<Predictor, TidemarkError, Scope.Scope>

/** One run with its experiment, metrics and test result. `run`: an id, its first or last characters, a path, or `latest`. */
export declare function readRun(run: string, options?: {
  /** The folder of run directories. Default: `runs` in the working folder. */
  readonly runsDir?: string
}): Effect.Effect<RunDetails, TidemarkError>

/**
 * Resumes a run from its newest checkpoint, to its test report. A finished run is returned as it is.
 *
 * `run`: an id, its first or last characters, a path, or `latest`.
 */
export declare function resume(run: string, options?: ResumeOptions): Effect.Effect<RunResult, TidemarkError>

/** The same as a stream. */
export declare function resumeEvents(run: string, options?: ResumeOptions): Stream.Stream<RunEvent, TidemarkError>

/**
 * Trains an experiment in a new run directory, to its test report. Interrupted, it saves a checkpoint and ends; `resume`
 * continues from there to the same bytes as if nothing had happened.
 */
export declare function run(options: RunOptions): Effect.Effect<RunResult, TidemarkError>

/** The same as a stream: progress and log lines as they come, and `finished` with the result at the end. */
export declare function runEvents(options: RunOptions): Stream.Stream<RunEvent, TidemarkError>
