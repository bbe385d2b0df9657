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
      /** The run that was queued last for an experiment, by its name. */
      const lastRun = new Map<string, string>()
      /** What the runs train that have an id and are not queued yet: their files are loaded once. */
      const targets = new Map<string, Target>()

      const reserve = ({ experiment, fingerprint }: Target) =>
        reserveRunId(folders.runsDir, experiment.name, fingerprint)

      const makeQueued = Effect.fnUntraced(function* (job: Job, target: Target, run: string | undefined) {
        const id = target.run ?? run ?? (yield* reserve(target))
        const details = { what: `the scheduled run of ${job.name}`, engine: job.engine }
        return { id, queued: yield* makeJob({ ...target, run: id }, details) }
      })

      /** However the job ends, that is a value; it begins now, whoever waits for it. */
      const start = Effect.fnUntraced(function* <E extends Error>(
        job: Job,
        target: Effect.Effect<Target, E, Files>,
        run: string | undefined,
      ) {
        lastRun.delete(job.name)
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
        const { id, queued } = made.value
        lastRun.set(job.name, id)
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
      /** Loads what a new run trains, and reserves its id, which has digits of the fingerprint. */
      const name = Effect.fnUntraced(function* (job: Job, seed: number | undefined) {
        const target = yield* newTarget(job, seed)
        const id = yield* reserve(target)
        targets.set(id, target)
        return id
      })
      const targetOfNew = (job: Job, seed: number | undefined, run: string | undefined) =>
        Effect.suspend(() => {
          const target = targets.get(run ?? "")
          targets.delete(run ?? "")
          return target === undefined ? newTarget(job, seed) : Effect.succeed(target)
        })
      return Worker.of({
        ...here,
        // An experiment that cannot be loaded fails again when it is trained.
        nameRun: (job, seed, saved) =>
          saved === undefined
            ? orUndefined(name(job, seed)).pipe(Effect.provideContext(services))
            : Effect.succeed(saved),
        train: (job, seed, run) => start(job, targetOfNew(job, seed, run), run),
        resume,
        follow: resume,
        findRun: (job, since, pid) => {
          const run = lastRun.get(job.name)
          if (run === undefined) return here.findRun(job, since, pid)
          // By its id, not by its time: the clock of the machine that trained it may differ.
          return Effect.map(here.readState(run), (state) => (state === undefined ? undefined : run))
        },
      })
    }),
  ).pipe(Layer.provide(layerProcesses(folders)))
