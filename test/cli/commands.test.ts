/**
 * How commands fail: with one clear error, the right exit code, no stack trace and no half-written files.
 */
import { spawn } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { builtFolder } from "../../engines/tensorflow/locate.ts"
import { cliRun, startAs } from "../fixtures/cli.ts"
import { runCommand } from "../fixtures/command.ts"
import { onlyRun, reached } from "../fixtures/runFiles.ts"
import { refused } from "../fixtures/refused.ts"

const tiny = "test/fixtures/tiny.ts"
const project = fileURLToPath(new URL("../..", import.meta.url))

let scratch: string
let data: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-commands-"))
  data = join(scratch, "data")
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const write = (name: string, text: string) => {
  const path = join(scratch, name)
  writeFileSync(path, text)
  return path
}

describe("pipeline", () => {
  it("lists the commands and examples in --help", async () => {
    const { code, stdout } = await cliRun("--help")
    assert.strictEqual(code, 0)
    for (const word of [
      "run",
      "resume",
      "list",
      "show",
      "--completions",
      "pipeline run experiments/cnn.ts",
    ]) {
      assert.include(stdout, word)
    }
  })

  it("shows the flags of the command first, those of many commands after them, and those of every command last", async () => {
    const { stdout } = await runCommand("gc", "--help")
    const flags = [...stdout.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name]) => name)
    const everywhere = ["help", "version", "wizard", "completions", "log-level"]
    assert.deepStrictEqual(flags, [
      "keep",
      "experiment",
      "yes",
      "runs-dir",
      "data-dir",
      "json",
      ...everywhere,
    ])
    assert.match(stdout, /^ {2}pnpm pipeline gc \[flags\]$/m)
    assert.match(
      stdout,
      /^ {2}--wizard +Prompt for the flags one by one, print the command line, and offer to run it$/m,
    )
    assert.match(stdout, /^ {2}--log-level LEVEL +Print less: the result, warnings and errors \(warn\)/m)
  })

  it("prints a completion script for a shell", async () => {
    const { code, stdout } = await runCommand("--completions", "bash")
    assert.strictEqual(code, 0)
    assert.include(stdout, "complete")
  })

  it("prints one line for each fault of a wrong command line, exits with 64, and prints nothing else", async () => {
    const errorsOf = async (...words: ReadonlyArray<string>) => {
      const ended = await runCommand(...words)
      refused(ended, 64, /^error: /)
      return ended.stderr
    }
    const see = (command: string) => `see \`pnpm pipeline ${command} --help\`\n`
    assert.strictEqual(await errorsOf("rnu"), "error: pipeline has no command rnu; did you mean run?\n")
    for (const [typed, meant] of [
      ["train", "run"],
      ["evaluate", "show"],
      ["ls", "list"],
    ]) {
      assert.strictEqual(
        await errorsOf(typed),
        `error: pipeline has no command ${typed}; did you mean ${meant}?\n`,
      )
    }
    assert.strictEqual(
      await errorsOf("run", tiny, "--epochs", "3", "--backend", "onnx", "--gpu"),
      "error: pipeline run has no flag --epochs; write budget: { epochs: 3 } in the experiment file\n" +
        "error: pipeline run has no flag --backend; did you mean --engine?\n" +
        "error: pipeline run has no flag --gpu; did you mean --device?\n",
    )
    assert.strictEqual(
      await errorsOf("run", tiny, "--iteratons", "5", "--json", "--x"),
      `error: pipeline run has no flag --iteratons; did you mean --iterations?\nerror: pipeline run has no flag --x; ${see("run")}`,
    )
    assert.strictEqual(await errorsOf("run"), `error: pipeline run needs <file>; ${see("run")}`)
    assert.strictEqual(
      await errorsOf("export", "latest"),
      `error: pipeline export needs --format; ${see("export")}`,
    )
    assert.strictEqual(
      await errorsOf("show", "latest", "again"),
      `error: pipeline show does not expect again; ${see("show")}`,
    )
    assert.strictEqual(
      await errorsOf("run", tiny, "--engine", "fast"),
      `error: --engine: found fast, expected "auto" | "tensorflow" | "onnx" | "reference"; ${see("run")}`,
    )
    assert.strictEqual(
      await errorsOf("run", tiny, "--threads"),
      `error: --threads needs a value: N; ${see("run")}`,
    )
    assert.strictEqual(
      await errorsOf("run", tiny, "--json=maybe"),
      `error: --json takes no value; ${see("run")}`,
    )
    for (const value of ["0", "-3", "1e3", "foo"]) {
      assert.strictEqual(
        await errorsOf("run", tiny, "--iterations", value),
        `error: --iterations: found ${value}, expected a whole number of at least 1; ${see("run")}`,
      )
    }
    assert.strictEqual(
      await errorsOf("run", tiny, "--seed", "1.5"),
      `error: --seed: found 1.5, expected a whole number; ${see("run")}`,
    )
    // Their stacks alone would fill the memory.
    assert.strictEqual(
      await errorsOf("run", tiny, "--threads", "100000"),
      `error: --threads: found 100000, expected a whole number from 1 to 1024; ${see("run")}`,
    )
  })
})

describe("run", () => {
  const run = (file: string, ...more: ReadonlyArray<string>) =>
    runCommand("run", file, "--runs-dir", join(scratch, "runs"), "--data-dir", data, ...more)

  it("exits with 66 if the experiment file is missing", async () => {
    refused(await run("experiments/nothing.ts"), 66, /^error: cannot load .*nothing\.ts: file not found/m)
    refused(await run("cnn-fst"), 66, /: file not found; did you mean experiments[/\\]cnn-fast\.ts\?$/m)
  })

  it("exits with 65 if a file does not parse, throws or exports nothing", async () => {
    const syntax = write("syntax.ts", "const a = 1\nexport default {{")
    refused(await run(syntax), 65, new RegExp(`cannot load ${syntax}: .*, at ${syntax}:2$`, "m"))
    const throws = write("throws.ts", "\n\nthrow new Error('my mistake')")
    refused(await run(throws), 65, new RegExp(`cannot load ${throws}: my mistake, at ${throws}:3$`, "m"))
    const imports = write("imports.ts", 'import "./syntax.ts"')
    refused(await run(imports), 65, new RegExp(`cannot load ${imports}: .*, at ${syntax}:2$`, "m"))
    const misspelt = write(
      "misspelt.ts",
      `import { layers } from "${join(project, "schemas/index.ts")}"\nexport default layers.dense2({})`,
    )
    refused(
      await run(misspelt),
      65,
      new RegExp(`layers.dense2 is not a function, at ${misspelt}:2; did you mean layers\\.dense\\?$`, "m"),
    )
    refused(await run(write("empty.ts", "export const x = 1")), 65, /no default export/)
    refused(await run(join(project, "experiments")), 65, /cannot load .*experiments: not a TypeScript file/)
  })

  it("lists all faults of an experiment, exits with 65, and creates no run", async () => {
    const file = write(
      "faults.ts",
      `export default { name: "Bad Name", dataset: "mnist", model: [], batchSize: 1.5, epochs: 3 }`,
    )
    const ended = await run(file)
    refused(ended, 65, /is not a valid experiment, \d+ problems/)
    // The missing budget is what epochs stands for, and is not listed again.
    for (const at of ["name", "model", "batchSize", "epochs", "loss", "optimizer"]) {
      assert.match(ended.stderr, new RegExp(`^  ${at}[^:]*: `, "m"))
    }
    assert.isFalse(existsSync(join(scratch, "runs")))
  })

  it("names the layer and both shapes if a model does not fit, and exits with 65", async () => {
    const file = write(
      "misfit.ts",
      readFileSync(join(project, tiny), "utf8").replace('{ kind: "flatten" },', ""),
    )
    refused(
      await run(file),
      65,
      /layer dense_1 does not fit: found an input of \[7, 7, 8\], expected one row of values/,
    )
  })

  it.skipIf(existsSync(builtFolder))(
    "lists the available engines if the chosen one is not available, and exits with 69",
    async () => {
      const ended = await run(tiny, "--engine", "tensorflow")
      refused(ended, 69, /engine tensorflow is not available: .*; available: .*onnx/)
    },
  )

  it("exits with 73 before training if the runs folder is a file", async () => {
    const file = write("occupied", "")
    refused(await runCommand("run", tiny, "--runs-dir", file, "--data-dir", data), 73, /occupied/)
  })

  it("exits with 73 if the runs folder is not writable", async () => {
    const closed = join(scratch, "closed")
    mkdirSync(closed)
    chmodSync(closed, 0o555)
    chmodSync(scratch, 0o755)
    const nobody = process.getuid?.() === 0 ? 65_534 : undefined
    const { ended } = startAs(nobody, "run", tiny, "--runs-dir", join(closed, "runs"), "--data-dir", data)
    refused(await ended, 73, /error: cannot make folder .*closed.*: permission denied/)
  })

  it("prints only the report on standard output with --json", async () => {
    const { code, stderr, stdout } = await run(tiny, "--iterations", "10", "--json")
    assert.strictEqual(code, 0, stderr)
    const report = JSON.parse(stdout)
    assert.strictEqual(report.iterations, 10)
    assert.strictEqual(report.test.examples, 10_000)
    assert.isTrue(existsSync(join(project, report.path)) || existsSync(report.path))
    rmSync(join(scratch, "runs"), { recursive: true })
  })

  it("continues if its output is closed and on SIGHUP without a terminal, and saves and ends on SIGTERM", async () => {
    const runs = join(scratch, "deaf")
    const child = spawn(
      process.execPath,
      ["cli/start.mjs", "run", tiny, "--iterations", "100000", "--runs-dir", runs, "--data-dir", data],
      { cwd: project, stdio: ["ignore", "pipe", "pipe"] },
    )
    child.stdout.destroy()
    child.stderr.destroy()
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve))
    const deadline = Date.now() + 40_000
    while (
      Date.now() < deadline &&
      !(existsSync(runs) && readdirSync(runs).length === 1 && reached(onlyRun(runs)) >= 50)
    ) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.isAtLeast(reached(onlyRun(runs)), 50)
    child.kill("SIGHUP")
    const before = reached(onlyRun(runs))
    while (Date.now() < deadline && reached(onlyRun(runs)) === before) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.isAbove(reached(onlyRun(runs)), before)
    child.kill("SIGTERM")
    assert.strictEqual(await ended, 130)
    assert.include((await runCommand("list", "--runs-dir", runs)).stdout, "interrupted")
  })
})

describe("resume, list and show", () => {
  it("exit with 66 for an unknown run, and list the candidates for an ambiguous one", async () => {
    refused(
      await runCommand("resume", "latest", "--runs-dir", join(scratch, "none")),
      66,
      /no runs in \S+none; start one with `pnpm pipeline run experiments\/cnn-fast.ts`/,
    )
    const runs = join(scratch, "two")
    for (const name of ["20260101T000000Z-a-00000000", "20260102T000000Z-a-00000000"]) {
      mkdirSync(join(runs, name), { recursive: true })
    }
    refused(
      await runCommand("show", "2026", "--runs-dir", runs),
      66,
      /could be 20260102T\S+ \(damaged\) or 20260101T\S+ \(damaged\); give more/,
    )
  })

  it("report a damaged run directory and still list the others", async () => {
    const runs = join(scratch, "damaged")
    const name = "20260101T000000Z-a-00000000"
    mkdirSync(join(runs, name), { recursive: true })
    refused(await runCommand("show", name, "--runs-dir", runs), 65, /it has no run\.json/)
    writeFileSync(join(runs, name, "run.json"), `{"formatVersion": 1, "id": `)
    refused(await runCommand("resume", name, "--runs-dir", runs), 65, /is not a run this version can read/)
    writeFileSync(join(runs, name, "run.json"), `{"formatVersion": 999}`)
    const listed = await runCommand("list", "--runs-dir", runs)
    assert.strictEqual(listed.code, 0)
    assert.match(listed.stderr, /warning: .*is not a run this version can read/)
  })

  it("print an empty array with list --json if there are no runs", async () => {
    assert.deepStrictEqual(
      JSON.parse((await runCommand("list", "--json", "--runs-dir", join(scratch, "no"))).stdout),
      [],
    )
  })
})
