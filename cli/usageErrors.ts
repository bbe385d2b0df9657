/**
 * What a user reads when the command line is not understood: one line on standard error for each fault, with what to type
 * instead, and nothing on standard output, where a script expects its result. Help on request goes to standard output.
 */
import { Effect } from "effect"
import { type CliError, CliOutput, type HelpDoc } from "effect/cli"
import { alternatives } from "../format/alternatives.ts"
import { printError } from "./failure.ts"
import { styled } from "./render/printableConsole.ts"
import { asTyped } from "../format/program.ts"

/** Whether a flag is a switch, by the help of its command: it takes no value. */
const isSwitch = ({ flags, globalFlags = [] }: HelpDoc.HelpDoc, name: string) =>
  [...flags, ...globalFlags].some((flag) => flag.name === name && flag.type === "boolean")

const describe = (
  { commandPath, helpDoc }: CliOutput.Presenter.InvalidInvocation,
  error: CliError.NonShowHelpErrors,
): string => {
  const command = commandPath.join(" ")
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
      if (error.kind === "flag" && isSwitch(helpDoc, error.option)) return `${name} takes no value`
      return error.value === ""
        ? `${name} needs a value: ${error.expected}`
        : `${name}: found ${error.value}, expected ${error.expected}`
    }
    default:
      return error.message
  }
}

const advice = (command: string, error: CliError.NonShowHelpErrors) =>
  "suggestions" in error && error.suggestions.length > 0
    ? `did you mean ${alternatives(error.suggestions)}?`
    : `see \`${asTyped(command)} --help\``

export const layerUsageErrors = CliOutput.layerPresenter({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.sync(() => {
          const command = event.commandPath.join(" ")
          for (const error of event.errors) printError(`${describe(event, error)}; ${advice(command, error)}`)
        })
      : styled(CliOutput.defaultPresenter.present(event)),
})
