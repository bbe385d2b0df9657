/**
 * Where a job of the schedule stands, as pure transitions: (saved state, recorded nights) -> JobState.
 *
 * At most one night is open and one slot is queued behind it. A night is open from its slot until it is recorded; one that
 * was stopped with a checkpoint stays open and waits for the next slot.
 */
import type { JobState, ScheduledRun, OpenScheduledRun } from "../../schemas/ScheduledRun.ts"

export const toIso = (ms: number) => new Date(ms).toISOString()

/** Opens a new night, or lets the one that waits resume at this slot. */
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

/** Whether a night is running, or will as soon as another job lets it. */
export const isBusy = ({ open, queued }: JobState) => isRunnable(open) || queued !== null

const dayMs = 86_400_000

/**
 * The state a schedule starts from. A night is recorded before the state forgets it, so one that is in both is over, unless
 * it was stopped with a checkpoint: that one waits. A slot that was queued and is recorded is over, too.
 */
export const restoreState = (
  saved: JobState | undefined,
  recorded: ReadonlyArray<ScheduledRun>,
  nowMs: number,
): JobState => {
  // A clock that was far ahead once must not put every slot into the past.
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
