/**
 * A worker: (queue, seats) -> void. It claims jobs and trains each in a process of its own, as many at a time as it has seats,
 * until it is asked to stop: then each process saves a checkpoint, and its job is given back.
 *
 * The processes end when this one does. It never computes itself, so that claims are renewed whatever an engine does. If the queue
 * is away, training continues, and the outcome is delivered later.
 */
import {
  Deferred,
  Effect,
  type FileSystem,
  Option,
  type Path,
  Ref,
  Schedule,
  Schema,
  type Scope,
  Semaphore,
} from "effect"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { cancelled, type QueuedJob, type JobOutcome } from "../../schemas/QueuedJob.ts"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { type Ended, startProcess } from "../childProcess.ts"
import { type Claim, LeaseTimes, Queue, type Returned } from "./Queue.ts"
import { makeReachability, type Reachability } from "./reachability.ts"
import type { Sharing, ShareRuns } from "./shareRuns.ts"

/** The interval between two looks for a job while there is none. */
const pollMs = 300
/** The interval between two looks while the queue is away. */
const retryMs = 1000
/** For how long a worker that has lost a claim looks who has taken the run over. */
const lookMs = 5000
/** For how long a worker that stops tries to give back its jobs. */
const shutdownMs = 5000
/** For how long a job that could not be trained is left alone the first time; each time it is twice as long. */
const laterMs = 15_000
const longestLaterMs = 600_000
/** A job whose process was killed so many times (by the system, for its memory) has failed. */
const mostKills = 5

/** The job may succeed at another time or on another machine. */
const temporary: ReadonlyArray<number> = [
  exitCodes.noInput,
  exitCodes.unavailable,
  exitCodes.cannotCreate,
  exitCodes.ioError,
  exitCodes.temporary,
  exitCodes.interrupted,
]

/** How the training of a job ended here; `returned`: it was given back, or taken over by another worker. */
export interface JobDone {
  readonly job: QueuedJob
  readonly status: JobOutcome["status"] | "returned"
  readonly reason: string
  readonly run: string | null
}

export interface WorkerOptions {
  readonly seats: number
  /** End when no job is queued or running anymore. */
  readonly untilEmpty: boolean
  /** The words after `pipeline` that train one job. */
  readonly commandOf: (
    job: QueuedJob,
  ) => Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem | Path.Path | Scope.Scope>
  readonly onDone: (done: JobDone) => Effect.Effect<void>
  /** Shares the runs of a job through a store, if the machines have no folder for them in common. */
  readonly share?: ShareRuns
}

type Reach = Reachability["reach"]

const TrainedText = Schema.fromJsonString(Schema.Struct({ run: Schema.String }))
const decodeTrained = Schema.decodeUnknownOption(TrainedText)

/** Renews a claim until the scope ends; succeeds when it is lost or expired, or its job is to be cancelled. */
const keepClaim = Effect.fnUntraced(function* (claim: Claim, reach: Reach) {
  const { renewMs } = yield* LeaseTimes
  const ended = yield* Deferred.make<"lost" | "cancelling" | "expired">()
  const renew = Effect.gen(function* () {
    while (true) {
      yield* Effect.sleep(renewMs)
      const state = yield* reach(claim.renew)
      if (state !== undefined && state !== "held") yield* Deferred.succeed(ended, state)
      if (state === "lost") return
    }
  })
  yield* Effect.forkScoped(renew)
  return Deferred.await(ended)
})

/** Why this worker stopped the process of a job, to give the job back. */
const stopReasons = {
  stopped: "its worker was stopped",
  expired: "its worker held it for as long as the queue allows",
}

/** What becomes of a job whose process has ended by itself, or was stopped. */
const verdictOf = (
  { code, reason }: Ended,
  printed: string,
  stopReason: string | undefined,
  { kills, returns }: Claim,
): { readonly outcome: JobOutcome } | { readonly returned: Returned } => {
  if (code === 0) {
    const run = Option.getOrUndefined(decodeTrained(printed))?.run ?? null
    return { outcome: { status: "finished", exitCode: 0, reason: "", run } }
  }
  if (stopReason !== undefined) return { returned: { reason: stopReason, kills, returns, delayMs: 0 } }
  if (code === null && kills + 1 < mostKills) {
    return { returned: { reason, kills: kills + 1, returns, delayMs: laterMs } }
  }
  if (code !== null && temporary.includes(code)) {
    const delayMs = Math.min(laterMs * 2 ** returns, longestLaterMs)
    return { returned: { reason, kills, returns: returns + 1, delayMs } }
  }
  const exitCode = code ?? exitCodes.temporary
  return { outcome: { status: "failed", exitCode, reason, run: null } }
}

/** For runs in a folder that the machines share. */
const sharedAlready: Sharing = { look: Effect.void, deliver: Effect.succeed("shared") }

/** A job has finished only if its run is where others find it; one that was given back keeps its counts and its delay. */
const unlessUnshared = (
  verdict: ReturnType<typeof verdictOf>,
  delivered: "shared" | "taken over" | "away",
  { kills, returns }: Claim,
) => {
  const isFinished = "outcome" in verdict && verdict.outcome.status === "finished"
  if (delivered === "shared" || !isFinished) return verdict
  const reason = delivered === "away" ? "the store is away" : "another worker took it over"
  return { returned: { reason, kills, returns, delayMs: 0 } }
}

/** Trains one claimed job to its end, and delivers what became of it. */
const trainClaimed = Effect.fnUntraced(function* (
  claim: Claim,
  seat: number,
  reach: Reach,
  options: WorkerOptions,
) {
  const stop = yield* StopSignal
  const { job } = claim
  const claimEnded = yield* keepClaim(claim, reach)
  const started = yield* startProcess(yield* options.commandOf(job), {
    ...(options.seats === 1 ? {} : { source: `seat ${seat}` }),
    endsWithParent: true,
  })
  const sharing = options.share === undefined ? sharedAlready : yield* options.share(job, started.pid)
  const first = yield* Effect.raceAllFirst([
    Effect.as(started.ended, "ended" as const),
    Effect.as(stop.awaited, "stopped" as const),
    claimEnded,
  ])
  // A process that knows who has taken its run over says so when it ends.
  if (first === "lost") yield* Effect.raceFirst(sharing.look, Effect.sleep(lookMs))
  const ended = first === "ended" ? yield* started.ended : yield* started.stop
  if (first === "lost") {
    const reason = "another worker took it over"
    return { job, status: "returned", reason, run: null } satisfies JobDone as JobDone
  }
  // A worker that stops while the store or the queue is away leaves what it has to the next one.
  const shutdown = Effect.andThen(stop.awaited, Effect.sleep(shutdownMs))
  const delivered = yield* Effect.raceFirst(sharing.deliver, Effect.as(shutdown, "away" as const))
  const verdict =
    first === "cancelling"
      ? { outcome: cancelled("cancelled") }
      : unlessUnshared(
          verdictOf(ended, started.printed(), first === "ended" ? undefined : stopReasons[first], claim),
          delivered,
          claim,
        )
  const deliver = (
    "outcome" in verdict ? claim.settle(verdict.outcome) : claim.giveBack(verdict.returned)
  ).pipe(
    Effect.tapError((error) => reach(Effect.fail(error))),
    Effect.retry(Schedule.spaced(retryMs)),
  )
  const isDelivered = yield* reach(Effect.raceFirst(deliver, Effect.as(shutdown, false)))
  const { reason, run, status } =
    "outcome" in verdict
      ? verdict.outcome
      : { status: "returned" as const, reason: verdict.returned.reason, run: null }
  const done =
    isDelivered === true ? reason : `${reason === "" ? status : reason}, which the queue does not know yet`
  return { job, status, reason: done, run } satisfies JobDone as JobDone
}, Effect.scoped)

/** Whether nothing is queued or running; false while the queue is away. */
const isEmpty = Effect.fnUntraced(function* (reach: Reach) {
  return (yield* reach((yield* Queue).isEmpty)) ?? false
})

/** One seat: claims a job, trains it, and so on. */
const runSeat = Effect.fnUntraced(function* (
  seat: number,
  looking: Semaphore.Semaphore,
  reach: Reach,
  options: WorkerOptions,
) {
  const queue = yield* Queue
  const stop = yield* StopSignal
  const isEnded = yield* Ref.make(false)
  const look = Effect.gen(function* () {
    if (stop.requested() !== undefined) return undefined
    const claim = yield* reach(queue.claim)
    if (claim !== undefined) return claim
    if (options.untilEmpty && (yield* isEmpty(reach))) yield* Ref.set(isEnded, true)
    else yield* Effect.raceFirst(Effect.sleep(pollMs), stop.awaited)
    return undefined
  })
  while (stop.requested() === undefined && !(yield* Ref.get(isEnded))) {
    // One seat at a time looks for a job, so that an idle worker asks no more often with many seats.
    const claim = yield* looking.withPermits(1)(look)
    if (claim === undefined) continue
    yield* Effect.logInfo(`training ${claim.job.what}`)
    yield* options.onDone(yield* trainClaimed(claim, seat, reach, options))
  }
})

/** Ends when a stop is requested, or when the queue is empty. */
export const runWorker = Effect.fn("runWorker")(function* (options: WorkerOptions) {
  const looking = yield* Semaphore.make(1)
  const { reach } = yield* makeReachability("training continues")
  const seats = Array.from({ length: options.seats }, (_, i) => runSeat(i + 1, looking, reach, options))
  yield* Effect.all(seats, { concurrency: "unbounded", discard: true })
})
