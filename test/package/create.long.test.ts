/**
 * create-tidemark as its users start it: `npm create tidemark@latest demo`, from a registry on this machine; and the project that it
 * creates, with this repository as its tidemark.
 */
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import createJson from "../../package/create/package.json" with { type: "json" }
import { pack } from "../../package/tarball.ts"
import { createIn } from "./create.ts"
import { type PublishedPackage, type Registry, startRegistry } from "./registry.ts"
import { userEnvironment } from "../fixtures/userEnvironment.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const hasNpm = spawnSync("npm", ["--version"]).status === 0
const scratch = mkdtempSync(join(tmpdir(), "tidemark-create-"))
afterAll(() => rmSync(scratch, { recursive: true }))

/** A package without a content. */
const stub = async (name: string, version: string): Promise<PublishedPackage> => {
  const manifest = { name, version }
  const files = [{ path: "package.json", bytes: Buffer.from(JSON.stringify(manifest)) }]
  return { manifest, tarball: await pack(files) }
}

describe.skipIf(!hasNpm)("npm create", () => {
  let registry: Registry
  let packed: { readonly filename: string; readonly files: ReadonlyArray<{ readonly path: string }> }

  beforeAll(async () => {
    const args = ["pack", "--json", "--pack-destination", scratch]
    const { stdout } = spawnSync("npm", args, { cwd: join(root, "package/create"), encoding: "utf8" })
    const report: unknown = JSON.parse(stdout)
    // An array, or since npm 12 an object by name.
    packed = Object.values(report as Record<string, typeof packed>)[0]
    registry = await startRegistry([
      { manifest: createJson, tarball: readFileSync(join(scratch, packed.filename)) },
      await stub("tidemark", createJson.version),
      await stub("typescript", "7.0.2"),
      await stub("@types/node", "24.19.2"),
    ])
  })
  afterAll(() => registry?.close())

  it("has a package of exactly these files, and no dependency", () => {
    assert.deepStrictEqual(packed.files.map(({ path }) => path).toSorted(), [
      "CreateFailed.mjs",
      "README.md",
      "install.mjs",
      "main.mjs",
      "options.mjs",
      "package.json",
      "packageManager.mjs",
      "project.mjs",
      "projectName.mjs",
      "prompt.mjs",
      "start.mjs",
      "template/README.md",
      "template/experiments/first.ts",
      "template/gitignore",
      "template/test/first.test.ts",
      "template/tsconfig.json",
    ])
    assert.notProperty(createJson, "dependencies")
  })

  it("creates the project, installs its packages into it and prints the next command", async () => {
    const cwd = join(scratch, "below a package")
    mkdirSync(cwd)
    const child = spawn("npm", ["create", "--yes", "tidemark@latest", "My Model"], {
      cwd,
      env: {
        ...userEnvironment(),
        npm_config_registry: registry.url,
        npm_config_cache: join(scratch, "cache"),
        npm_config_audit: "false",
        npm_config_fund: "false",
      },
      stdio: ["ignore", "pipe", "pipe"],
    })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += String(data)))
    const code = await new Promise((resolve) => child.on("close", resolve))
    assert.strictEqual(code, 0, output)
    assert.match(output, /next:\n {2}cd "My Model"\n {2}npx tidemark run experiments\/first\.ts\n/)
    assert.isTrue(existsSync(join(cwd, "My Model/node_modules/tidemark/package.json")))
    assert.isTrue(existsSync(join(cwd, "My Model/package-lock.json")))
    assert.isFalse(existsSync(join(cwd, "node_modules")))
  })
})

describe("the project", () => {
  const project = join(scratch, "demo")
  const inProject = (...args: ReadonlyArray<string>) =>
    spawnSync(process.execPath, args, { cwd: project, encoding: "utf8" })

  beforeAll(async () => {
    const { code } = await createIn({ cwd: scratch }, "demo", "--no-install")
    assert.strictEqual(code, 0)
    mkdirSync(join(project, "node_modules"))
    symlinkSync(root, join(project, "node_modules/tidemark"), "junction")
    for (const name of ["@types", "effect"]) {
      symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name), "junction")
    }
  })

  it("has no type errors", () => {
    const { status, stdout } = inProject(join(root, "node_modules/typescript/bin/tsc"))
    assert.strictEqual(stdout, "")
    assert.strictEqual(status, 0)
  })

  it("has a test that passes", () => {
    const { status, stdout } = inProject("--test", "--test-reporter=tap")
    assert.match(stdout, /^# pass 1$/m)
    assert.strictEqual(status, 0, stdout)
  })

  it("trains with the command that is printed, to more than 97 % accuracy", () => {
    const { status, stderr, stdout } = inProject(
      join(root, "cli/start.mjs"),
      "run",
      "experiments/first.ts",
      "--json",
    )
    assert.strictEqual(status, 0, stderr)
    assert.isAbove(JSON.parse(stdout).test.accuracy.value, 0.97)
  })
})
