/** The options of benchmarks with contenders: what is wrong ends the process with 64, and says what was expected. */
import { exitCodes } from "../schemas/exitCodes.ts"

export const failUsage = (message: string): never => {
  console.error(`error: ${message}`)
  process.exit(exitCodes.usage)
}

export const wholeNumber = (name: string, text: string, least: number) => {
  const value = Number(text)
  const isValid = Number.isInteger(value) && value >= least
  return isValid ? value : failUsage(`--${name}: found ${text}, expected ${least} or more`)
}

/** Names, separated by commas, each of which is a key of what is known. */
export const listed = (name: string, text: string, known: Readonly<Record<string, unknown>>) => {
  const names = text.split(",")
  const unknown = names.find((each) => !(each in known))
  if (unknown === undefined) return names
  return failUsage(`--${name}: found ${unknown}, expected some of ${Object.keys(known).join(", ")}`)
}

/** Those that take part unless others are named, separated by commas. */
export const usual = (contenders: Readonly<Record<string, { readonly isExtra?: boolean }>>) =>
  Object.keys(contenders)
    .filter((name) => contenders[name].isExtra !== true)
    .join()
