/**
 * `import { run, listRuns } from "tidemark/promises"`: the API of `tidemark/run` as promises, which reject with a
 * `TidemarkError`. An abort signal stops a run as Ctrl-C does: it saves a checkpoint, then the promise rejects with kind
 * `interrupted`.
 */
import { Cause, Effect, Exit, Scope, Stream } from "effect"
import * as effects from "./index.ts"
import { TidemarkError } from "./TidemarkError.ts"
import type {
  Folders,
  ImagePrediction,
  ImageRefusal,
  PredictorOptions,
  ResumeOptions,
  RunComparison,
  RunDetails,
  RunEvent,
  RunOptions,
  RunResult,
  RunSummary,
} from "./types.ts"

export { type ErrorKind, TidemarkError } from "./TidemarkError.ts"
export type * from "./types.ts"

export interface Watching {
  /** Stops the run with a checkpoint. */
  readonly signal?: AbortSignal
  /** Called with progress, log lines and the result, in order. */
  readonly onEvent?: (event: RunEvent) => void
}

const promised = async <A>(effect: Effect.Effect<A, TidemarkError>, signal?: AbortSignal): Promise<A> => {
  const exit = await Effect.runPromiseExit(effect, signal === undefined ? {} : { signal })
  if (Exit.isSuccess(exit)) return exit.value
  if (!Cause.hasInterruptsOnly(exit.cause)) throw Cause.squash(exit.cause)
  throw new TidemarkError({
    kind: "interrupted",
    reason: "Interrupted",
    message: "interrupted by its caller; what was trained is saved",
    details: {},
  })
}

/** The result, which is the last event. */
const watched = (
  events: Stream.Stream<RunEvent, TidemarkError>,
  { onEvent, signal }: Watching,
): Promise<RunResult> =>
  promised(
    Effect.gen(function* () {
      let result: RunResult | undefined
      yield* Stream.runForEach(events, (event) =>
        Effect.sync(() => {
          if (event.kind === "finished") result = event.result
          onEvent?.(event)
        }),
      )
      if (result === undefined) return yield* Effect.die(new Error("the run ended without a result"))
      return result
    }),
    signal,
  )

/** Trains an experiment in a new run directory, to its test report. */
export const run = ({ onEvent, signal, ...options }: RunOptions & Watching): Promise<RunResult> =>
  onEvent === undefined
    ? promised(effects.run(options), signal)
    : watched(effects.runEvents(options), { onEvent, ...(signal === undefined ? {} : { signal }) })

/** Resumes a run from its newest checkpoint. `run`: an id, its first or last characters, a path, or `latest`. */
export const resume = (
  run: string,
  { onEvent, signal, ...options }: ResumeOptions & Watching = {},
): Promise<RunResult> =>
  onEvent === undefined
    ? promised(effects.resume(run, options), signal)
    : watched(effects.resumeEvents(run, options), { onEvent, ...(signal === undefined ? {} : { signal }) })

/** The runs of a folder, the oldest first. */
export const listRuns = (options: Pick<Folders, "runsDir"> = {}): Promise<ReadonlyArray<RunSummary>> =>
  promised(effects.listRuns(options))

/** One run with its experiment, metrics and test result. */
export const readRun = (run: string, options: Pick<Folders, "runsDir"> = {}): Promise<RunDetails> =>
  promised(effects.readRun(run, options))

/** Compares runs with significance tests, each against the first. */
export const compare = (
  runs: ReadonlyArray<string>,
  options: Pick<Folders, "runsDir"> = {},
): Promise<RunComparison> => promised(effects.compare(runs, options))

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

/** Loads a run as a classifier. Several names are averaged. */
export const predictor = async (
  run: string | ReadonlyArray<string>,
  options: PredictorOptions = {},
): Promise<Predictor> => {
  const scope = Effect.runSync(Scope.make())
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  const loaded = await promised(effects.predictor(run, options).pipe(Scope.provide(scope))).catch(
    async (error: unknown) => {
      await close()
      throw error
    },
  )
  return {
    classes: loaded.classes,
    imageShape: loaded.imageShape,
    predict: (...paths) => Stream.toAsyncIterable(loaded.predict(...paths)),
    probabilities: (images) => promised(loaded.probabilities(images)),
    close,
    [Symbol.asyncDispose]: close,
  }
}
