/**
 * A queue of jobs for many machines: submit, claim, renew, settle, give back; list and cancel.
 *
 * A claim holds while it is renewed. One that was not renewed for a lease has lapsed, and another worker may claim the job. A
 * worker that lost its claim does no harm: the run's own attempt number stops it (`storage/attempts.ts`).
 */
import { Context, type Effect, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import type { ListedJob, QueuedJob, JobOutcome } from "../../schemas/QueuedJob.ts"

export interface Lease {
  /** A claim that was not renewed for this long has lapsed. */
  readonly leaseMs: number
  /** The interval between two renewals. */
  readonly renewMs: number
}

/** Tests of a queue wait for shorter leases. */
export const LeaseTimes = Context.Reference<Lease>("tidemark/operations/queue/LeaseTimes", {
  defaultValue: () => ({ leaseMs: 12_000, renewMs: 3000 }),
})

/** The queue cannot be reached now, or the store with the runs of its jobs. */
export class QueueUnavailable extends Failure<QueueUnavailable>()("QueueUnavailable", {
  exitCode: "unavailable",
  fields: { queue: Schema.String, store: Schema.optionalKey(Schema.String), reason: Schema.String },
  message: ({ queue, reason, store }) =>
    store === undefined
      ? `cannot reach the queue ${queue}: ${reason}; what is queued stays there`
      : `cannot copy runs of the store ${store}: ${reason}; what is queued stays in the queue`,
}) {}

/**
 * The claim of this worker: still held, taken over by another worker or settled by one, to be cancelled, or held for as long as the
 * queue allows and to be given back.
 */
export type ClaimState = "held" | "lost" | "cancelling" | "expired"

type Queued<A> = Effect.Effect<A, QueueUnavailable>

export interface Claim {
  readonly job: QueuedJob
  /** How many times a process that trained it was killed. */
  readonly kills: number
  /** How many times it was given back because it could not be trained then and there. */
  readonly returns: number
  readonly renew: Queued<ClaimState>
  /** Ends the job; false if the claim was lost before. */
  readonly settle: (outcome: JobOutcome) => Queued<boolean>
  /** Another worker may claim it, at once or after `delayMs`; false if the claim was lost before. */
  readonly giveBack: (returned: Returned) => Queued<boolean>
}

export interface Returned {
  readonly reason: string
  readonly kills: number
  readonly returns: number
  readonly delayMs: number
}

export class Queue extends Context.Service<
  Queue,
  {
    /** Its address, without secrets. */
    readonly address: string
    /** A job that is queued or running already stays as it is; one that has ended is queued again. */
    readonly submit: (jobs: ReadonlyArray<QueuedJob>) => Queued<void>
    /** Claims the oldest job that nobody holds; undefined if there is none. */
    readonly claim: Queued<Claim | undefined>
    /** Whether no job is queued or running. */
    readonly isEmpty: Queued<boolean>
    /** All jobs, oldest first, or those with an id in `ids`. */
    readonly list: (ids?: ReadonlyArray<string>) => Queued<ReadonlyArray<ListedJob>>
    /** Asks to cancel jobs; their state says when nothing trains them anymore. */
    readonly cancel: (ids: ReadonlyArray<string>) => Queued<void>
  }
>()("tidemark/operations/queue/Queue") {}
