// @ts-check
/** The command line: (arguments) -> options, or a failure that says how to write them. */
import { parseArgs } from "node:util"
import { CreateFailed } from "./CreateFailed.mjs"

/** @typedef {{ folder: string | undefined, install: boolean, help: boolean, version: boolean }} Options */

/** @type {(args: ReadonlyArray<string>, command: string) => Options} */
export const readOptions = (args, command) => {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        "no-install": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        version: { type: "boolean", short: "v", default: false },
      },
    })
    if (positionals.length > 1) {
      throw new Error(`found ${positionals.length} folders, expected one; quote a name that has spaces`)
    }
    return {
      folder: positionals[0],
      install: !values["no-install"],
      help: values.help,
      version: values.version,
    }
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.split("\n", 1)[0].split(". To specify", 1)[0] : error
    throw new CreateFailed("usage", `cannot read the command line: ${reason}; try \`${command} --help\``)
  }
}

/** @type {(command: string) => string} */
export const helpText = (command) => `Create a project that trains a small network with tidemark

USAGE
  ${command} FOLDER [--no-install]

ARGUMENTS
  FOLDER          A new or empty folder; its name becomes the name of the package

FLAGS
  --no-install    Write the files and install nothing (npm passes flags on only after --)
  --help, -h      Show this help
  --version, -v   Show the version
`
