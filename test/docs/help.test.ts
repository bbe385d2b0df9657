/** Commands and flags that the documents mention exist, and every command is in the table of commands. */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"
import { documents } from "./documents.ts"
import { root } from "./markdown.ts"

const commands = readdirSync(join(root, "cli/commands")).flatMap((name) =>
  name.endsWith(".ts") ? [name.replace(".ts", "")] : [],
)

/** Of crash-test, fuzz and photographs, of pnpm and of TensorBoard. */
const flagsOfOthers = [
  "--kills",
  "--shorten",
  "--ensemble",
  "--sweep",
  "--minutes",
  "--target",
  "--case",
  "--each",
  "--kind",
  "--silent",
  "--logdir",
  "--train",
  "--training",
]

const flagsIn = (text: string) => [...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([flag]) => flag)

let known: ReadonlySet<string>
beforeAll(async () => {
  const help: Array<string> = []
  for (const words of [...commands.map((command) => [command]), ["engine", "add"]]) {
    help.push((await runCommand(...words, "--help")).stdout)
  }
  known = new Set([...flagsIn(help.join("\n")), ...flagsOfOthers])
})

describe("the documents", () => {
  for (const { blocks, lines, path } of documents) {
    it(`${path} mentions only flags that exist`, () => {
      const wrongOnPurpose = blocks.flatMap(({ comments, text }) =>
        comments.includes("exits: 64") ? flagsIn(text) : [],
      )
      const text = lines.join("\n").replace(/<!--|-->/g, "")
      const unknown = flagsIn(text).filter((flag) => !known.has(flag) && !wrongOnPurpose.includes(flag))
      assert.deepStrictEqual(unknown, [])
    })
  }

  it("have every command in the table of commands, and no other", () => {
    const started = documents.find(({ path }) => path === "docs/getting-started.md")
    const table = started?.tables.find(({ columns }) => columns[0] === "command")
    const listed = table?.rows.flatMap(([cell]) => [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name))
    assert.deepStrictEqual(listed?.toSorted(), commands.toSorted())
  })
})
