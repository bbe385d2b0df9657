/** The current command line, for a systemd unit or a crontab. */
import { fileURLToPath } from "node:url"

const program = [process.execPath, fileURLToPath(new URL("../../cli/start.mjs", import.meta.url))]

/** Without the flags that print a unit, and without `--now`, which a crontab adds. */
export const currentCommand = (): ReadonlyArray<string> => [
  ...program,
  ...process.argv.slice(2).filter((word) => !["--print-systemd", "--print-crontab", "--now"].includes(word)),
]

/** Removes a flag and its value. */
export const withoutFlag = (flag: string, words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const at = words.findIndex((word) => word === flag || word.startsWith(`${flag}=`))
  return at === -1 ? words : words.toSpliced(at, words[at] === flag ? 2 : 1)
}
