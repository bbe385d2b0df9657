/** create-tidemark: the files of a new project, and what it refuses. Nothing is installed here. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { spawn, spawnSync } from "node:child_process"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { packageManagerOf } from "../../package/create/packageManager.mjs"
import { CreateFailed } from "../../package/create/CreateFailed.mjs"
import { devDependencies, writeFiles } from "../../package/create/project.mjs"
import { projectNameOf } from "../../package/create/projectName.mjs"
import createJson from "../../package/create/package.json" with { type: "json" }
import packageJson from "../../package.json" with { type: "json" }
import { decodeExperiment } from "../../pipeline/experimentFile/load.ts"
import { createIn } from "./create.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const start = join(root, "package/create/start.mjs")

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "tidemark-create-"))
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const filesIn = (folder: string) =>
  readdirSync(join(cwd, folder), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => statSync(join(cwd, folder, path)).isFile())
    .toSorted()

const files = [
  ".gitignore",
  "README.md",
  "experiments/first.ts",
  "package.json",
  "test/first.test.ts",
  "tsconfig.json",
]

const agent = (name: string) => ({ npm_config_user_agent: `${name} npm/? node/v24.0.0 linux x64` })

describe("a new project", () => {
  it("has exactly these files, and the next commands are printed", async () => {
    const { code, stderr, stdout } = await createIn({ cwd }, "demo", "--no-install")
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.strictEqual(
      stdout,
      `created demo in ${join(cwd, "demo")}: 6 files\n\nnext:\n  cd demo\n  npm install\n  npx tidemark run experiments/first.ts\n`,
    )
    assert.deepStrictEqual(filesIn("demo"), files)
  })

  it("depends on tidemark of the version of create-tidemark, which is that of this repository", async () => {
    await createIn({ cwd }, "My Model/", "--no-install")
    const project = JSON.parse(readFileSync(join(cwd, "My Model/package.json"), "utf8"))
    assert.strictEqual(project.name, "my-model")
    assert.strictEqual(project.type, "module")
    assert.deepStrictEqual(project.dependencies, { tidemark: packageJson.version })
    assert.strictEqual(createJson.version, packageJson.version)
    assert.isUndefined("dependencies" in createJson ? createJson.dependencies : undefined)
    const tested = Object.entries(packageJson.devDependencies).filter(([name]) => name in devDependencies)
    assert.deepStrictEqual(
      devDependencies,
      Object.fromEntries(tested.map(([name, version]) => [name, `^${version}`])),
    )
    for (const { engines } of [project, createJson]) assert.deepStrictEqual(engines, packageJson.engines)
  })

  it("has no placeholder of the template", async () => {
    for (const name of ["npm/11.0.0", "pnpm/10.0.0", "yarn/1.22.0", "bun/1.4.0"]) {
      await createIn({ cwd, env: agent(name) }, name.replace("/", "-"), "--no-install")
    }
    for (const path of filesIn(".")) assert.notInclude(readFileSync(join(cwd, path), "utf8"), "{{", path)
  })

  it("has an experiment that is valid", async () => {
    await createIn({ cwd }, "demo", "--no-install")
    mkdirSync(join(cwd, "node_modules"))
    symlinkSync(root, join(cwd, "node_modules/tidemark"), "junction")
    const path = join(cwd, "demo/experiments/first.ts")
    const module: { readonly default: unknown } = await import(pathToFileURL(path).href)
    const { name } = await Effect.runPromise(decodeExperiment(module.default, path))
    assert.strictEqual(name, "first")
  })

  it("can be the folder in which it is started, and a repository without files", async () => {
    mkdirSync(join(cwd, ".git"))
    const { code, stdout } = await createIn({ cwd }, ".", "--no-install")
    assert.strictEqual(code, 0)
    assert.match(stdout, /next:\n {2}npm install\n {2}npx tidemark run/)
    assert.deepStrictEqual(filesIn("."), files)
  })

  it("is quoted for the shell where its folder has spaces", async () => {
    const { stdout } = await createIn({ cwd }, "a/My Model", "--no-install")
    assert.include(stdout, `  cd "${join("a", "My Model")}"\n`)
  })

  it("of Yarn 2 and newer has its packages in node_modules", async () => {
    await createIn({ cwd, env: agent("yarn/1.22.22") }, "one", "--no-install")
    assert.deepStrictEqual(filesIn("one"), files)
    await createIn({ cwd, env: agent("yarn/4.9.1") }, "four", "--no-install")
    assert.deepStrictEqual(filesIn("four"), [".gitignore", ".yarnrc.yml", ...files.slice(1)])
  })
})

describe("the next command is in the words of the package manager", () => {
  for (const [name, exec, create] of [
    ["npm", "npx", "npm create tidemark@latest"],
    ["pnpm", "pnpm exec", "pnpm create tidemark@latest"],
    ["yarn", "yarn", "yarn create tidemark"],
    ["bun", "bunx", "bun create tidemark@latest"],
  ] as const) {
    it(name, async () => {
      const env = agent(`${name}/1.2.3`)
      const { stdout } = await createIn({ cwd, env }, "demo", "--no-install")
      assert.include(stdout, `  ${name} install\n  ${exec} tidemark run experiments/first.ts\n`)
      assert.include(readFileSync(join(cwd, "demo/README.md"), "utf8"), `${exec} tidemark resume latest`)
      assert.include((await createIn({ cwd, env }, "--help")).stdout, `${create} FOLDER [--no-install]`)
    })
  }

  it("its program is the one that started this one, except if another package manager started that", () => {
    const installOf = (name: string, path: string) =>
      packageManagerOf({ ...agent(name), npm_execpath: path }).install
    const byNode = (path: string) => ({
      command: process.execPath,
      args: [path, "install"],
      shell: false,
    })
    assert.deepStrictEqual(installOf("npm/11.0.0", "/lib/npm-cli.js"), byNode("/lib/npm-cli.js"))
    assert.deepStrictEqual(installOf("pnpm/10.0.0", "/lib/pnpm.cjs"), byNode("/lib/pnpm.cjs"))
    assert.deepStrictEqual(installOf("bun/1.4.0", "/bin/bun"), {
      command: "/bin/bun",
      args: ["install"],
      shell: false,
    })
    for (const path of ["/lib/npm-cli.js", "/lib/npx-cli.js", ""]) {
      assert.strictEqual(installOf("pnpm/10.0.0", path).command, "pnpm")
    }
  })
})

describe("names of packages", () => {
  it("are made of names of folders", () => {
    for (const [folder, name] of [
      ["demo", "demo"],
      ["My Model", "my-model"],
      ["Über_Netz 2", "uber-netz-2"],
      [".hidden", "hidden"],
      ["a & b", "a-b"],
      ["v1.2", "v1.2"],
    ]) {
      assert.strictEqual(projectNameOf(folder), name)
    }
  })

  for (const [folder, found] of [
    ["数字", /found no letter from a to z and no digit/],
    ["_._", /found no letter/],
    ["a".repeat(215), /found 215 characters, expected at most 214/],
    ["node_modules", /reserved/],
    ["tidemark", /reserved/],
  ] as const) {
    it(`refuse the folder ${folder.slice(0, 20)}, before anything is written`, async () => {
      const { code, stderr } = await createIn({ cwd }, folder, "--no-install")
      assert.strictEqual(code, 64)
      assert.match(stderr, found)
      assert.deepStrictEqual(readdirSync(cwd), [])
    })
  }
})

describe("a folder that is not new or empty is refused, and stays as it is", () => {
  it("with a file in it", async () => {
    mkdirSync(join(cwd, "demo"))
    writeFileSync(join(cwd, "demo/thesis.tex"), "text")
    const { code, stderr } = await createIn({ cwd }, "demo", "--no-install")
    assert.strictEqual(code, 73)
    assert.match(
      stderr,
      /^error: cannot create a project in .*: found thesis\.tex, expected a new or empty folder/,
    )
    assert.deepStrictEqual(filesIn("demo"), ["thesis.tex"])
  })

  it("with a file in its place", async () => {
    writeFileSync(join(cwd, "demo"), "text")
    const { code, stderr } = await createIn({ cwd }, "demo", "--no-install")
    assert.strictEqual(code, 73)
    assert.include(stderr, "found a file")
    assert.strictEqual(readFileSync(join(cwd, "demo"), "utf8"), "text")
  })

  it("below a file", async () => {
    writeFileSync(join(cwd, "file"), "text")
    assert.strictEqual((await createIn({ cwd }, "file/demo", "--no-install")).code, 73)
  })

  it("in which two start at once: one creates the project, the other is refused", async () => {
    const ended = await Promise.all([1, 2].map(() => createIn({ cwd }, "demo", "--no-install")))
    assert.deepStrictEqual(ended.map(({ code }) => code).toSorted(), [0, 73])
    assert.deepStrictEqual(filesIn("demo"), files)
  })

  it("and what was written before a failure is removed, but nothing else", async () => {
    mkdirSync(join(cwd, "demo"))
    writeFileSync(join(cwd, "demo/b"), "of another program")
    const written = writeFiles(join(cwd, "demo"), [
      ["a/deep/file", "text"],
      ["b", "text"],
    ])
    const error = await written.then(
      () => undefined,
      (error: unknown) => error,
    )
    assert.instanceOf(error, CreateFailed)
    assert.deepStrictEqual(readdirSync(join(cwd, "demo")), ["b"])
    assert.strictEqual(readFileSync(join(cwd, "demo/b"), "utf8"), "of another program")
  })
})

describe("the command line", () => {
  it("has a help and a version", async () => {
    assert.match((await createIn({ cwd }, "--help")).stdout, /^Create a project[^]*--no-install/)
    assert.strictEqual(
      (await createIn({ cwd }, "--version")).stdout,
      `create-tidemark v${packageJson.version}\n`,
    )
  })

  it("is refused with 64: unknown flags, two folders, an empty one", async () => {
    for (const [args, message] of [
      [["demo", "--force"], /Unknown option '--force'/],
      [["my", "model"], /found 2 folders, expected one/],
      [[""], /found no folder, expected one; run `npm create tidemark@latest my-model`/],
    ] as const) {
      const { code, stderr } = await createIn({ cwd }, ...args)
      assert.strictEqual(code, 64)
      assert.match(stderr, /^error: [^\n]*\n$/)
      assert.match(stderr, message)
    }
    assert.deepStrictEqual(readdirSync(cwd), [])
  })

  it("never prompts without a terminal, nor in CI", async () => {
    for (const started of [{ cwd }, { cwd, typed: "demo\n", env: { CI: "true" } }]) {
      const { code, stderr, stdout } = await createIn(started, "--no-install")
      assert.deepStrictEqual({ code, stdout }, { code: 64, stdout: "" })
      assert.include(stderr, "found no folder")
    }
  })

  it("prompts for the folder in a terminal, with a default", async () => {
    assert.match(
      (await createIn({ cwd, typed: "demo\r" }, "--no-install")).stdout,
      /\(my-model\)[^]*created demo/,
    )
    assert.include((await createIn({ cwd, typed: "\r" }, "--no-install")).stdout, "created my-model")
  })

  it("writes nothing after Ctrl-C or Ctrl-D at the prompt", async () => {
    for (const key of ["\x03", "\x04"]) {
      const { code, stderr } = await createIn({ cwd, typed: key }, "--no-install")
      assert.strictEqual(code, 130)
      assert.include(stderr, "nothing was written")
    }
    assert.deepStrictEqual(readdirSync(cwd), [])
  })
})

describe.skipIf(process.platform === "win32")("installing", () => {
  /** A process with a package manager that is this script. */
  const createWith = (script: string | undefined, ...args: ReadonlyArray<string>) => {
    const bin = join(cwd, "bin")
    mkdirSync(bin, { recursive: true })
    if (script !== undefined) {
      writeFileSync(join(bin, "pnpm"), `#!/bin/sh\n${script}\n`)
      chmodSync(join(bin, "pnpm"), 0o755)
    }
    const env = {
      ...agent("pnpm/10.0.0"),
      PATH: script === undefined ? bin : [bin, "/usr/bin", "/bin"].join(delimiter),
    }
    return spawn(process.execPath, [start, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] })
  }
  const ended = async (child: ReturnType<typeof createWith>) => {
    let [stdout, stderr] = ["", ""]
    child.stdout.on("data", (data) => (stdout += String(data)))
    child.stderr.on("data", (data) => (stderr += String(data)))
    const code = await new Promise((resolve) => child.on("close", resolve))
    return { code, stdout, stderr }
  }

  it("starts the package manager in the folder, and then prints only how to train", async () => {
    const { code, stdout } = await ended(createWith(`echo "$1 in $(pwd)"`, "demo"))
    assert.strictEqual(code, 0)
    assert.match(stdout, /install in .*\/demo\n/)
    assert.isTrue(
      stdout.endsWith("next:\n  cd demo\n  pnpm exec tidemark run experiments/first.ts\n"),
      stdout,
    )
  })

  it("ends with the exit code of the package manager, and the commands that repeat it", async () => {
    const { code, stderr } = await ended(createWith("exit 7", "demo"))
    assert.strictEqual(code, 7)
    assert.include(stderr, "`pnpm install` failed with exit code 7; the files are complete; run again")
    assert.isTrue(stderr.endsWith("  cd demo\n  pnpm install\n"), stderr)
    assert.deepStrictEqual(filesIn("demo"), files)
  })

  it("ends with 69 if the package manager is missing", async () => {
    const { code, stderr } = await ended(createWith(undefined, "demo"))
    assert.strictEqual(code, 69)
    assert.match(stderr, /^error: cannot start pnpm: .*ENOENT/)
  })

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`ends with 130 after ${signal}, when the package manager has ended`, async () => {
      const script = `trap 'echo stopped >stopped; exit 1' TERM\necho started\nfor i in $(seq 200); do sleep 0.05; done`
      const child = createWith(script, "demo")
      child.stdout.on("data", (data) => String(data).includes("started") && child.kill(signal))
      const { code, stderr } = await ended(child)
      assert.strictEqual(code, 130)
      assert.include(
        stderr,
        "interrupted: the files are complete, the packages are not; finish with\n  cd demo\n",
      )
      assert.isTrue(existsSync(join(cwd, "demo/stopped")))
    })
  }

  it("a second signal ends a package manager that ignores the first", async () => {
    const child = createWith(
      "trap 'echo ignored' TERM\necho started\nfor i in $(seq 200); do sleep 0.05; done",
      "demo",
    )
    child.stdout.on("data", (data) => /started|ignored/.test(String(data)) && child.kill("SIGTERM"))
    const { code, stderr } = await ended(child)
    assert.strictEqual(code, 130)
    assert.include(stderr, "interrupted: ")
  })
})

it("a Node.js that is too old is named in one line with what to do", () => {
  const oldest = (path: string) => /const oldest = (.*)/.exec(readFileSync(join(root, path), "utf8"))?.[1]
  assert.strictEqual(oldest("package/create/start.mjs"), oldest("cli/start.mjs"))
  const pretend = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.8" } })`
  const url = `data:text/javascript,${encodeURIComponent(pretend)}`
  const args = ["--import", url, start, "demo", "--no-install"]
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" })
  assert.strictEqual(status, 69)
  assert.match(stderr, /^error: found Node\.js 18\.20\.8 \(.*\), expected 22\.19 or newer; install .*\n$/)
  assert.deepStrictEqual(readdirSync(cwd), [])
})
