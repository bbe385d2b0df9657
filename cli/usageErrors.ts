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
import { normalized, suggest, type Synonyms } from "../format/suggest.ts"

/** What other programs call our commands. */
const commands: Synonyms = {
  train: ["run"],
  fit: ["run"],
  start: ["run"],
  continue: ["resume"],
  restart: ["resume"],
  follow: ["watch"],
  tail: ["watch"],
  log: ["watch"],
  logs: ["watch"],
  tune: ["sweep"],
  search: ["sweep"],
  optimize: ["sweep"],
  cron: ["schedule"],
  ls: ["list"],
  ps: ["list"],
  runs: ["list"],
  status: ["show", "list"],
  report: ["show"],
  evaluate: ["show"],
  test: ["show"],
  open: ["show"],
  view: ["show"],
  diff: ["compare"],
  infer: ["predict"],
  classify: ["predict"],
  convert: ["export"],
  save: ["export"],
  delete: ["rm"],
  remove: ["rm"],
  clean: ["gc"],
  prune: ["gc"],
  check: ["doctor", "data"],
  inspect: ["data", "show"],
  dataset: ["data"],
}

/** What other programs call our flags. */
const flags: Synonyms = {
  steps: ["iterations"],
  maxsteps: ["iterations"],
  gpu: ["device"],
  accelerator: ["device"],
  backend: ["engine"],
  outputdir: ["runs-dir"],
  outdir: ["runs-dir"],
  logdir: ["runs-dir"],
  output: ["out", "runs-dir"],
  dataroot: ["data-dir"],
  workers: ["threads", "jobs"],
  numworkers: ["threads", "jobs"],
  parallel: ["jobs"],
  force: ["yes"],
}

/** What is written in the experiment file, and no flag. */
const fields: Readonly<Record<string, string>> = {
  epochs: "budget: { epochs: 3 }",
  batchsize: "batchSize: 100",
  learningrate: "optimizer: optimizers.adam({ learningRate: 0.001 })",
  lr: "optimizer: optimizers.adam({ learningRate: 0.001 })",
  optimizer: "optimizer: optimizers.adam({ learningRate: 0.001 })",
  dataset: `dataset: "mnist"`,
  dropout: "layers.dropout({ rate: 0.5 })",
}

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

/** What was meant by an unknown command or flag. */
const meantBy = (
  { helpDoc }: CliOutput.Presenter.InvalidInvocation,
  error: CliError.NonShowHelpErrors,
): ReadonlyArray<string> => {
  if (error._tag === "UnknownSubcommand") {
    const known = helpDoc.subcommands?.flatMap((group) => group.commands.map(({ name }) => name)) ?? []
    const meant = suggest(error.subcommand, known, commands)
    return meant.length > 0 ? meant : error.suggestions
  }
  if (error._tag !== "UnrecognizedOption") return []
  const known = helpDoc.flags.map(({ name }) => name)
  const meant = suggest(error.option.replace(/^-+/, ""), known, flags)
  return meant.length > 0 ? meant.map((name) => `--${name}`) : error.suggestions
}

const advice = (event: CliOutput.Presenter.InvalidInvocation, error: CliError.NonShowHelpErrors) => {
  const meant = meantBy(event, error)
  if (meant.length > 0) return `did you mean ${alternatives(meant)}?`
  const field = error._tag === "UnrecognizedOption" ? normalized(error.option) : ""
  return Object.hasOwn(fields, field)
    ? `write ${fields[field]} in the experiment file`
    : `see \`${asTyped(event.commandPath.join(" "))} --help\``
}

export const layerUsageErrors = CliOutput.layerPresenter({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.sync(() => {
          for (const error of event.errors) printError(`${describe(event, error)}; ${advice(event, error)}`)
        })
      : styled(CliOutput.defaultPresenter.present(event)),
})
