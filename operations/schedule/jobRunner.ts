/**
 * Keeps the nights of one experiment: (job, turn) -> begins, ends and records them; one at a time, and at most one waits.
 *
 * What a night became is written as a line first and forgotten in the state then; at a start a night in both is over. So is a
 * slot that is left out.
 */
import { type Cause, DateTime, Effect, type Fiber, Scope, Semaphore } from "effect"
import type { JobState, Night, OpenNight } from "../../schemas/ScheduledRun.ts"
import type { StorageFailed } from "../../storage/StorageFailed.ts"
import { told } from "./describe.ts"
import type { Job } from "./Job.ts"
import { Journal } from "./Journal.ts"
import { runNight } from "./scheduledRun.ts"
import { Worker } from "./Worker.ts"

export interface KeeperOptions {
  readonly job: Job
  /** One night at a time on this machine, whatever its experiment. */
  readonly turn: Semaphore.Semaphore
  /** Waits for the request to stop. */
  readonly stop: Effect.Effect<unknown>
  readonly stopped: () => boolean
  /** Tells others; must not fail. */
  readonly announce: (night: Night) => Effect.Effect<void>
}

const iso = (ms: number) => new Date(ms).toISOString()
const nowIso = Effect.map(DateTime.now, DateTime.formatIso)

export const openAt = (slot: string, missed: number): OpenNight => ({
  slot,
  startedAt: null,
  run: null,
  resumed: false,
  retries: 0,
  missed,
  waiting: false,
})

export type Keeper = Effect.Success<ReturnType<typeof makeKeeper>>

export const makeKeeper = Effect.fnUntraced(function* ({
  announce,
  job,
  stop,
  stopped,
  turn,
}: KeeperOptions) {
  const journal = yield* Journal
  const worker = yield* Worker
  const scope = yield* Scope.Scope
  const saving = yield* Semaphore.make(1)
  const before = (yield* journal.nights).filter(({ experiment }) => experiment === job.name)

  const loaded = yield* journal.load(job.name)
  const now = Date.parse(yield* nowIso)
  // A clock that was far ahead once must not put every slot into the past.
  const isPossible = (slot: string) => Date.parse(slot) <= now + 86_400_000
  const known = loaded !== undefined && isPossible(loaded.handledUntil)
  let state: JobState = {
    handledUntil: known
      ? before.reduce(
          (until, { slot }) => (slot > until && isPossible(slot) ? slot : until),
          loaded.handledUntil,
        )
      : iso(now),
    open: loaded?.open ?? null,
    queued: loaded?.queued ?? null,
  }
  const { open, queued } = state
  if (before.some(({ slot }) => slot === queued?.slot)) state = { ...state, queued: null }
  if (open !== null && !open.waiting) {
    const night = before.findLast(({ slot }) => slot === open.slot)
    const waits = night?.outcome === "timeLimit" || night?.outcome === "interrupted"
    if (night !== undefined) state = { ...state, open: waits ? { ...open, waiting: true } : null }
  }
  const runs = before.flatMap(({ run }) => (run === null ? [] : [run]))
  let digest = before.findLast(({ dataset }) => dataset !== null)?.dataset?.digest

  let busy = false
  let last: Fiber.Fiber<void> | undefined
  let failure: Cause.Cause<StorageFailed> | undefined

  const update = (change: Partial<JobState>) =>
    Effect.suspend(() => {
      state = { ...state, ...change }
      return saving.withPermits(1)(Effect.suspend(() => journal.save(job.name, state)))
    })

  const record = Effect.fnUntraced(function* (night: Night) {
    const changed = night.dataset !== null && digest !== undefined && night.dataset.digest !== digest
    digest = night.dataset?.digest ?? digest
    const line: Night = night.dataset === null ? night : { ...night, dataset: { ...night.dataset, changed } }
    yield* journal.append(line)
    if (line.run !== null && !runs.includes(line.run)) runs.push(line.run)
    const text = `${job.name}: ${told(line)}`
    yield* line.outcome === "failed" ? Effect.logWarning(text) : Effect.logInfo(text)
    if (changed) yield* Effect.logInfo(`${job.name}: the data is another than the night before`)
    yield* announce(line)
    return line
  })

  /** A slot without a night. */
  const note = Effect.fnUntraced(function* (
    outcome: "skipped" | "missed",
    slot: string,
    missed: number,
    reason: string,
  ) {
    yield* record({
      experiment: job.name,
      slot,
      timezone: job.timezone,
      startedAt: null,
      endedAt: yield* nowIso,
      outcome,
      run: null,
      resumed: false,
      retries: 0,
      missed,
      exitCode: null,
      reasons: [reason],
      accuracy: null,
      champion: (yield* worker.champion(job.name)) ?? null,
      dataset: null,
    })
  })

  /** Plays the open night to its end; undefined where the schedule was asked to stop. */
  const play = Effect.fnUntraced(function* () {
    if (stopped() || state.open === null) return undefined
    const end = yield* runNight({
      job,
      open: state.open,
      save: (open) => update({ open }),
      stop,
    })
    if (end.kind === "stopped") return undefined
    const line = yield* record(end.night)
    yield* update({ open: end.waits && state.open !== null ? { ...state.open, waiting: true } : null })
    if (job.keep !== undefined) {
      const gone = yield* worker.retain(runs, job.keep)
      if (gone.length > 0) yield* Effect.logInfo(`${job.name}: removed ${gone.join(", ")}`)
    }
    return line
  })

  /** The night of a slot: the one that waits to be gone on with, or a new one. */
  const take = (slot: string, missed: number): OpenNight =>
    state.open === null
      ? openAt(slot, missed)
      : { ...state.open, slot, missed, retries: 0, resumed: true, waiting: false }

  const launch: Effect.Effect<void, never, Journal | Worker> = Effect.gen(function* () {
    yield* turn.withPermits(1)(play())
    busy = state.queued !== null && !stopped()
    yield* beginQueued
  }).pipe(
    // A disk that is full, or a bug of ours: the loop is told, and ends with it.
    Effect.catchCause((cause) => Effect.sync(() => void (failure = cause))),
  )
  const fork: Effect.Effect<void, never, Journal | Worker> = Effect.suspend(() => {
    busy = true
    return Effect.map(Effect.forkIn(launch, scope), (fiber) => void (last = fiber))
  })

  const beginQueued: Effect.Effect<void, StorageFailed, Journal | Worker> = Effect.suspend(() => {
    const next = state.queued
    if (next === null || stopped()) return Effect.void
    return Effect.andThen(update({ open: take(next.slot, next.missed), queued: null }), fork)
  })
  /** Takes a slot out of the queue, or puts one in; who was there before it is recorded. */
  const enqueue = Effect.fnUntraced(function* (handledUntil: string, next: JobState["queued"]) {
    const replaced = state.queued
    // Both at once: while the one before is told of, this one may be begun and saved.
    state = { ...state, queued: next, handledUntil }
    if (replaced !== null) {
      yield* note("skipped", replaced.slot, replaced.missed, "a later slot took its place in the queue")
    }
    yield* update({})
  })

  yield* update({})
  return {
    job,
    handledUntil: () => Date.parse(state.handledUntil),
    busy: () => busy,
    failure: () => failure,
    /** The night that was begun last. */
    last: () => last,
    /** Goes on with what an earlier schedule left: its night, and the slot that was to come after it. */
    goOn: Effect.suspend(() => (state.open === null || state.open.waiting ? beginQueued : fork)),
    begin: Effect.fnUntraced(function* (slotMs: number, missed: number) {
      yield* update({ handledUntil: iso(slotMs), open: take(iso(slotMs), missed) })
      yield* fork
    }),
    queue: (slotMs: number, missed: number) => enqueue(iso(slotMs), { slot: iso(slotMs), missed }),
    leaveOut: Effect.fnUntraced(function* (
      outcome: "skipped" | "missed",
      slotMs: number,
      missed: number,
      reason: string,
    ) {
      yield* note(outcome, iso(slotMs), missed, reason)
      yield* update({ handledUntil: iso(slotMs) })
    }),
    /** One night at once, in this fiber: for --now. */
    playNow: Effect.fnUntraced(function* () {
      const slot = yield* nowIso
      yield* enqueue(slot, null)
      yield* update({ open: take(slot, 0) })
      return yield* turn.withPermits(1)(play())
    }),
  }
})
