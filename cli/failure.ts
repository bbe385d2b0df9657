/**
 * How a command fails: one line for a person, an exit code for a script (`schemas/exitCodes.ts`), and a stack trace only for
 * a bug of this program.
 */
import { styleText } from "node:util"
import { Cause, Effect, Exit } from "effect"
import { CliError } from "effect/cli"
import { wrap } from "./render/wrap.ts"
import { printable } from "../format/printable.ts"
import { quoted } from "../format/quoted.ts"
import { exitCode } from "../pipeline/exitCode.ts"
import { exitCodes } from "../schemas/exitCodes.ts"
import { shortened } from "../schemas/shortened.ts"
import { StorageFailed } from "../storage/StorageFailed.ts"
import { Interrupted } from "../schemas/Interrupted.ts"
import { program } from "../format/program.ts"

/** The exit code of the command line: as `exitCode`, and `usage` if effect/cli refused it. */
export const commandExitCode = (exit: Exit.Exit<unknown, unknown>): number => {
  const error = Exit.isFailure(exit) && Cause.hasFails(exit.cause) ? Cause.squash(exit.cause) : undefined
  if (!CliError.isCliError(error)) return exitCode(exit)
  return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : exitCodes.usage
}

const red = (text: string) => styleText("red", text, { stream: process.stderr })

/** Of anything printed here: a trace may quote its input. */
const longestText = 20_000

/** A terminal gets lines that break between words, in place of the ^C that it may have echoed. */
const print = (text: string, mark = "") => {
  const line = `${mark === "" ? "" : `${red(mark)} `}${printable(shortened(text, longestText))}`
  return process.stderr.isTTY
    ? process.stderr.write(`\r\u001B[2K${wrap(line, (process.stderr.columns ?? 80) - 1, 2)}\n`)
    : process.stderr.write(`${line}\n`)
}

/** Prints one line on standard error. */
export const printError = (message: string) => print(shortened(message), "error:")

/** The exit code of a command whose standard output may have failed: prints the failure. `failure`: the code of the operating system. */
export const outputExitCode = (code: number, failure: string | undefined): number => {
  if (failure === undefined) return code
  printError(new StorageFailed({ operation: "write", path: "standard output", code: failure }).message)
  return code === 0 ? exitCodes.ioError : code
}

/** Prints on standard error why a command failed. */
export const printFailure = (cause: Cause.Cause<unknown>) =>
  Effect.sync(() => {
    if (Cause.hasInterruptsOnly(cause)) return
    const error = Cause.squash(cause)
    // effect/cli has printed usage errors already.
    if (CliError.isCliError(error)) return
    if (error instanceof Interrupted && error.resumeWith !== undefined) {
      print(`progress is saved; resume with: ${program} ${error.resumeWith.map(quoted).join(" ")}`)
    }
    if (Cause.hasFails(cause) && error instanceof Error) {
      printError(error.message)
      return
    }
    print(error instanceof Error ? error.message : String(error), "bug in tidemark:")
    print("The log of the run has the details, and its checkpoints are intact. Please report these lines:")
    print(Cause.pretty(cause))
  })
