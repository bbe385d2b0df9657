/**
 * Runs one scheduled job: (job, semaphore) -> starts, finishes and records its runs. At most one runs and one waits.
 *
 * The job's state (`jobState.ts`) alone decides what happens next; it is saved at every change. A run is recorded
 * before the state forgets it; so is a scheduled time that is skipped.
 */
import { Clock, Effect, Latch, Ref, Semaphore } from "effect"
import type { JobState, ScheduledRun } from "../../schemas/ScheduledRun.ts"
import { makeJobRecords, type SkippedTime } from "./jobRecords.ts"
import type { Job } from "./Job.ts"
import { isBusy, isRunnable, openAt, restoreState, toIso } from "./jobState.ts"
import { Journal } from "./Journal.ts"
import { executeScheduledRun } from "./scheduledRun.ts"

export interface JobRunnerOptions {
  readonly job: Job
  /** Lets one run at a time use this machine, whatever its experiment. */
  readonly semaphore: Semaphore.Semaphore
  /** Waits until the schedule is stopped. */
  readonly stop: Effect.Effect<unknown>
  readonly stopped: () => boolean
  /** Must not fail. */
  readonly notify: (scheduledRun: ScheduledRun) => Effect.Effect<void>
}

/** The job's state, saved at every change, one save after the other, each with the newest state. */
const makeSavedState = Effect.fnUntraced(function* (job: Job, recorded: ReadonlyArray<ScheduledRun>) {
  const journal = yield* Journal
  const saving = yield* Semaphore.make(1)
  const saved = yield* journal.load(job.name)
  const state = yield* Ref.make(restoreState(saved, recorded, yield* Clock.currentTimeMillis))
  const save = saving.withPermits(1)(Effect.flatMap(Ref.get(state), (now) => journal.save(job.name, now)))
  const update = (change: (state: JobState) => Partial<JobState>) =>
    Effect.andThen(
      Ref.update(state, (before) => ({ ...before, ...change(before) })),
      save,
    )
  yield* save
  return { state, save, update }
})

/** What the parts of a runner share. */
interface Context extends JobRunnerOptions, Effect.Success<ReturnType<typeof makeSavedState>> {
  readonly records: Effect.Success<ReturnType<typeof makeJobRecords>>
  /** Open when there may be something to run. */
  readonly changed: Latch.Latch
}

/** Runs the open run to its end; undefined if the schedule was stopped. */
const runOpen = ({ job, records, semaphore, state, stop, stopped, update }: Context) =>
  Effect.gen(function* () {
    const { open } = yield* Ref.get(state)
    if (stopped() || open === null) return undefined
    const end = yield* executeScheduledRun({ job, open, save: (open) => update(() => ({ open })), stop })
    if (end.kind === "stopped") return undefined
    const scheduledRun = yield* records.record(end.scheduledRun)
    yield* records.prune
    yield* update(({ open }) => ({ open: end.waits && open !== null ? { ...open, waiting: true } : null }))
    return scheduledRun
  }).pipe(semaphore.withPermits(1))

/** Runs the open run, then the queued one, until neither is left. */
const runAll = Effect.fnUntraced(function* (context: Context) {
  const { state, stopped, update } = context
  while (!stopped()) {
    const { open, queued } = yield* Ref.get(state)
    if (isRunnable(open)) {
      if ((yield* runOpen(context)) === undefined) return
    } else if (queued !== null) {
      yield* update(({ open }) => ({ open: openAt(open, queued.scheduledAt, queued.missed), queued: null }))
    } else return
  }
})

/** Runs what is dispatched, first what an earlier schedule left, until the schedule stops. */
const work = Effect.fnUntraced(function* (context: Context) {
  const { changed, stop, stopped } = context
  while (!stopped()) {
    yield* changed.close
    yield* runAll(context)
    yield* Effect.raceFirst(changed.await, stop)
  }
})

const start = Effect.fnUntraced(function* (
  { changed, update }: Context,
  scheduledAt: string,
  missed: number,
) {
  yield* update(({ open }) => ({ handledUntil: scheduledAt, open: openAt(open, scheduledAt, missed) }))
  yield* changed.open
})

/** Replaces the queued time; the one that was queued is recorded as skipped. */
const replaceQueued = Effect.fnUntraced(function* (
  { changed, records, save, state }: Context,
  handledUntil: string,
  queued: JobState["queued"],
) {
  // Both at once: while the replaced one is recorded, this one may be opened and saved.
  const replaced = yield* Ref.modify(state, (before) => [before.queued, { ...before, queued, handledUntil }])
  yield* changed.open
  if (replaced !== null) {
    const reason = "a later scheduled run replaced it in the queue"
    yield* records.recordSkipped({ ...replaced, outcome: "skipped", reason })
  }
  yield* save
})

const skip = Effect.fnUntraced(function* ({ records, update }: Context, skipped: SkippedTime) {
  yield* records.recordSkipped(skipped)
  yield* update(() => ({ handledUntil: skipped.scheduledAt }))
})

const runNow = Effect.fnUntraced(function* (context: Context) {
  const scheduledAt = toIso(yield* Clock.currentTimeMillis)
  yield* replaceQueued(context, scheduledAt, null)
  yield* context.update(({ open }) => ({ open: openAt(open, scheduledAt, 0) }))
  return yield* runOpen(context)
})

export type JobRunner = Effect.Success<ReturnType<typeof makeJobRunner>>

export const makeJobRunner = Effect.fnUntraced(function* (options: JobRunnerOptions) {
  const { job, notify } = options
  const records = yield* makeJobRecords(job, notify)
  const saved = yield* makeSavedState(job, yield* records.all)
  const context: Context = { ...options, ...saved, records, changed: yield* Latch.make() }
  const state = Ref.get(saved.state)
  return {
    job,
    handledUntilMs: Effect.map(state, ({ handledUntil }) => Date.parse(handledUntil)),
    isBusy: Effect.map(state, isBusy),
    work: work(context),
    start: (scheduledAt: string, missed: number) => start(context, scheduledAt, missed),
    enqueue: (scheduledAt: string, missed: number) =>
      replaceQueued(context, scheduledAt, { scheduledAt, missed }),
    skip: (skipped: SkippedTime) => skip(context, skipped),
    /** Runs once now, without `work`: for --now. */
    runNow: runNow(context),
  }
})
