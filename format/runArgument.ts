import { basename, dirname, relative, resolve, sep } from "node:path"

/** What names the run at `path` on a command line: its id in the folder `runs`, its path in another folder. */
export const runArgument = (path: string): string => {
  if (dirname(resolve(path)) === resolve("runs")) return basename(path)
  const word = relative(process.cwd(), path)
  return word.includes(sep) ? word : `./${word}`
}
