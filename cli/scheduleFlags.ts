/** The flags of `pipeline schedule`: (command line) -> the file, its policies, and what to do with them. */
import { Argument, type Command, Flag } from "effect/cli"
import { dataDir, engine, iterations, json, runsDir, seed, threads, wholeNumber } from "./flags.ts"

const file = Argument.String("file").pipe(
  Argument.withDescription("An experiment, or a schedule of several: `export default schedule({ … })`"),
)
const cron = Flag.String("cron").pipe(
  Flag.withDescription('When: minute, hour, day, month and weekday, as "30 2 * * *"'),
  Flag.withMetavar("EXPRESSION"),
  Flag.optional,
)
const timezone = Flag.String("timezone").pipe(
  Flag.withDescription("Whose clock that is, as Europe/Prague; without it UTC"),
  Flag.withMetavar("ZONE"),
  Flag.optional,
)
const seedPolicy = Flag.Literals("seed-policy", ["fixed", "by-date"]).pipe(
  Flag.withDescription("The same seed every night, or the night's date"),
  Flag.optional,
)
const overlap = Flag.Literals("overlap", ["skip", "queue"]).pipe(
  Flag.withDescription("What becomes of a slot while the night before goes on; without it, skip"),
  Flag.optional,
)
const catchUp = Flag.Literals("catch-up", ["none", "latest"]).pipe(
  Flag.withDescription("What becomes of slots that were missed; without it, none"),
  Flag.optional,
)
const timeLimitMinutes = wholeNumber("time-limit", 1).pipe(
  Flag.withDescription(
    "Minutes after which a night is stopped with a checkpoint, for the next to go on with",
  ),
  Flag.withMetavar("MINUTES"),
  Flag.optional,
)
const retries = wholeNumber("retries", 0).pipe(
  Flag.withDescription("Times a night is tried again whose data cannot be had; without it, 3"),
  Flag.optional,
)
const keep = wholeNumber("keep", 1).pipe(
  Flag.withDescription("Nights' runs that stay, beside the champion and the one before; without it, all"),
  Flag.optional,
)
const webhook = Flag.String("webhook").pipe(
  Flag.withDescription("Address that gets a POST of each night's line as JSON"),
  Flag.withMetavar("URL"),
  Flag.optional,
)
const only = Flag.String("experiment").pipe(
  Flag.withDescription("Of a schedule of several, only the experiments of these names"),
  Flag.withMetavar("NAME,NAME"),
  Flag.optional,
)
const now = Flag.Boolean("now").pipe(
  Flag.withDescription("One night at once, then end: for cron, systemd timers and Kubernetes"),
  Flag.withDefault(false),
)
const printSystemd = Flag.Boolean("print-systemd").pipe(
  Flag.withDescription("Print a systemd unit of this schedule, and end"),
  Flag.withDefault(false),
)
const printCrontab = Flag.Boolean("print-crontab").pipe(
  Flag.withDescription("Print lines of a crontab instead of waiting here, and end"),
  Flag.withDefault(false),
)

export const scheduleFlags = {
  file,
  cron,
  timezone,
  now,
  only,
  iterations,
  seed,
  seedPolicy,
  engine,
  threads,
  overlap,
  catchUp,
  timeLimitMinutes,
  retries,
  keep,
  webhook,
  runsDir,
  dataDir,
  json,
  printSystemd,
  printCrontab,
}
export type ScheduleFlags = Command.Command.Config.Infer<typeof scheduleFlags>
