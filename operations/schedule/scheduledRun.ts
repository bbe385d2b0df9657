/**
 * One night: (job, how it stands) -> what became of it. Trains or goes on, tries again what may pass, goes to the gate.
 *
 * How it stands is saved before a process is started and after it ended, so a schedule that is killed at any moment finds
 * its run again: by its name or, where that was not known yet, as the one its experiment made since `startedAt`.
 */
import { Clock, DateTime, Effect } from "effect"
import type { Night, OpenNight } from "../../schemas/ScheduledRun.ts"
import type { StorageFailed } from "../../storage/StorageFailed.ts"
import type { Ended } from "../childProcess.ts"
import { duration } from "../../format/duration.ts"
import type { Job } from "./Job.ts"
import { dateOf } from "./scheduledTimes.ts"
import { Worker, type Working } from "./Worker.ts"

/** What may be otherwise in a while: data that cannot be had, a run that somebody works on, a process that was killed. */
const passing = (code: number | null) => code === null || code === 69 || code === 75

/** The experiment's runs are stopped by a signal with a checkpoint: EX of our own convention. */
const interruptedCode = 130

export type NightEnd =
  /** The schedule was asked to stop: goes on when it starts again. */
  | { readonly kind: "stopped" }
  /** `waits`: the next slot goes on with it. */
  | { readonly kind: "over"; readonly night: Night; readonly waits: boolean }

export interface NightOptions {
  readonly job: Job
  readonly open: OpenNight
  readonly save: (open: OpenNight) => Effect.Effect<void, StorageFailed>
  /** Waits for the request to stop. */
  readonly stop: Effect.Effect<unknown>
}

const nowIso = Effect.map(DateTime.now, DateTime.formatIso)

const seedOf = ({ seed, seedPolicy, timezone }: Job, slot: string): number | undefined =>
  seedPolicy === "by-date" ? dateOf(Date.parse(slot), timezone) : seed

export const runNight = Effect.fn("runNight")(function* ({ job, save, stop, ...options }: NightOptions) {
  const worker = yield* Worker
  // What a schedule left of this slot began when it began; what an earlier slot left is gone on with from now.
  const left = options.open.startedAt
  const startedAt = left !== null && left >= options.open.slot ? left : yield* nowIso
  const startedMs = yield* Clock.currentTimeMillis
  const limitMs = job.timeLimitMinutes === undefined ? Infinity : job.timeLimitMinutes * 60_000
  let open = options.open
  const update = (change: Partial<OpenNight>) =>
    Effect.suspend(() => {
      open = { ...open, ...change }
      return save(open)
    })

  const over = Effect.fnUntraced(function* (
    outcome: Night["outcome"],
    exitCode: number | null,
    reasons: ReadonlyArray<string>,
    accuracy: number | null = null,
  ) {
    const digest = open.run === null ? undefined : yield* worker.dataset(open.run)
    const night: Night = {
      experiment: job.name,
      slot: open.slot,
      timezone: job.timezone,
      startedAt,
      endedAt: yield* nowIso,
      outcome,
      run: open.run,
      resumed: open.resumed,
      retries: open.retries,
      missed: open.missed,
      exitCode,
      reasons,
      accuracy,
      champion: (yield* worker.champion(job.name)) ?? null,
      dataset: digest === undefined ? null : { digest, changed: false },
    }
    return {
      kind: "over",
      night,
      waits: open.run !== null && (outcome === "timeLimit" || outcome === "interrupted"),
    } satisfies NightEnd as NightEnd
  })

  /** Undefined, after a pause, where it is to be tried again: `what` failed and may be otherwise in a while. */
  const giveUp = Effect.fnUntraced(function* (code: number | null, passes: boolean, what: string) {
    if (!passes || open.retries >= job.retries.times) {
      const tried = open.retries === 0 ? "" : ` (tried ${open.retries + 1} times)`
      return yield* over("failed", code, [`${what}${tried}`])
    }
    const pauseMs = 1000 * job.retries.pauseSeconds * 2 ** open.retries
    yield* update({ retries: open.retries + 1 })
    yield* Effect.logWarning(`${job.name}: ${what}; tried again in ${Math.round(pauseMs / 1000)} s`)
    const stopped = yield* Effect.raceFirst(Effect.as(stop, true), Effect.as(Effect.sleep(pauseMs), false))
    return stopped ? ({ kind: "stopped" } satisfies NightEnd as NightEnd) : undefined
  })

  const judged = Effect.fnUntraced(function* (run: string) {
    while (true) {
      const result = yield* worker.judge(job, run)
      if (!("problem" in result)) {
        const outcome = result.champion ? "champion" : "challenger"
        return yield* over(outcome, 0, result.reasons, result.verdict?.accuracy ?? null)
      }
      const { code, problem } = result
      // Interrupted is not its answer either: the run is trained, and the gate can be asked again.
      const passes = passing(code) || code === interruptedCode
      const end = yield* giveUp(code, passes, `trained, but the gate could not judge it: ${problem}`)
      if (end !== undefined) return end
    }
  })

  /** Starts what has to be done, or undefined where the run is finished. */
  const begin = Effect.fnUntraced(function* () {
    const { startedAt } = open
    const run = open.run ?? (startedAt === null ? undefined : yield* worker.ownRun(job, startedAt, undefined))
    const seen = run === undefined ? undefined : yield* worker.look(run)
    if (run === undefined || seen === undefined) {
      yield* update({ run: null, resumed: false, startedAt: yield* nowIso })
      return yield* worker.train(job, seedOf(job, open.slot))
    }
    yield* update({ run, resumed: open.resumed || seen.status !== "finished" })
    if (seen.status === "finished") return undefined
    return yield* seen.status === "running" ? worker.follow(run) : worker.goOn(job, run)
  })

  /** How a process ended, and whether that was because it was asked to. */
  const ending = Effect.fnUntraced(function* (working: Working) {
    const spentMs = (yield* Clock.currentTimeMillis) - startedMs
    const ended: Ended | "limit" | "stop" = yield* Effect.raceFirst(
      Effect.raceFirst(working.ended, Effect.as(stop, "stop" as const)),
      limitMs === Infinity
        ? Effect.never
        : Effect.as(Effect.sleep(Math.max(0, limitMs - spentMs)), "limit" as const),
    )
    const asked = typeof ended === "string" ? ended : undefined
    return { asked, ...(typeof ended === "string" ? yield* working.stop : ended) }
  })

  while (true) {
    const working = yield* begin()
    if (working === undefined) return yield* judged(open.run as string)
    const { asked, code, reason } = yield* ending(working)
    const run = open.run ?? (yield* worker.ownRun(job, open.startedAt ?? open.slot, working.pid)) ?? null
    // Without a run it has not begun: one that a person makes meanwhile is not the night's.
    yield* update(run === null ? { run, startedAt: null } : { run })
    if (code === 0 && run !== null) return yield* judged(run)
    if (code === 0) {
      const problem = `it made no run of ${job.name}: if the experiment has another name now, start the schedule again`
      return yield* over("failed", code, [problem])
    }
    if (asked === "stop") return { kind: "stopped" } satisfies NightEnd as NightEnd
    if (asked === "limit") {
      return yield* over("timeLimit", code, [`stopped after ${duration(limitMs / 1000)}, its limit`])
    }
    if (code === interruptedCode) return yield* over("interrupted", code, [reason])
    const end = yield* giveUp(code, passing(code), reason)
    if (end !== undefined) return end
  }
})
