/**
 * The schedule: (jobs) -> a night at every slot, until it is asked to stop.
 *
 * Slots are found by looking at the clock, never by counting: at every look those since the last one that was dealt with
 * are due. So a machine that slept, a clock that was set and a schedule that was not running are one case, and no slot
 * comes twice.
 */
import { Clock, Effect, Fiber, Semaphore } from "effect"
import type { Night } from "../../schemas/ScheduledRun.ts"
import type { Job } from "./Job.ts"
import { type Keeper, makeKeeper } from "./jobRunner.ts"
import { dueSlots, nextSlot } from "./scheduledTimes.ts"

/** A slot later than this was missed: a machine that is busy may be late by minutes. */
const toleranceMs = 900_000

export interface ScheduleOptions {
  readonly jobs: ReadonlyArray<Job>
  /** The longest sleep: a timer does not notice that the machine slept or the clock was set. */
  readonly lookMs: number
  readonly stop: Effect.Effect<unknown>
  readonly stopped: () => boolean
  readonly announce: (night: Night) => Effect.Effect<void>
}

/** Deals with what is due at `now`. */
const deal = Effect.fnUntraced(function* (keeper: Keeper, cron: NonNullable<Job["due"]>, now: number) {
  const { job } = keeper
  const due = dueSlots(cron, keeper.handledUntil(), now)
  if (due === undefined) return
  const { count, latest } = due
  if (now - latest > toleranceMs && job.catchUp === "none") {
    yield* keeper.leaveOut("missed", latest, count - 1, "nothing was running to see it")
  } else if (!keeper.busy()) yield* keeper.begin(latest, count - 1)
  else if (job.overlap === "queue") yield* keeper.queue(latest, count - 1)
  else yield* keeper.leaveOut("skipped", latest, count - 1, "the night before was still going on")
})

/** Watches the slots of one experiment; ends when asked to, once its night has. */
const watch = Effect.fnUntraced(function* (
  keeper: Keeper,
  cron: NonNullable<Job["due"]>,
  { lookMs, stop, stopped }: Pick<ScheduleOptions, "lookMs" | "stop" | "stopped">,
) {
  // Searching for a slot takes longer than looking at the clock: once a slot.
  let next = nextSlot(cron, keeper.handledUntil())
  while (!stopped()) {
    const now = yield* Clock.currentTimeMillis
    if (now >= next) {
      yield* deal(keeper, cron, now)
      next = nextSlot(cron, keeper.handledUntil())
    }
    yield* Effect.raceFirst(Effect.sleep(Math.max(1, Math.min(lookMs, next - now))), stop)
    const failure = keeper.failure()
    if (failure !== undefined) return yield* Effect.failCause(failure)
  }
  const night = keeper.last()
  if (night !== undefined) yield* Fiber.await(night)
})

export const runSchedule = Effect.fn("runSchedule")(function* ({ jobs, ...options }: ScheduleOptions) {
  const turn = yield* Semaphore.make(1)
  const keepers = yield* Effect.forEach(jobs, (job) => makeKeeper({ job, turn, ...options }))
  for (const keeper of keepers) yield* keeper.goOn
  yield* Effect.forEach(
    keepers,
    (keeper) => (keeper.job.due === undefined ? Effect.void : watch(keeper, keeper.job.due, options)),
    { concurrency: "unbounded", discard: true },
  )
}, Effect.scoped)

/** One night of each at once, one after the other; nothing for those that the request to stop came before. */
export const runNow = Effect.fn("runNow")(function* ({ jobs, ...options }: ScheduleOptions) {
  const turn = yield* Semaphore.make(1)
  const nights: Array<Night> = []
  for (const job of jobs) {
    const keeper = yield* makeKeeper({ job, turn, ...options })
    const night = yield* keeper.playNow()
    if (night !== undefined) nights.push(night)
  }
  return nights
}, Effect.scoped)
