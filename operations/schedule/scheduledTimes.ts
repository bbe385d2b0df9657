/**
 * When nights are due: (cron, time zone) -> slots. Pure; effect/Cron knows about daylight saving.
 */
import { Cron, DateTime, Option, Result } from "effect"

/** The cron expression as it is used, or in words what is wrong with it. */
export const parseCron = (expression: string, timezone: string): Result.Result<Cron.Cron, string> => {
  const zone = DateTime.zoneMakeNamed(timezone)
  if (Option.isNone(zone)) {
    return Result.fail(`time zone ${JSON.stringify(timezone)} is not known; give one as Europe/Prague or UTC`)
  }
  const cron = Cron.parse(expression, zone.value)
  if (Result.isFailure(cron)) {
    return Result.fail(
      `cron expression ${JSON.stringify(expression)}: ${cron.failure.message}; give minute, hour, day, month and weekday, as "30 2 * * *"`,
    )
  }
  try {
    Cron.next(cron.success, new Date(0))
  } catch {
    return Result.fail(`cron expression ${JSON.stringify(expression)} never comes, as on a 31 February`)
  }
  return Result.succeed(cron.success)
}

/** The first slot after a time. */
export const nextTime = (cron: Cron.Cron, afterMs: number): number =>
  Cron.next(cron, new Date(afterMs)).getTime()

/** Slots counted one by one at most; of more only the number would matter. */
const counted = 10_000

/** Slots in (afterMs, untilMs]: the latest, and how many there are. */
export const dueTimes = (
  cron: Cron.Cron,
  afterMs: number,
  untilMs: number,
): { readonly latest: number; readonly count: number } | undefined => {
  let count = 0
  let latest: number | undefined
  for (
    let scheduledAt = nextTime(cron, afterMs);
    scheduledAt <= untilMs;
    scheduledAt = nextTime(cron, scheduledAt)
  ) {
    latest = scheduledAt
    if (++count === counted) {
      // The slot at `untilMs` itself is before the next millisecond.
      latest = Cron.prev(cron, new Date(untilMs + 1)).getTime()
      break
    }
  }
  return latest === undefined ? undefined : { latest, count }
}

/** The date of a slot where it is due, as the number 20261122. */
export const dateOf = (slotMs: number, timezone: string): number => {
  const { day, month, year } = DateTime.toParts(DateTime.makeZonedUnsafe(slotMs, { timeZone: timezone }))
  return year * 10_000 + month * 100 + day
}
