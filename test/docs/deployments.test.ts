/** The commands in the files for Docker Compose and Kubernetes: every flag exists. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"

const read = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../docs/deploy/${name}`, import.meta.url)), "utf8")

/** The words of each list that begins with one of our commands. */
const commandsIn = (text: string) =>
  [...text.matchAll(/^ +(?:command|args):\n((?: +- \S+\n)+)/gm)].map(([, list]) =>
    [...list.matchAll(/- (\S+)/g)].map(([, word]) => word),
  )

describe("the files for containers", () => {
  it("give flags that the commands have", async () => {
    const commands = ["compose.yaml", "kubernetes.yaml"].flatMap((name) => commandsIn(read(name)))
    assert.deepStrictEqual(
      commands.map(([command]) => command),
      ["worker", "worker", "run"],
    )
    for (const [command, ...words] of commands) {
      const { stdout } = await runCommand(command, "--help")
      for (const [flag] of words.join(" ").matchAll(/--[a-z-]+(?==)/g)) assert.include(stdout, `${flag} `)
    }
  })
})
