/**
 * The schedule under an init system: (command line, jobs) -> a systemd unit, or the lines of a crontab.
 */
import { quoted } from "../../format/quoted.ts"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { withoutFlag } from "./commandLine.ts"
import type { Job } from "./Job.ts"

/** Quotes a word for systemd, where % starts a specifier and $ a variable. */
const forSystemd = (word: string) => {
  const escaped = word.replaceAll("%", "%%").replaceAll("$", "$$$$")
  return /^[\w@%+=:,./-]+$/.test(word)
    ? escaped
    : `"${escaped.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`
}

/** Failures that a restart does not fix: bad input, and another schedule in the same folder. */
const { cannotCreate, dataError, noInput, temporary, usage } = exitCodes

/** `command`: program and arguments of this schedule; `folder`: its working directory. */
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
    `# Restarting does not fix bad input (sysexits: ${usage} to ${noInput}, ${cannotCreate}) or a second schedule (${temporary}).`,
    `RestartPreventExitStatus=${[usage, dataError, noInput, cannotCreate, temporary].join(" ")}`,
    "# The schedule makes the run save a checkpoint; a second signal would end the run without one.",
    "KillMode=mixed",
    "TimeoutStopSec=180",
    "",
    "[Install]",
    "WantedBy=default.target",
  ].join("\n")

/** Why cron cannot run a job: it has no seconds. */
export const cronProblem = ({ cron, name }: Job): string | undefined =>
  cron.trim().split(/\s+/).length === 5
    ? undefined
    : `${name}: cron has no seconds, found ${cron}; use the schedule itself or --print-systemd`

/**
 * One line for all experiments of the same times; `--now` runs each once, one after the other. `machineZone` is the
 * time zone that cron uses if it ignores CRON_TZ.
 */
export const crontab = (
  command: ReadonlyArray<string>,
  jobs: ReadonlyArray<Job>,
  folder: string,
  machineZone: string,
): string => {
  const times = Map.groupBy(jobs, ({ cron, timezone }) => JSON.stringify([timezone, cron]))
  const zoned = jobs.some(({ timezone }) => timezone !== machineZone)
  const lines = [...times.values()].flatMap((together) => {
    const [{ cron, timezone }] = together
    const names = together.map(({ name }) => name).join(",")
    const words = [
      ...(together.length === jobs.length
        ? command
        : [...withoutFlag("--experiment", command), "--experiment", names]),
      "--now",
    ]
    return [
      ...(zoned ? [`CRON_TZ=${timezone}`] : []),
      // A % ends the line in a crontab.
      `${cron} cd ${quoted(folder)} && ${words.map(quoted).join(" ")}`.replaceAll("%", "\\%"),
    ]
  })
  return [
    ...(zoned
      ? [
          "# cronie (Fedora, RHEL, Arch) reads CRON_TZ. The cron of Debian and Ubuntu ignores it and uses the machine's time",
          `# zone (${machineZone}); for another time zone use --print-systemd there.`,
        ]
      : []),
    ...(times.size === 1
      ? []
      : [`# While the run of one line is running, the other lines are refused (exit code ${temporary}).`]),
    ...lines,
  ].join("\n")
}
