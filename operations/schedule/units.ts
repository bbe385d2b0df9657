/**
 * The schedule for those who have an init system: (command line, jobs) -> a systemd unit, or lines of a crontab.
 */
import { quoted } from "../../format/quoted.ts"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { without } from "./commandLine.ts"
import type { Job } from "./Job.ts"

/** As systemd reads it: % begins a specifier, $ a variable. */
const forSystemd = (word: string) => {
  const escaped = word.replaceAll("%", "%%").replaceAll("$", "$$$$")
  return /^[\w@%+=:,./-]+$/.test(word)
    ? escaped
    : `"${escaped.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`
}

/** What starting again does not help: bad input, and another schedule in the same folder. */
const { cannotCreate, dataError, noInput, temporary, usage } = exitCodes

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
    `# Bad input is not mended by starting again (sysexits: ${usage} to ${noInput}, ${cannotCreate}), nor is a second schedule (${temporary}).`,
    `RestartPreventExitStatus=${[usage, dataError, noInput, cannotCreate, temporary].join(" ")}`,
    "# The schedule itself asks the night to save a checkpoint; a second signal would end it without one.",
    "KillMode=mixed",
    "TimeoutStopSec=180",
    "",
    "[Install]",
    "WantedBy=default.target",
  ].join("\n")

/** What cron cannot do, in words, or undefined: it knows no seconds. */
export const notForCron = ({ cron, name }: Job): string | undefined =>
  cron.trim().split(/\s+/).length === 5 ? undefined : `cron knows no seconds, which ${cron} of ${name} has`

/**
 * A line for the experiments of each time: `--now` has one night of each, one after the other, and ends. `machineZone` is
 * the one that cron takes where CRON_TZ means nothing to it.
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
        : [...without("--experiment", command), "--experiment", names]),
      "--now",
    ]
    return [
      ...(zoned ? [`CRON_TZ=${timezone}`] : []),
      // In a crontab a % ends the line.
      `${cron} cd ${quoted(folder)} && ${words.map(quoted).join(" ")}`.replaceAll("%", "\\%"),
    ]
  })
  return [
    ...(zoned
      ? [
          "# CRON_TZ is the time zone to cronie (Fedora, RHEL, Arch). The cron of Debian and Ubuntu does not know it and takes",
          `# the machine's, ${machineZone} here: for another one use the unit of --print-systemd there.`,
        ]
      : []),
    ...(times.size === 1
      ? []
      : [`# A line that comes while the night of another goes on is refused (exit ${temporary}).`]),
    ...lines,
  ].join("\n")
}
