/**
 * What a command line that is not understood is told: a line on standard error for each fault, with the way out, and nothing on
 * standard output, where a script expects its result. Help that was asked for goes there.
 */
import { Effect } from "effect"
import { type CliError, CliOutput } from "effect/cli"
import { sayError } from "./failure.ts"

const fault = (command: string, error: CliError.NonShowHelpErrors): string => {
  switch (error._tag) {
    case "UnknownSubcommand":
      return `${command} has no command ${error.subcommand}`
    case "UnrecognizedOption":
      return `${command} has no flag ${error.option}`
    case "MissingArgument":
      return `${command} needs <${error.argument}>`
    case "MissingOption":
      return `${command} needs --${error.option}`
    case "UnexpectedArgument":
      return `${command} does not expect ${error.arguments.join(" ")}`
    case "InvalidValue": {
      const name = error.kind === "flag" ? `--${error.option}` : `<${error.option}>`
      const expected = error.expected.replace(/^Expected:? /, "")
      return error.value === ""
        ? `${name} needs a value: ${expected}`
        : `${name} was given ${error.value}, expected ${expected}`
    }
    default:
      return error.message
  }
}

const wayOut = (command: string, error: CliError.NonShowHelpErrors) =>
  "suggestions" in error && error.suggestions.length > 0
    ? `did you mean ${error.suggestions.join(" or ")}?`
    : `see \`pnpm ${command} --help\``

export const layerUsage = CliOutput.layerPresenter({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.sync(() => {
          const command = event.commandPath.join(" ")
          for (const error of event.errors) sayError(`${fault(command, error)}; ${wayOut(command, error)}`)
        })
      : CliOutput.defaultPresenter.present(event),
})
