/**
 * How a command ends badly: one line for a person, an exit code for a script (`schemas/exitCodes.ts`), never a stack trace
 * for what is not our own bug.
 */
import { styleText } from "node:util"
import { Cause, Effect, Exit } from "effect"
import { CliError } from "effect/cli"
import { quoted } from "../format/quoted.ts"
import { exitCode } from "../pipeline/exitCode.ts"
import { exitCodes } from "../schemas/exitCodes.ts"
import { StorageFailed } from "../storage/StorageFailed.ts"
import { Interrupted } from "../schemas/Interrupted.ts"

/** The exit code of the command line: as `exitCode`, and `usage` if effect/cli refused it. */
export const commandExitCode = (exit: Exit.Exit<unknown, unknown>): number => {
  const error = Exit.isFailure(exit) && Cause.hasFails(exit.cause) ? Cause.squash(exit.cause) : undefined
  if (!CliError.isCliError(error)) return exitCode(exit)
  return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : exitCodes.usage
}

const print = (text: string) => process.stderr.write(`${text}\n`)

const red = (text: string) => styleText("red", text, { stream: process.stderr })

/** A line on standard error that says what is wrong. */
export const sayError = (message: string) => print(`${red("error:")} ${message}`)

/** The exit code of a command whose standard output may have failed; prints why. `failure`: the operating system's code. */
export const outputExitCode = (code: number, failure: string | undefined): number => {
  if (failure === undefined) return code
  sayError(new StorageFailed({ operation: "write", path: "standard output", code: failure }).message)
  return code === 0 ? exitCodes.ioError : code
}

/** Says on standard error why a command failed. */
export const sayFailure = (cause: Cause.Cause<unknown>) =>
  Effect.sync(() => {
    if (Cause.hasInterruptsOnly(cause)) return
    const error = Cause.squash(cause)
    // Usage errors have been said already.
    if (CliError.isCliError(error)) return
    if (error instanceof Interrupted && error.resumeWith !== undefined) {
      print(`progress is saved; resume with: pnpm pipeline ${error.resumeWith.map(quoted).join(" ")}`)
    }
    if (Cause.hasFails(cause) && error instanceof Error) {
      sayError(error.message)
      return
    }
    print(`${red("a bug in tidemark:")} ${error instanceof Error ? error.message : String(error)}`)
    print("The run's log has the details; checkpoints are untouched. Please report it with these lines:")
    print(Cause.pretty(cause))
  })
