/**
 * How a command ends badly: one line for a person, an exit code for a script (sysexits.h), never a stack trace for what
 * is not our own bug.
 */
import { styleText } from "node:util"
import { Cause, Effect, Exit, Runtime } from "effect"
import { CliError } from "effect/cli"

/** EX_SOFTWARE */
const defect = 70
/** EX_USAGE */
const usage = 64

const codeOf = (error: unknown): number => {
  if (CliError.isCliError(error)) return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : usage
  return error instanceof Error ? (error[Runtime.errorExitCode] ?? defect) : defect
}

/** 0, the error's own code, 130 for an interruption, 70 for a defect. */
export const exitCode = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.hasInterruptsOnly(exit.cause)) return 130
  return Cause.hasDies(exit.cause) && !Cause.hasFails(exit.cause) ? defect : codeOf(Cause.squash(exit.cause))
}

const print = (text: string) => process.stderr.write(`${text}\n`)

const red = (text: string) => styleText("red", text, { stream: process.stderr })

/** A line on standard error that says what is wrong. */
export const sayError = (message: string) => print(`${red("error:")} ${message}`)

/** Says on standard error why a command failed. */
export const sayFailure = (cause: Cause.Cause<unknown>) =>
  Effect.sync(() => {
    if (Cause.hasInterruptsOnly(cause)) return
    const error = Cause.squash(cause)
    // Usage errors have been said already.
    if (CliError.isCliError(error)) return
    if (Cause.hasFails(cause) && error instanceof Error) {
      sayError(error.message)
      return
    }
    print(`${red("a bug in tidemark:")} ${error instanceof Error ? error.message : String(error)}`)
    print("The run's log has the details; checkpoints are untouched. Please report it with these lines:")
    print(Cause.pretty(cause))
  })
