/** Runs another program: (command, arguments) -> its output, or InstallFailed with one line. */
import { execFile } from "node:child_process"
import { Effect, Schema } from "effect"
import { Failure } from "../../../schemas/Failure.ts"

/** The engine could not be built. Nothing of it stays on the disk. */
export class InstallFailed extends Failure<InstallFailed>()("InstallFailed", {
  exitCode: "unavailable",
  fields: { step: Schema.String, reason: Schema.String, advice: Schema.String },
  message: ({ advice, reason, step }) => `cannot ${step}: ${reason}; ${advice}`,
}) {}

export interface Program {
  readonly step: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** What to do if the program is not installed. */
  readonly whenMissing: string
  /** What to do if it fails. */
  readonly whenFailing: string
}

/** The line that explains a failure best: the last one with the word error, by which compilers and package managers end. */
const reasonOf = (output: string): string => {
  const lines = output.trim().split("\n")
  return (lines.findLast((line) => /error|ERR/i.test(line)) ?? lines.at(-1) ?? "").trim().slice(0, 300)
}

export const runProgram = ({ args, command, cwd, env, step, whenFailing, whenMissing }: Program) =>
  Effect.callback<string, InstallFailed>((resume) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 }
    const child = execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error === null) return resume(Effect.succeed(stdout))
      const isMissing = "code" in error && error.code === "ENOENT"
      const reason = isMissing ? `${command} is missing` : reasonOf(stderr.trim() === "" ? stdout : stderr)
      const advice = isMissing ? whenMissing : whenFailing
      resume(Effect.fail(new InstallFailed({ step, reason: reason || String(error), advice })))
    })
    return Effect.sync(() => child.kill())
  })
