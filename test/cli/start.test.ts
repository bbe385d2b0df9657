/** The entry point before anything is imported. */
import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, it } from "@effect/vitest"

const start = fileURLToPath(new URL("../../cli/start.mjs", import.meta.url))
const startOn = (version: string) => {
  const pretend = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`
  return spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(pretend)}`, start, "--version"],
    { encoding: "utf8" },
  )
}

it("a Node.js that is too old is named in one line with what to do, and nothing is imported", () => {
  for (const version of ["22.18.9", "20.20.2", "18.0.0"]) {
    const { status, stderr, stdout } = startOn(version)
    assert.strictEqual(status, 69)
    assert.strictEqual(stdout, "")
    assert.match(
      stderr,
      /^error: found Node\.js \d+\.\d+\.\d+ \(.*\), expected 22\.19 or newer; run `pnpm install` and `pnpm rebuild node`.*\n$/,
    )
    assert.include(stderr, version)
  }
  assert.match(startOn("22.19.0").stdout, /^pipeline v\d/)
})

it("packages that are not installed are named in one line with the command that installs them", () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-start-"))
  for (const name of ["cli", "schemas", "format", "storage", "pipeline", "package.json"]) {
    cpSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), join(folder, name), { recursive: true })
  }
  const { status, stderr } = spawnSync(process.execPath, [join(folder, "cli/start.mjs"), "--version"], {
    encoding: "utf8",
  })
  assert.strictEqual(status, 69)
  assert.match(stderr, /^error: Cannot find package '[^']+'; install the packages with `pnpm install`\n$/)
  rmSync(folder, { recursive: true })
})
