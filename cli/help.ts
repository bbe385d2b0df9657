/**
 * `--help`: what a command is for, its own flags, its examples, and last the flags that every command has.
 *
 * The commands stand there as they are typed. A terminal gets lines that break between words.
 */
import { stripVTControlCharacters, styleText } from "node:util"
import { Option } from "effect"
import { CliOutput, type HelpDoc } from "effect/cli"
import { wrap } from "./render/wrap.ts"
import { asTyped } from "../format/program.ts"

type FlagDoc = HelpDoc.HelpDoc["flags"][number]

/** Flags of many commands come after those of the command itself. */
const shared = ["runs-dir", "data-dir", "json"]

const rankOf = ({ name }: FlagDoc) => shared.indexOf(name)

/** What the flags of effect/cli do here: the word for their value, and a description. */
const globalFlags: Readonly<Record<string, { readonly value?: string; readonly description: string }>> = {
  help: { description: "Show this help" },
  version: { description: "Show the version" },
  wizard: { description: "Prompt for the flags one by one, print the command line, and offer to run it" },
  completions: {
    value: "SHELL",
    description: "Print a script that completes commands and flags in bash, zsh, fish or powershell",
  },
  "log-level": {
    value: "LEVEL",
    description:
      "Print less: the result, warnings and errors (warn), or the result and errors (error); the log of a run has every line",
  },
}

const describe = (flag: FlagDoc): FlagDoc => {
  const ours = globalFlags[flag.name]
  if (ours === undefined) return flag
  return { ...flag, type: ours.value ?? flag.type, description: Option.some(ours.description) }
}

const heading = (text: string) => styleText("bold", text, { stream: process.stdout })
const flagName = (text: string) => styleText("green", text, { stream: process.stdout })

const globalSection = (flags: ReadonlyArray<FlagDoc>): string => {
  const rows = flags.map(describe).map(({ aliases, description, name, type }) => ({
    names: [`--${name}`, ...aliases].join(", ") + (type === "boolean" ? "" : ` ${type}`),
    description: Option.getOrElse(description, () => ""),
  }))
  const width = Math.max(...rows.map(({ names }) => names.length))
  const lines = rows.map(({ description, names }) => `  ${flagName(names.padEnd(width))}    ${description}`)
  return [heading("FLAGS OF EVERY COMMAND"), ...lines].join("\n")
}

/** Further lines of a row of a table begin below its last column. */
const wrapRow = (line: string, columns: number) => {
  const left = /^( +)\S.*? {3,}(?=\S)/.exec(stripVTControlCharacters(line))
  return left === null ? wrap(line, columns) : wrap(line, columns, left[0].length - left[1].length)
}

const formatter = CliOutput.defaultFormatter()

/** `columns`: of the terminal; undefined for a pipe. */
export const formatHelp = (doc: HelpDoc.HelpDoc, columns: number | undefined): string => {
  const { globalFlags: everywhere = [], ...own } = doc
  const text = formatter.formatHelpDoc({
    ...own,
    usage: asTyped(doc.usage),
    flags: doc.flags.toSorted((a, b) => rankOf(a) - rankOf(b)),
    ...(doc.examples === undefined
      ? {}
      : { examples: doc.examples.map((one) => ({ ...one, command: asTyped(one.command) })) }),
  })
  const whole = everywhere.length === 0 ? text : `${text}\n\n${globalSection(everywhere)}`
  return columns === undefined
    ? whole
    : whole
        .split("\n")
        .map((line) => wrapRow(line, columns - 1))
        .join("\n")
}

export const layerHelp = CliOutput.layer({
  ...formatter,
  formatHelpDoc: (doc) => formatHelp(doc, process.stdout.isTTY ? process.stdout.columns : undefined),
})
