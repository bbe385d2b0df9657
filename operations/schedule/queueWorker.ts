/**
 * The work of scheduled runs on many machines: training and resuming go through a queue; all else happens here, as in
 * `processWorker.ts`, over the runs folder that all machines share.
 *
 * A run that trains is followed through its job too: whoever trains it, on this machine or another, hears from the queue alone.
 * The id of a run is saved before its job is submitted, so a schedule that was killed finds both again.
 */
import { Cause, Deferred, Effect, Exit, type FileSystem, Layer, Path } from "effect"
import { exitCode } from "../../pipeline/exitCode.ts"
import { loadExperiment } from "../../pipeline/experimentFile/load.ts"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"
import { isOpen, type QueuedJob, type JobOutcome } from "../../schemas/QueuedJob.ts"
import { reserveRunId } from "../../storage/reserveRunId.ts"
import { readRun } from "../../storage/runDirectory.ts"
import { queuedTarget } from "../resume/queuedTarget.ts"
import { type Ended, graceMs } from "../childProcess.ts"
import { makeJob } from "../queue/makeJob.ts"
import type { Queue } from "../queue/Queue.ts"
import { makeReachability, type Reachability } from "../queue/reachability.ts"
import { findRunsOfJob } from "../queue/trainJob.ts"
import type { Target } from "../trainTo.ts"
import { orUndefined } from "./followRun.ts"
import type { Job } from "./Job.ts"
import { type Folders, layerProcesses } from "./processWorker.ts"
import { type ScheduledProcess, Worker } from "./Worker.ts"

/** The interval between two looks, also while the queue is away. */
const pollMs = 1000

/** What a scheduled run trains, as its file is now. */
const newTarget = Effect.fnUntraced(function* ({ file, iterations }: Job, seed: number | undefined) {
  const overrides = {
    ...(iterations === undefined ? {} : { iterations }),
    ...(seed === undefined ? {} : { seed }),
  }
  const { experiment, path, written } = yield* loadExperiment(file, overrides)
  return {
    experiment,
    fingerprint: fingerprint(experiment),
    file: { path, fingerprint: written },
    overrides,
    pauseAt: undefined,
  } satisfies Target as Target
})

const reasonOf = (cause: Cause.Cause<Error>) => {
  const error = Cause.squash(cause)
  return error instanceof Error && error.message !== "" ? error.message : String(error)
}

const endedOf = ({ exitCode, reason }: JobOutcome): Ended => ({ code: exitCode, reason })

/** Submits a job and waits for its end, however long the queue is away. */
const awaitOutcome = Effect.fnUntraced(function* (
  queue: Queue["Service"],
  { persist }: Reachability,
  queued: QueuedJob,
) {
  yield* persist(queue.submit([queued]), pollMs)
  while (true) {
    const [listed] = yield* persist(queue.list([queued.id]), pollMs)
    if (listed !== undefined && !isOpen(listed) && listed.outcome !== null) return listed.outcome
    yield* Effect.sleep(pollMs)
  }
})

type Files = FileSystem.FileSystem | Path.Path

export const layerQueued = (folders: Folders, queue: Queue["Service"]) =>
  Layer.effect(
    Worker,
    Effect.gen(function* () {
      const services = yield* Effect.context<Files>()
      const scope = yield* Effect.scope
      const here = yield* Worker
      const paths = yield* Path.Path
      const reachability = yield* makeReachability("the scheduled run waits for it")
      /** What was queued last for an experiment, by its name. */
      const lastQueued = new Map<string, QueuedJob>()

      const reserve = ({ experiment, fingerprint }: Target) =>
        reserveRunId(folders.runsDir, experiment.name, fingerprint)

      const makeQueued = Effect.fnUntraced(function* (job: Job, target: Target, run: string | undefined) {
        const named = { ...target, run: target.run ?? run ?? (yield* reserve(target)) }
        return yield* makeJob(named, { what: `the scheduled run of ${job.name}`, engine: job.engine })
      })

      /** However the job ends, that is a value; it begins now, whoever waits for it. */
      const start = Effect.fnUntraced(function* <E extends Error>(
        job: Job,
        target: Effect.Effect<Target, E, Files>,
        run: string | undefined,
      ) {
        lastQueued.delete(job.name)
        const made = yield* Effect.exit(
          Effect.flatMap(target, (target) => makeQueued(job, target, run)).pipe(
            Effect.provideContext(services),
          ),
        )
        if (Exit.isFailure(made)) {
          const ended = { code: exitCode(made), reason: reasonOf(made.cause) }
          const over = Effect.succeed(ended)
          return { pid: undefined, ended: over, stop: over } satisfies ScheduledProcess as ScheduledProcess
        }
        const queued = made.value
        lastQueued.set(job.name, queued)
        const over = yield* Deferred.make<Ended>()
        yield* awaitOutcome(queue, reachability, queued).pipe(
          Effect.flatMap((outcome) => Deferred.succeed(over, endedOf(outcome))),
          Effect.forkIn(scope),
        )
        const ended = Deferred.await(over)
        const cancel = reachability.persist(queue.cancel([queued.id]), pollMs)
        // A worker that cannot reach the queue never confirms.
        const silent = Effect.as(Effect.sleep(graceMs), {
          code: exitCodes.interrupted,
          reason: "cancelled, but not confirmed by its worker",
        })
        const stop = Effect.raceFirst(Effect.andThen(cancel, ended), silent)
        return { pid: undefined, ended, stop }
      })

      const targetOfRun = (run: string) => Effect.map(readRun(paths.join(folders.runsDir, run)), queuedTarget)
      const resume = (job: Job, run: string) => start(job, targetOfRun(run), run)
      /** By the job, not by its time: the clock of the machine that trained it may differ. */
      const findRun = Effect.fnUntraced(function* (queued: QueuedJob) {
        const { runs, trained } = yield* findRunsOfJob(queued, folders.runsDir)
        return (trained ?? runs[0])?.identity.id
      })
      return Worker.of({
        ...here,
        // An experiment that cannot be loaded fails again when it is trained.
        nameRun: (job, seed, saved) =>
          saved === undefined
            ? orUndefined(Effect.flatMap(newTarget(job, seed), reserve)).pipe(Effect.provideContext(services))
            : Effect.succeed(saved),
        train: (job, seed, run) => start(job, newTarget(job, seed), run),
        resume,
        follow: resume,
        findRun: (job, since, pid) => {
          const queued = lastQueued.get(job.name)
          return queued === undefined
            ? here.findRun(job, since, pid)
            : orUndefined(findRun(queued)).pipe(Effect.provideContext(services))
        },
      })
    }),
  ).pipe(Layer.provide(layerProcesses(folders)))
