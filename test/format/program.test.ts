/** How messages name the program. */
import { assert, it } from "@effect/vitest"
import { program, programName } from "../../format/program.ts"

it("the program is named as it is started: in the checkout, by a package manager, or from the PATH", () => {
  assert.strictEqual(program, "pnpm pipeline")
  const installed = "file:///home/ana/project/node_modules/tidemark/dist/cli/main.js"
  const script = "/home/ana/project/node_modules/.bin/tidemark"
  const named = (agent: string | undefined, started: string | undefined = script) =>
    programName(installed, { npm_config_user_agent: agent }, started)
  assert.strictEqual(named("npm/11.6.0 node/v24.0.0"), "npx tidemark")
  assert.strictEqual(named("pnpm/10.34.9 npm/? node/v24.0.0"), "pnpm tidemark")
  assert.strictEqual(named("yarn/4.9.2 npm/? node/v24.0.0"), "yarn tidemark")
  assert.strictEqual(named("bun/1.3.0"), "bunx tidemark")
  assert.strictEqual(named(undefined), "npx tidemark")
  assert.strictEqual(
    named(undefined, "C:\\project\\node_modules\\tidemark\\dist\\cli\\start.mjs"),
    "npx tidemark",
  )
  assert.strictEqual(named(undefined, "/usr/local/bin/tidemark"), "tidemark")
})
