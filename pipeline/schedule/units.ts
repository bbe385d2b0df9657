/**
 * The schedule for those who have an init system: (command line, plan) -> a systemd unit, or lines of a crontab.
 */
import type { Job } from "./Job.ts"

/** As a shell reads it. */
const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

/** As systemd reads it: % begins a specifier, $ a variable. */
const forSystemd = (word: string) => {
  const escaped = word.replaceAll("%", "%%").replaceAll("$", "$$$$")
  return /^[\w@%+=:,./-]+$/.test(word)
    ? escaped
    : `"${escaped.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`
}

/** `command`: program and arguments of this schedule; `folder`: where it is started. */
export const systemdUnit = (command: ReadonlyArray<string>, folder: string): string =>
  [
    "[Unit]",
    "Description=tidemark: scheduled training",
    "After=network-online.target",
    "Wants=network-online.target",
    "",
    "[Service]",
    `WorkingDirectory=${folder.replaceAll("%", "%%")}`,
    `ExecStart=${command.map(forSystemd).join(" ")}`,
    "Restart=on-failure",
    "RestartSec=60",
    "# Bad input is not mended by starting again (sysexits: 64 to 66, 73), nor is a second schedule (75).",
    "RestartPreventExitStatus=64 65 66 73 75",
    "# The schedule itself asks the night to save a checkpoint; a second signal would end it without one.",
    "KillMode=mixed",
    "TimeoutStopSec=180",
    "",
    "[Install]",
    "WantedBy=default.target",
  ].join("\n")

/** One line an experiment; `--now` plays one night and ends. */
export const crontab = (
  command: (job: Job) => ReadonlyArray<string>,
  jobs: ReadonlyArray<Job>,
  folder: string,
): string =>
  jobs
    .flatMap((job) => [
      `CRON_TZ=${job.timezone}`,
      // In a crontab a % ends the line.
      `${job.cron} cd ${quoted(folder)} && ${command(job).map(quoted).join(" ")}`.replaceAll("%", "\\%"),
    ])
    .join("\n")
