/**
 * The times of a schedule: (cron expression, time zone) -> scheduled times. Pure; effect/Cron handles daylight saving
 * time, with the rules of cron (Vixie, 1993): an interval has its times in both of the hours that an autumn night has twice, a
 * fixed time comes once.
 */
import { Cron, DateTime, Effect, Option, Result } from "effect"

const hoursOfDay = 24

/** Whether an expression repeats, such as every quarter of an hour, instead of having fixed times of the day. */
const repeats = (expression: string, { hours }: Cron.Cron): boolean => {
  const fields = expression.trim().split(/\s+/)
  const times = fields.slice(0, fields.length - 3)
  return times.some((field) => field.startsWith("*")) || hours.size === hoursOfDay
}

/** The time zone of this machine; UTC, with a warning, if it cannot be known, as systems do for a TZ that they do not know. */
export const machineZone = Effect.gen(function* () {
  // Undefined for an unknown TZ, whatever its type says.
  const found: string | undefined = Intl.DateTimeFormat().resolvedOptions().timeZone
  if (found !== undefined && found !== "Etc/Unknown" && Option.isSome(DateTime.zoneMakeNamed(found)))
    return found
  const variable = process.env.TZ
  const why =
    variable === undefined
      ? "the time zone of this machine is unknown"
      : `TZ=${variable} is not the name of a time zone, such as Europe/Prague`
  yield* Effect.logWarning(`${why}; using UTC`)
  return "UTC"
})

/** Fails with what is wrong with the expression or the time zone. */
export const parseCron = (expression: string, timezone: string): Result.Result<Cron.Cron, string> => {
  const zone = DateTime.zoneMakeNamed(timezone)
  if (Option.isNone(zone)) {
    return Result.fail(
      `unknown time zone ${JSON.stringify(timezone)}; use a name such as Europe/Prague or UTC`,
    )
  }
  const cron = Cron.parse(expression, zone.value)
  if (Result.isFailure(cron)) {
    return Result.fail(
      `cron expression: found ${JSON.stringify(expression)}, expected minute, hour, day, month and weekday, such as "30 2 * * *"`,
    )
  }
  try {
    Cron.next(cron.success, new Date(0))
  } catch {
    return Result.fail(`cron expression ${JSON.stringify(expression)} matches no date, such as 31 February`)
  }
  return repeats(expression, cron.success)
    ? Cron.parse(expression, zone.value, { onDstOverlap: "both" }).pipe(
        Result.mapError(({ message }) => message),
      )
    : Result.succeed(cron.success)
}

/** The first scheduled time after `afterMs`. */
export const nextTime = (cron: Cron.Cron, afterMs: number): number =>
  Cron.next(cron, new Date(afterMs)).getTime()

/** Scheduled times are counted up to this number; beyond it only the latest matters. */
const maxCount = 10_000

/** The scheduled times in (afterMs, untilMs]: the latest, and how many there are. */
export const dueTimes = (
  cron: Cron.Cron,
  afterMs: number,
  untilMs: number,
): { readonly latest: number; readonly count: number } | undefined => {
  let count = 0
  let latest: number | undefined
  for (let time = nextTime(cron, afterMs); time <= untilMs; time = nextTime(cron, time)) {
    latest = time
    if (++count === maxCount) {
      // A scheduled time at `untilMs` itself is before the next millisecond.
      latest = Cron.prev(cron, new Date(untilMs + 1)).getTime()
      break
    }
  }
  return latest === undefined ? undefined : { latest, count }
}

/** The date of a scheduled time in its time zone, as a number such as 20261122. */
export const dateOf = (timeMs: number, timezone: string): number => {
  const { day, month, year } = DateTime.toParts(DateTime.makeZonedUnsafe(timeMs, { timeZone: timezone }))
  return year * 10_000 + month * 100 + day
}
