/** Starts and resumes runs from code: (experiment, options) -> the result, or events on the way to it. */
import { Effect, type Cause, Queue, Schema, Stream } from "effect"
import { engineOnDevice, engineToResume } from "../engines/onDevice.ts"
import { resumeToEnd } from "../operations/resume/resume.ts"
import { engineFor } from "../pipeline/engineChoice/engineFor.ts"
import { experimentOf, loadDefault } from "../pipeline/experimentFile/load.ts"
import { problemsOf } from "../pipeline/experimentFile/problems.ts"
import { startRun } from "../pipeline/startRun.ts"
import { devices, Threads } from "../schemas/EngineInfo.ts"
import { Failure } from "../schemas/Failure.ts"
import type { Metric } from "../schemas/Metric.ts"
import type { Report } from "../schemas/Report.ts"
import { notAFile } from "../schemas/Run.ts"
import { fingerprint } from "../schemas/experiment/fingerprint.ts"
import { PositiveInt } from "../schemas/experiment/numbers.ts"
import { engineOf, findRun } from "../storage/runDirectory.ts"
import { tryWriteReportPage } from "../views/report/tryWriteReportPage.ts"
import { type OnEvent, standalone, stoppable } from "./services.ts"
import type { TidemarkError } from "./TidemarkError.ts"
import type { MetricRow, ResumeOptions, RunEvent, RunOptions, RunResult, TestResult } from "./types.ts"

export const metricRow = ({ epoch, error, iteration, loss, split }: Metric): MetricRow => ({
  split,
  iteration,
  epoch,
  loss,
  error,
})

export const testResult = ({
  accuracy,
  classes,
  confusion,
  error,
  examples,
  loss,
}: Report["test"]): TestResult => ({
  examples,
  accuracy,
  error,
  loss,
  classes,
  confusion,
})

const resultOf = (path: string, report: Report): RunResult => ({
  id: report.run,
  path,
  iterations: report.iterations,
  parameters: report.parameters,
  validation: report.validation.map(metricRow),
  test: testResult(report.test),
})

/** What a caller that is not type-checked may get wrong; the experiment is decoded with its own problems. */
const Numbers = Schema.Struct({
  iterations: Schema.optional(PositiveInt),
  seed: Schema.optional(Schema.Int),
  threads: Schema.optional(Threads),
  device: Schema.optional(Schema.Literals(devices)),
})
const decodeNumbers = Schema.decodeUnknownEffect(Numbers, { errors: "all" })

/** A number among the options of a call is out of its range. */
export class OptionsRefused extends Failure<OptionsRefused>()("OptionsRefused", {
  exitCode: "usage",
  fields: { problems: Schema.Array(Schema.Struct({ at: Schema.String, problem: Schema.String })) },
  message: ({ problems }) =>
    `cannot start the run: ${problems.map(({ at, problem }) => `${at}: ${problem}`).join("; ")}`,
}) {}

const checkNumbers = (options: RunOptions | ResumeOptions) =>
  decodeNumbers(options).pipe(
    Effect.mapError(({ issue }) => new OptionsRefused({ problems: problemsOf(options, issue) })),
  )

const trainNew = (options: RunOptions, onEvent?: OnEvent) =>
  standalone(
    stoppable(
      Effect.gen(function* () {
        const { iterations, seed, threads } = yield* checkNumbers(options)
        const engine = yield* engineOnDevice(options.engine ?? "auto", options.device)
        const overrides = {
          ...(iterations === undefined ? {} : { iterations }),
          ...(seed === undefined ? {} : { seed }),
        }
        const given = options.experiment
        const loaded =
          typeof given === "string" ? yield* loadDefault(given) : { path: notAFile, value: given }
        const { experiment, path: file, written } = yield* experimentOf(loaded, overrides)
        const { path, report } = yield* startRun({
          experiment,
          fingerprint: fingerprint(experiment),
          file: { path: file, fingerprint: written },
          overrides,
          runsDir: options.runsDir ?? "runs",
          dataDir: options.dataDir ?? "data",
          prepare: () => Effect.void,
          resumeWith: (path) => ["resume", path],
        }).pipe(Effect.provide(engineFor(experiment, engine, { threads })))
        yield* tryWriteReportPage(path)
        return resultOf(path, report)
      }),
    ),
    onEvent,
  )

const trainOn = (run: string, options: ResumeOptions, onEvent?: OnEvent) =>
  standalone(
    stoppable(
      Effect.gen(function* () {
        const { iterations, threads } = yield* checkNumbers(options)
        const found = yield* findRun(options.runsDir ?? "runs", run)
        const { isNew, report } = yield* resumeToEnd(found, {
          iterations,
          engine: yield* engineToResume(engineOf(found), options),
          threads,
          allowEngineChange: options.allowEngineChange ?? false,
        })
        if (isNew) yield* tryWriteReportPage(found.path)
        return resultOf(found.path, report)
      }),
    ),
    onEvent,
  )

/** The events of a training, the result last. A stream that is cut short stops the run with a checkpoint. */
const eventsOf = (
  train: (onEvent: OnEvent) => Effect.Effect<RunResult, TidemarkError>,
): Stream.Stream<RunEvent, TidemarkError> =>
  Stream.callback<RunEvent, TidemarkError>((queue: Queue.Queue<RunEvent, TidemarkError | Cause.Done>) =>
    train((event) => void Queue.offerUnsafe(queue, event)).pipe(
      Effect.flatMap((result) => Queue.offer(queue, { kind: "finished", result })),
      Effect.andThen(Queue.end(queue)),
      Effect.catchCause((cause) => Queue.failCause(queue, cause)),
    ),
  )

/**
 * Trains an experiment in a new run directory, to its test report. Interrupted, it saves a checkpoint and ends; `resume`
 * continues from there to the same bytes as if nothing had happened.
 */
export const run = (options: RunOptions): Effect.Effect<RunResult, TidemarkError> => trainNew(options)

/** The same as a stream: progress and log lines as they come, and `finished` with the result at the end. */
export const runEvents = (options: RunOptions): Stream.Stream<RunEvent, TidemarkError> =>
  eventsOf((onEvent) => trainNew(options, onEvent))

/**
 * Resumes a run from its newest checkpoint, to its test report. A finished run is returned as it is.
 *
 * `run`: an id, its first or last characters, a path, or `latest`.
 */
export const resume = (run: string, options: ResumeOptions = {}): Effect.Effect<RunResult, TidemarkError> =>
  trainOn(run, options)

/** The same as a stream. */
export const resumeEvents = (
  run: string,
  options: ResumeOptions = {},
): Stream.Stream<RunEvent, TidemarkError> => eventsOf((onEvent) => trainOn(run, options, onEvent))
