/**
 * Trains the parts of a barrier, several in parallel: (parts, processes) -> what was measured, in the order of the parts.
 *
 * With a queue, its workers train them. Otherwise, with one process they train in this one, one after the other. With
 * several, each is a process of the command line that stops with this one, as members of ensembles are. If a process fails
 * for another reason than its trial, no other one is started, the running ones finish, and the sweep ends: the same command
 * resumes it.
 */
import { Effect, Result, Schema, Semaphore } from "effect"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { Failure } from "../../schemas/Failure.ts"
import { Interrupted } from "../../schemas/Interrupted.ts"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { startProcess } from "../childProcess.ts"
import { awaitJobs } from "../queue/awaitJobs.ts"
import { makeJob } from "../queue/makeJob.ts"
import type { Queue } from "../queue/Queue.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"
import type { Measurement } from "./decide.ts"
import { nameOfTrial } from "./describe.ts"
import { findWork, type prepareWork, type SweepOptions, targetOf, trainWork } from "./parts.ts"

export type Training = Effect.Success<ReturnType<typeof prepareWork>>

/** The process of a trial failed, and not because of the trial. */
export class TrialStopped extends Failure<TrialStopped>()("TrialStopped", {
  exitCode: ({ exitCode }) => exitCode,
  fields: { trial: Schema.String, reason: Schema.String, exitCode: Schema.Int },
  message: ({ reason, trial }) => `${trial}: ${reason}`,
}) {}

export interface ParallelOptions extends SweepOptions {
  /** Where workers train the parts, in the place of processes of this one. */
  readonly queue?: Queue["Service"]
  /** Where the machines share the runs and the sweep, if not in the runs folder. */
  readonly store?: ObjectStore | undefined
  readonly processes: number
  /** The words after `pipeline` that train one part. */
  readonly commandOf: (training: Training) => ReadonlyArray<string>
}

/** Trains parts by the workers of a queue; `measured` is called with each, in the order in which they end. */
const trainInQueue = Effect.fnUntraced(function* <E, R>(
  queue: Queue["Service"],
  parts: ReadonlyArray<{ readonly training: Training; readonly index: number }>,
  options: ParallelOptions,
  measured: (index: number, measurement: Measurement) => Effect.Effect<void, E, R>,
) {
  const indices = new Map<string, number>()
  const jobs = yield* Effect.forEach(
    parts,
    Effect.fnUntraced(function* ({ index, training }) {
      const { sweep, work } = training
      const what = `${nameOfTrial(work.trial)} of ${sweep.definition.name}, seed ${work.seed}`
      const queued = yield* makeJob(targetOf(training), { what, engine: options.engine })
      indices.set(queued.id, index)
      return queued
    }),
  )
  yield* awaitJobs(
    queue,
    jobs,
    Effect.fnUntraced(function* ({ id, what }, outcome) {
      const part = parts.find(({ index }) => index === indices.get(id))
      if (part === undefined) return
      const { found } = yield* findWork(part.training, options)
      if (found !== undefined) return yield* measured(part.index, found)
      const reason =
        outcome.reason === "" ? `it was trained, but ${options.runsDir} has no such run` : outcome.reason
      return yield* new TrialStopped({ trial: what, reason, exitCode: outcome.exitCode || exitCodes.noInput })
    }),
  )
})

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
  const { queue } = options
  if (queue !== undefined) {
    const unknown: Array<{ readonly training: Training; readonly index: number }> = []
    for (const [index, training] of trainings.entries()) {
      const { found } = yield* findWork(training, options)
      if (found === undefined) unknown.push({ training, index })
      else results[index] = found
    }
    yield* handOn
    return yield* trainInQueue(queue, unknown, options, (index, measurement) => {
      results[index] = measurement
      return handOn
    })
  }
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
