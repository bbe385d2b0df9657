/** How a command ends for a script (sysexits.h): (exit) -> 0, the error's own code, 130 for an interruption, 70 for a defect. */
import { Cause, Exit, Runtime } from "effect"

/** EX_SOFTWARE */
const defect = 70

export const exitCode = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.hasInterruptsOnly(exit.cause)) return 130
  if (!Cause.hasFails(exit.cause)) return defect
  const error = Cause.squash(exit.cause)
  return error instanceof Error ? (error[Runtime.errorExitCode] ?? defect) : defect
}
