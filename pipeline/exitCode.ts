/** How a command ends for a script: (exit) -> 0, the error's own exit code, `interrupted` or, for a defect, `software`. */
import { Cause, Exit, Runtime } from "effect"
import { exitCodes } from "../schemas/exitCodes.ts"

export const exitCode = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.hasInterruptsOnly(exit.cause)) return exitCodes.interrupted
  if (!Cause.hasFails(exit.cause)) return exitCodes.software
  const error = Cause.squash(exit.cause)
  return error instanceof Error ? (error[Runtime.errorExitCode] ?? exitCodes.software) : exitCodes.software
}
