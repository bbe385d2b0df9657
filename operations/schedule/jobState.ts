/**
 * The state of a scheduled job, as pure transitions: (saved state, recorded runs) -> JobState.
 *
 * At most one scheduled run is open, and one scheduled time is queued behind it. A run is open from its scheduled
 * time until it is recorded; one that was stopped with a checkpoint stays open and waits for the next scheduled time.
 */
import type { JobState, ScheduledRun, OpenScheduledRun } from "../../schemas/ScheduledRun.ts"

export const toIso = (ms: number) => new Date(ms).toISOString()

/** Opens a new run, or lets the waiting one resume at this scheduled time. */
export const openAt = (
  waiting: OpenScheduledRun | null,
  scheduledAt: string,
  missed: number,
): OpenScheduledRun =>
  waiting === null
    ? { scheduledAt, startedAt: null, run: null, resumed: false, retries: 0, missed, waiting: false }
    : { ...waiting, scheduledAt, missed, retries: 0, resumed: true, waiting: false }

export const isRunnable = (open: OpenScheduledRun | null): open is OpenScheduledRun =>
  open !== null && !open.waiting

/** Whether a run is running, or will run as soon as other jobs allow it. */
export const isBusy = ({ open, queued }: JobState) => isRunnable(open) || queued !== null

const dayMs = 86_400_000

/**
 * The state that a schedule starts from. A run is recorded before the state forgets it, so one in both is finished,
 * unless it was stopped with a checkpoint: then it waits. A queued time that is recorded is finished, too.
 */
export const restoreState = (
  saved: JobState | undefined,
  recorded: ReadonlyArray<ScheduledRun>,
  nowMs: number,
): JobState => {
  // If the clock was far ahead once, later scheduled times must not count as handled.
  const isPossible = (scheduledAt: string) => Date.parse(scheduledAt) <= nowMs + dayMs
  const scheduledTimes = recorded.map(({ scheduledAt }) => scheduledAt)
  const handledUntil =
    saved !== undefined && isPossible(saved.handledUntil)
      ? scheduledTimes.filter(isPossible).reduce((a, b) => (a > b ? a : b), saved.handledUntil)
      : toIso(nowMs)
  const { open = null, queued = null } = saved ?? {}
  return {
    handledUntil,
    open: restoreOpen(open, recorded),
    queued: queued !== null && scheduledTimes.includes(queued.scheduledAt) ? null : queued,
  }
}

const restoreOpen = (open: OpenScheduledRun | null, recorded: ReadonlyArray<ScheduledRun>) => {
  if (!isRunnable(open)) return open
  const outcome = recorded.findLast(({ scheduledAt }) => scheduledAt === open.scheduledAt)?.outcome
  if (outcome === undefined) return open
  return outcome === "timeLimit" || outcome === "interrupted" ? { ...open, waiting: true } : null
}
