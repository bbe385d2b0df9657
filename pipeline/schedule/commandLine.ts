/** The command line that plays a job's night: for the units that start it from outside. */
import { fileURLToPath } from "node:url"
import type { Webhook } from "../../schemas/Schedule.ts"
import type { Job } from "./Job.ts"

const program = [process.execPath, fileURLToPath(new URL("../cli.ts", import.meta.url))]

/** This one, less what asks for a unit. */
export const given = (): ReadonlyArray<string> => [
  ...program,
  ...process.argv.slice(2).filter((word) => word !== "--print-systemd" && word !== "--print-crontab"),
]

const flag = (name: string, value: string | number | undefined) =>
  value === undefined ? [] : [`--${name}`, String(value)]

/** One night at once, with everything the job says. What waits for slots (overlap, catch-up) is cron's own business. */
export const commandOf = (
  job: Job,
  webhook: Webhook | undefined,
  runsDir: string,
  dataDir: string,
): ReadonlyArray<string> => [
  ...program,
  "schedule",
  job.file,
  "--now",
  // The date of a night is that of its time zone.
  ...flag("timezone", job.timezone),
  ...flag("iterations", job.iterations),
  ...flag("seed", job.seed),
  ...flag("seed-policy", job.seedPolicy === "fixed" ? undefined : job.seedPolicy),
  ...flag("engine", job.engine === "auto" ? undefined : job.engine),
  ...flag("threads", job.threads),
  ...flag("time-limit", job.timeLimitMinutes),
  ...flag("retries", job.retries.times),
  ...flag("keep", job.keep),
  ...flag("webhook", webhook?.url),
  ...flag("runs-dir", runsDir),
  ...flag("data-dir", dataDir),
]
