import { Console } from "effect"
import { wrap } from "./wrap.ts"

/** Prints on standard output. A terminal gets lines that break between words; further lines have this indent. */
export const printText = (text: string, indent = 0) =>
  Console.log(process.stdout.isTTY ? wrap(text, (process.stdout.columns ?? 80) - 1, indent) : text)
