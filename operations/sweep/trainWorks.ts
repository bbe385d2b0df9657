/**
 * Trains the parts of a barrier, several in parallel: (parts, processes) -> what was measured, in the order of the parts.
 *
 * With one process they train in this one, one after the other. With several, each is a process of the command line that
 * stops with this one, as members of ensembles are. If a process fails for another reason than its trial, no other one is
 * started, the running ones finish, and the sweep ends: the same command resumes it.
 */
import { Effect, Result, Schema, Semaphore } from "effect"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { Failure } from "../../schemas/Failure.ts"
import { Interrupted } from "../../schemas/Interrupted.ts"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { startProcess } from "../childProcess.ts"
import type { Measurement } from "./decide.ts"
import { nameOfTrial } from "./describe.ts"
import { findWork, type prepareWork, type SweepOptions, trainWork } from "./parts.ts"

export type Training = Effect.Success<ReturnType<typeof prepareWork>>

/** The process of a trial failed, and not because of the trial. */
export class TrialStopped extends Failure<TrialStopped>()("TrialStopped", {
  exitCode: ({ exitCode }) => exitCode,
  fields: { trial: Schema.String, reason: Schema.String, exitCode: Schema.Int },
  message: ({ reason, trial }) => `${trial}: ${reason}`,
}) {}

export interface ParallelOptions extends SweepOptions {
  readonly processes: number
  /** The words after `pipeline` that train one part. */
  readonly commandOf: (training: Training) => ReadonlyArray<string>
}

/** Trains one part in a process of its own; undefined if a stop was requested. */
const trainInProcess = Effect.fnUntraced(function* (training: Training, options: ParallelOptions) {
  const stop = yield* StopSignal
  const known = yield* findWork(training, options)
  if (known.found !== undefined) return known.found
  const source = nameOfTrial(training.work.trial)
  const started = yield* startProcess(options.commandOf(training), { source, endsWithParent: true })
  const stopped = Effect.andThen(stop.awaited, started.stop)
  const { code, reason } = yield* Effect.raceFirst(started.ended, stopped)
  const { found } = yield* findWork(training, options)
  if (found !== undefined || stop.requested() !== undefined) return found
  // A process that was killed may succeed another time.
  const exitCode = code === null || code === 0 ? exitCodes.temporary : code
  return yield* new TrialStopped({ trial: source, reason, exitCode })
})

/** Why a part was not trained; a failure of the trial is none. */
type WorkFailure =
  | Effect.Error<ReturnType<typeof trainInProcess>>
  | Effect.Error<ReturnType<typeof trainWork>>

/** `onMeasured` is called for each part, in their order and as soon as all before it are measured. */
export const trainWorks = Effect.fn("trainWorks")(function* <E, R>(
  trainings: ReadonlyArray<Training>,
  options: ParallelOptions,
  onMeasured: (measurement: Measurement, training: Training) => Effect.Effect<void, E, R>,
) {
  const stop = yield* StopSignal
  const results: Array<Measurement | undefined> = trainings.map(() => undefined)
  const failures: Array<WorkFailure> = []
  let handedOn = 0
  // Two parts that end at the same time must not hand on the same one.
  const inOrder = yield* Semaphore.make(1)
  const handOn = inOrder.withPermits(1)(
    Effect.gen(function* () {
      for (let found = results[handedOn]; found !== undefined; found = results[++handedOn]) {
        yield* onMeasured(found, trainings[handedOn])
      }
    }),
  )
  const isParallel = options.processes > 1 && trainings.length > 1
  const train = Effect.fnUntraced(function* (training: Training, i: number) {
    if (stop.requested() !== undefined || failures.length > 0) return
    const result: Result.Result<Measurement | undefined, WorkFailure> = isParallel
      ? yield* Effect.result(trainInProcess(training, options))
      : yield* Effect.result(trainWork(training, options))
    if (Result.isFailure(result)) {
      failures.push(result.failure)
      return
    }
    results[i] = result.success
    yield* handOn
  })
  yield* Effect.forEach(trainings, train, {
    concurrency: isParallel ? options.processes : 1,
    discard: true,
  })
  const signal = stop.requested()
  if (signal !== undefined && handedOn < trainings.length) {
    return yield* new Interrupted({ signal, during: "the training of trials" })
  }
  if (failures.length > 0) return yield* Effect.fail(failures[0])
})
