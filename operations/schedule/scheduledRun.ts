/**
 * One scheduled run: (job, its progress) -> its result. It trains or resumes, retries temporary failures, and goes to
 * the gate.
 *
 * Progress is saved before each process is started and after it ended, so a schedule that is killed at any moment
 * finds its run again: by its id or, before the id is known, as the newest run of its experiment created since
 * `startedAt`. A run that goes through a queue has its id before its job is submitted.
 */
import { Clock, DateTime, Effect, Ref } from "effect"
import { exitCodes } from "../../schemas/exitCodes.ts"
import type { ScheduledRun, OpenScheduledRun } from "../../schemas/ScheduledRun.ts"
import type { ClaimLost } from "../../storage/lock/claim.ts"
import type { StorageFailed } from "../../storage/StorageFailed.ts"
import type { Ended } from "../childProcess.ts"
import { duration } from "../../format/duration.ts"
import type { Job } from "./Job.ts"
import { dateOf } from "./scheduledTimes.ts"
import { Worker, type ScheduledProcess } from "./Worker.ts"

/** Failures that may pass: unavailable data, a run that another process holds, a killed process (null). */
const isTemporary = (code: number | null) =>
  code === null || code === exitCodes.unavailable || code === exitCodes.temporary

export type ScheduledRunEnd =
  /** The schedule was stopped; it resumes the run when it starts again. */
  | { readonly kind: "stopped" }
  /** `waits`: the next scheduled run resumes it. */
  | { readonly kind: "over"; readonly scheduledRun: ScheduledRun; readonly waits: boolean }

const stopped: ScheduledRunEnd = { kind: "stopped" }

export interface ScheduledRunOptions {
  readonly job: Job
  readonly open: OpenScheduledRun
  readonly save: (open: OpenScheduledRun) => Effect.Effect<void, ClaimLost | StorageFailed>
  /** Waits until the schedule is stopped. */
  readonly stop: Effect.Effect<unknown>
}

/** What the steps of one scheduled run share. */
interface Context extends Pick<ScheduledRunOptions, "job" | "stop"> {
  readonly startedAt: string
  /** The time limit counts from here: from the start of this schedule, not of the run. */
  readonly startedMs: number
  readonly open: Effect.Effect<OpenScheduledRun>
  /** Changes the progress and saves it. */
  readonly update: (change: Partial<OpenScheduledRun>) => Effect.Effect<void, ClaimLost | StorageFailed>
}

const nowIso = Effect.map(DateTime.now, DateTime.formatIso)

const makeContext = Effect.fnUntraced(function* ({ job, save, stop, ...options }: ScheduledRunOptions) {
  const open = yield* Ref.make(options.open)
  // A run of this scheduled time keeps its start; one that waited since an earlier time starts now.
  const { scheduledAt, startedAt } = options.open
  const context: Context = {
    job,
    stop,
    startedAt: startedAt !== null && startedAt >= scheduledAt ? startedAt : yield* nowIso,
    startedMs: yield* Clock.currentTimeMillis,
    open: Ref.get(open),
    update: (change) =>
      Effect.flatMap(
        Ref.updateAndGet(open, (before) => ({ ...before, ...change })),
        save,
      ),
  }
  return context
})

const finish = Effect.fnUntraced(function* (
  { job, open, startedAt }: Context,
  outcome: ScheduledRun["outcome"],
  exitCode: number | null,
  reasons: ReadonlyArray<string>,
  accuracy: number | null = null,
) {
  const worker = yield* Worker
  const { missed, resumed, retries, run, scheduledAt } = yield* open
  const digest = run === null ? undefined : yield* worker.dataset(run)
  const scheduledRun: ScheduledRun = {
    experiment: job.name,
    scheduledAt,
    timezone: job.timezone,
    startedAt,
    endedAt: yield* nowIso,
    outcome,
    run,
    resumed,
    retries,
    missed,
    exitCode,
    reasons,
    accuracy,
    champion: (yield* worker.champion(job.name)) ?? null,
    dataset: digest === undefined ? null : { digest, changed: false },
  }
  const waits = run !== null && (outcome === "timeLimit" || outcome === "interrupted")
  return { kind: "over", scheduledRun, waits } satisfies ScheduledRunEnd as ScheduledRunEnd
})

/** Undefined, after a pause, to try the step again; otherwise how the run ends. */
const retryOrFail = Effect.fnUntraced(function* (
  context: Context,
  code: number | null,
  canRetry: boolean,
  reason: string,
) {
  const { job, open, stop, update } = context
  const { retries } = yield* open
  if (!canRetry || retries >= job.retries.times) {
    const tried = retries === 0 ? "" : ` (tried ${retries + 1} times)`
    return yield* finish(context, "failed", code, [`${reason}${tried}`])
  }
  const pauseMs = 1000 * job.retries.pauseSeconds * 2 ** retries
  yield* update({ retries: retries + 1 })
  yield* Effect.logWarning(`${job.name}: ${reason}; retrying in ${Math.round(pauseMs / 1000)} s`)
  return yield* Effect.raceFirst(Effect.as(stop, stopped), Effect.as(Effect.sleep(pauseMs), undefined))
})

/** Takes a trained run to the gate, again if the gate gives no verdict. */
const judge = Effect.fnUntraced(function* (context: Context, run: string) {
  const worker = yield* Worker
  while (true) {
    const result = yield* worker.judge(context.job, run)
    if (!("problem" in result)) {
      const outcome = result.champion ? "champion" : "challenger"
      return yield* finish(context, outcome, 0, result.reasons, result.verdict?.accuracy ?? null)
    }
    const { code, problem } = result
    // The run stays trained if the gate is interrupted, so the gate can be tried again.
    const canRetry = isTemporary(code) || code === exitCodes.interrupted
    const reason = `trained, but the gate failed: ${problem}`
    const end = yield* retryOrFail(context, code, canRetry, reason)
    if (end !== undefined) return end
  }
})

const seedOf = ({ seed, seedPolicy, timezone }: Job, scheduledAt: string): number | undefined =>
  seedPolicy === "by-date" ? dateOf(Date.parse(scheduledAt), timezone) : seed

type Started = { readonly working: ScheduledProcess } | { readonly finished: string }

/** Trains, resumes or follows the run, unless it is finished. */
const startWork = Effect.fnUntraced(function* ({ job, open, update }: Context) {
  const worker = yield* Worker
  const { resumed, run: known, scheduledAt, startedAt } = yield* open
  const run = known ?? (startedAt === null ? undefined : yield* worker.findRun(job, startedAt, undefined))
  const seen = run === undefined ? undefined : yield* worker.readState(run)
  if (run === undefined || seen === undefined) {
    const seed = seedOf(job, scheduledAt)
    const named = yield* worker.nameRun(job, seed, run)
    yield* update({ run: named ?? null, resumed: false, startedAt: yield* nowIso })
    return { working: yield* worker.train(job, seed, named) } satisfies Started as Started
  }
  yield* update({ run, resumed: resumed || seen.status !== "finished" })
  if (seen.status === "finished") return { finished: run }
  return { working: yield* seen.status === "running" ? worker.follow(job, run) : worker.resume(job, run) }
})

const limitMsOf = ({ timeLimitMinutes }: Job) =>
  timeLimitMinutes === undefined ? Infinity : timeLimitMinutes * 60_000

/** How a process ended, and what it was stopped for, if it was. */
const awaitEnd = Effect.fnUntraced(function* ({ job, startedMs, stop }: Context, working: ScheduledProcess) {
  const spentMs = (yield* Clock.currentTimeMillis) - startedMs
  const leftMs = Math.max(0, limitMsOf(job) - spentMs)
  const ended: Ended | "limit" | "stop" = yield* Effect.raceFirst(
    Effect.raceFirst(working.ended, Effect.as(stop, "stop" as const)),
    leftMs === Infinity ? Effect.never : Effect.as(Effect.sleep(leftMs), "limit" as const),
  )
  return typeof ended === "string"
    ? { stoppedFor: ended, ...(yield* working.stop) }
    : { stoppedFor: undefined, ...ended }
})

/**
 * Waits for one process and decides what comes after it: undefined for another process, otherwise how the run ends.
 */
const runProcess = Effect.fnUntraced(function* (context: Context, working: ScheduledProcess) {
  const { job, open, update } = context
  const worker = yield* Worker
  const { code, reason, stoppedFor } = yield* awaitEnd(context, working)
  const { run: known, scheduledAt, startedAt } = yield* open
  const created = known !== null && (yield* worker.readState(known)) !== undefined ? known : undefined
  const run = created ?? (yield* worker.findRun(job, startedAt ?? scheduledAt, working.pid)) ?? null
  // Without a run nothing has started: a run that a person creates meanwhile does not belong to this one.
  yield* update(run === null ? { run, startedAt: null } : { run })
  if (code === 0 && run !== null) return yield* judge(context, run)
  if (code === 0) {
    const problem = `no run of ${job.name} was created; if the experiment was renamed, restart the schedule`
    return yield* finish(context, "failed", code, [problem])
  }
  if (stoppedFor === "stop") return stopped
  if (stoppedFor === "limit") {
    const limit = duration(limitMsOf(job) / 1000)
    return yield* finish(context, "timeLimit", code, [`stopped after ${limit}, its time limit`])
  }
  if (code === exitCodes.interrupted) return yield* finish(context, "interrupted", code, [reason])
  return yield* retryOrFail(context, code, isTemporary(code), reason)
})

export const executeScheduledRun = Effect.fn("executeScheduledRun")(function* (options: ScheduledRunOptions) {
  const context = yield* makeContext(options)
  while (true) {
    const started = yield* startWork(context)
    const end = yield* "finished" in started
      ? judge(context, started.finished)
      : runProcess(context, started.working)
    if (end !== undefined) return end
  }
})
