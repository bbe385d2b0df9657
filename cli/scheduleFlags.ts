/** The flags of `pipeline schedule`. */
import { Argument, type Command, Flag } from "effect/cli"
import { dataDir, device, engine, iterations, json, runsDir, seed, threads, wholeNumber } from "./flags.ts"
import { queueFlag, storeFlag } from "./queueFlag.ts"

const file = Argument.String("file").pipe(
  Argument.withDescription(
    "An experiment file, or a schedule file for several: `export default schedule({ … })`",
  ),
)
const cron = Flag.String("cron").pipe(
  Flag.withDescription('Scheduled times: minute, hour, day, month and weekday, such as "30 2 * * *"'),
  Flag.withMetavar("EXPRESSION"),
  Flag.optional,
)
const timezone = Flag.String("timezone").pipe(
  Flag.withDescription("Time zone of --cron, such as Europe/Prague (default: UTC)"),
  Flag.withMetavar("ZONE"),
  Flag.optional,
)
const seedPolicy = Flag.Literals("seed-policy", ["fixed", "by-date"]).pipe(
  Flag.withDescription(
    "Seed of each run: always the same (fixed), or the run's date (by-date) (default: fixed)",
  ),
  Flag.optional,
)
const overlap = Flag.Literals("overlap", ["skip", "queue"]).pipe(
  Flag.withDescription("What to do when the previous run is still running: skip or queue (default: skip)"),
  Flag.optional,
)
const catchUp = Flag.Literals("catch-up", ["none", "latest"]).pipe(
  Flag.withDescription(
    "What to do about scheduled runs that were missed: none, or run the latest late (default: none)",
  ),
  Flag.optional,
)
const timeLimitMinutes = wholeNumber("time-limit", 1).pipe(
  Flag.withDescription("Stop a run after this many minutes with a checkpoint, which the next run resumes"),
  Flag.withMetavar("MINUTES"),
  Flag.optional,
)
const retries = wholeNumber("retries", 0).pipe(
  Flag.withDescription("Retries when the data is unavailable (default: 3)"),
  Flag.optional,
)
const keep = wholeNumber("keep", 1).pipe(
  Flag.withDescription(
    "Keep this many runs, in addition to the champion and the previous one (default: all)",
  ),
  Flag.optional,
)
const webhook = Flag.String("webhook").pipe(
  Flag.withDescription("POST the result of each run as JSON to this address"),
  Flag.withMetavar("URL"),
  Flag.optional,
)
const only = Flag.String("experiment").pipe(
  Flag.withDescription("Run only these experiments of a schedule file"),
  Flag.withMetavar("NAME,NAME"),
  Flag.optional,
)
const now = Flag.Boolean("now").pipe(
  Flag.withDescription("Run once now, then exit: for cron, systemd timers and Kubernetes"),
  Flag.withDefault(false),
)
const printSystemd = Flag.Boolean("print-systemd").pipe(
  Flag.withDescription("Print a systemd unit for this schedule, then exit"),
  Flag.withDefault(false),
)
const printCrontab = Flag.Boolean("print-crontab").pipe(
  Flag.withDescription("Print crontab lines for this schedule, then exit"),
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
  device,
  threads,
  queue: queueFlag,
  store: storeFlag,
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
