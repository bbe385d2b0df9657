import { printable } from "../../format/printable.ts"

/** Prints lines over the ones it printed before. */
export const makeScreen = () => {
  let drawn = 0
  return (lines: ReadonlyArray<string>) => {
    process.stdout.write(`${drawn > 0 ? `\u001B[${drawn}F\u001B[J` : ""}${lines.map(printable).join("\n")}\n`)
    drawn = lines.length
  }
}
