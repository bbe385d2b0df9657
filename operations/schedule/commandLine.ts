/** The command line that was given, as a unit gives it again. */
import { fileURLToPath } from "node:url"

const program = [process.execPath, fileURLToPath(new URL("../../cli/main.ts", import.meta.url))]

/** Less what asks for a unit, and `--now`, which a unit adds where it needs it. */
export const given = (): ReadonlyArray<string> => [
  ...program,
  ...process.argv.slice(2).filter((word) => !["--print-systemd", "--print-crontab", "--now"].includes(word)),
]

/** The same without a flag and its value. */
export const without = (flag: string, words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const at = words.findIndex((word) => word === flag || word.startsWith(`${flag}=`))
  return at === -1 ? words : words.toSpliced(at, words[at] === flag ? 2 : 1)
}
