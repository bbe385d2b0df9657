import { stripVTControlCharacters } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Context, Option } from "effect"
import { formatHelp } from "../../cli/help.ts"

const flag = (name: string, description: string) => ({
  name,
  aliases: [],
  type: "boolean",
  description: Option.some(description),
  required: false,
})

describe("help in a terminal", () => {
  it("begins the further lines of a description below the first one", () => {
    const doc = {
      description: "Do it",
      usage: "pipeline do",
      annotations: Context.empty(),
      flags: [flag("some", "a description that is longer than one line")],
      globalFlags: [flag("wizard", "")],
    }
    const lines = stripVTControlCharacters(formatHelp(doc, 36)).split("\n")
    assert.deepStrictEqual(lines.slice(lines.indexOf("FLAGS")), [
      "FLAGS",
      "  --some    a description that is",
      "            longer than one line",
      "",
      "FLAGS OF EVERY COMMAND",
      "  --wizard    Prompt for the flags",
      "              one by one, print the",
      "              command line, and",
      "              offer to run it",
    ])
  })
})
