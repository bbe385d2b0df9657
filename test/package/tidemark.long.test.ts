/**
 * The package as its users have it: packed, installed into projects of every kind by npm and pnpm, used from the command line and
 * from code, type-checked as a dependency. It needs the registry.
 */
import { spawnSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { buildPackage } from "../../package/build/build.ts"
import { declarations } from "../../package/build/declarations.ts"
import { buildPackages } from "../../package/onnxruntime/build.ts"
import { smallMnist } from "../fixtures/smallMnist.ts"
import { userEnvironment } from "../fixtures/userEnvironment.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-package-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const here = fileURLToPath(new URL(".", import.meta.url))
const checkout = join(here, "../..")

/** Node.js versions to try beside this one, which the registry has as the package `node`: NODE_VERSIONS="22.19.0 26". */
const otherVersions = (process.env.NODE_VERSIONS ?? "").split(" ").filter(Boolean)

const run = (folder: string, command: string, ...args: ReadonlyArray<string>) => {
  const ended = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...userEnvironment(), NO_COLOR: "1" },
  })
  return {
    code: ended.status,
    stdout: ended.stdout,
    stderr: ended.stderr,
    all: `${ended.stdout}${ended.stderr}`,
  }
}
const succeeds = (ended: ReturnType<typeof run>) => {
  assert.strictEqual(ended.code, 0, ended.all)
  return ended
}

let tarballs: ReadonlyArray<string>
const project = (name: string, manifest: object) => {
  const folder = join(scratch, name)
  mkdirSync(join(folder, "experiments"), { recursive: true })
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "demo", version: "1.0.0", ...manifest }))
  const { dataset: _, ...experiment } = smallMnist(join(folder, "small mnist"))
  writeFileSync(
    join(folder, "experiments/first.ts"),
    `import { experiment, type ExperimentInput, layers } from "tidemark"
const set = (name: string) => ({ source: \`small mnist/\${name}\` })
const base = ${JSON.stringify(experiment)} as unknown as ExperimentInput
export default experiment({
  ...base,
  dataset: {
    name: "small-mnist", classes: 10, imageShape: [28, 28],
    trainImages: set("train-images-idx3-ubyte"), trainLabels: set("train-labels-idx1-ubyte"),
    testImages: set("t10k-images-idx3-ubyte"), testLabels: set("t10k-labels-idx1-ubyte"),
  },
  model: [layers.flatten(), layers.dense({ units: 10 })],
})
`,
  )
  return folder
}

const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .reduce((sum, each) => sum + statSync(join(each.parentPath, each.name)).size, 0)

let npmProject: string
beforeAll(async () => {
  const out = join(scratch, "packages")
  const built = await Effect.runPromise(buildPackages(out))
  const platform = `onnxruntime-${process.platform}-${process.arch}`
  tarballs = [
    await buildPackage(out),
    ...built.map(({ path }) => path).filter((path) => /onnxruntime-\d/.test(path) || path.includes(platform)),
  ]
  npmProject = project("npm project", {})
  succeeds(run(npmProject, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", ...tarballs))
}, 300_000)

/** The commands of a user's first hour. */
const usesIt = (folder: string, node = process.execPath) => {
  const tidemark = (...words: ReadonlyArray<string>) =>
    run(folder, node, "node_modules/tidemark/dist/cli/start.mjs", ...words)
  const trained = succeeds(tidemark("run", "experiments/first.ts", "--iterations", "20", "--json"))
  const report = JSON.parse(trained.stdout)
  assert.strictEqual(report.iterations, 20)
  assert.isTrue(
    existsSync(join(report.path, "report.html")) || existsSync(join(folder, report.path, "report.html")),
  )
  assert.include(succeeds(tidemark("list")).stdout, "finished")
  assert.strictEqual(
    JSON.parse(succeeds(tidemark("resume", "latest", "--iterations", "30", "--json")).stdout).iterations,
    30,
  )
  rmSync(join(folder, "runs"), { recursive: true })
}

describe("the package", () => {
  it("is small, installs little, and has no findings of publint and attw", () => {
    assert.isBelow(statSync(tarballs[0]).size, 1_500_000)
    const modules = join(npmProject, "node_modules")
    assert.isBelow(bytesIn(modules), 320e6)
    const lock = JSON.parse(readFileSync(join(npmProject, "package-lock.json"), "utf8"))
    assert.isBelow(Object.keys(lock.packages).length, 145)
    succeeds(run(checkout, "node_modules/.bin/publint", "--strict", tarballs[0]))
    succeeds(run(checkout, "node_modules/.bin/attw", "--profile", "esm-only", tarballs[0]))
  })

  it("is built twice with the same bytes", async () => {
    const again = await buildPackage(join(scratch, "again"))
    assert.isTrue(readFileSync(again).equals(readFileSync(tarballs[0])))
  }, 60_000)

  it("has the declarations that were agreed on, which name no type of an engine or a schema", () => {
    for (const [name, text] of Object.entries(declarations())) {
      const agreed = join(here, "types", `${name}.d.ts`)
      if (process.env.UPDATE_DECLARATIONS === "1") writeFileSync(agreed, text)
      assert.strictEqual(text, readFileSync(agreed, "utf8"), "UPDATE_DECLARATIONS=1 writes them anew")
      assert.notMatch(text, /tfjs|Schema\.|__type|import\("/)
    }
  }, 60_000)

  for (const type of [undefined, "commonjs", "module"]) {
    it(`trains, lists and resumes in a project ${type === undefined ? "without a type" : `of type ${type}`}`, () => {
      writeFileSync(
        join(npmProject, "package.json"),
        JSON.stringify({ ...JSON.parse(readFileSync(join(npmProject, "package.json"), "utf8")), type }),
      )
      usesIt(npmProject)
    }, 60_000)
  }

  it("trains an ensemble in processes, and by a schedule, and names its commands as npx has them", () => {
    const tidemark = (...words: ReadonlyArray<string>) => run(npmProject, "npx", "tidemark", ...words)
    writeFileSync(
      join(npmProject, "experiments/pair.ts"),
      `import { ensemble } from "tidemark"\nimport first from "./first.ts"\nexport default ensemble({ name: "pair", members: [0, 1].map((seed) => ({ ...first, seed })) })\n`,
    )
    const pair = succeeds(
      tidemark("run", "experiments/pair.ts", "--iterations", "20", "--jobs", "2", "--json"),
    )
    assert.strictEqual(JSON.parse(pair.stdout).members.length, 2)
    succeeds(tidemark("schedule", "experiments/first.ts", "--now", "--iterations", "20"))
    assert.include(succeeds(tidemark("champion")).stdout, "tiny")
    assert.include(succeeds(tidemark("doctor")).stdout, "ONNX Runtime")
    assert.include(tidemark("show", "latest", "--runs-dir", "none").stderr, "npx tidemark run")
    assert.include(tidemark("--help").stdout, "npx tidemark <subcommand>")
    rmSync(join(npmProject, "runs"), { recursive: true })
  }, 120_000)

  it("is called from code, as promises and as effects, and is type-checked without skipLibCheck", () => {
    writeFileSync(
      join(npmProject, "use.mts"),
      `import { Effect } from "effect"
import { listRuns, run, TidemarkError, type RunEvent } from "tidemark/promises"
import * as effects from "tidemark/run"
import first from "./experiments/first.ts"
const events: Array<RunEvent["kind"]> = []
const result = await run({ experiment: first, iterations: 20, onEvent: ({ kind }) => void events.push(kind) })
const [summary] = await listRuns()
const listed = await Effect.runPromise(effects.readRun("latest"))
const error = await run({ experiment: "none.ts" }).catch((error: unknown) => error)
console.log(JSON.stringify({
  same: summary?.id === result.id && listed.test?.error.value === result.test.error.value,
  last: events.at(-1),
  kind: error instanceof TidemarkError ? error.kind : error,
}))
`,
    )
    const used = succeeds(
      run(npmProject, process.execPath, "--disable-warning=ExperimentalWarning", "use.mts"),
    )
    assert.deepStrictEqual(JSON.parse(used.stdout), { same: true, last: "finished", kind: "noInput" })
    writeFileSync(
      join(npmProject, "experiments/sweep.ts"),
      `import { choice, logUniform, strategies, sweep } from "tidemark"
import base from "./first.ts"
export default sweep({
  name: "rates",
  base,
  space: { "optimizer.learningRate": logUniform(1e-4, 1e-1), batchSize: choice(50, 100) },
  strategy: strategies.random(),
  trials: 2,
})
export const mistaken = sweep({
  name: "mistaken",
  base,
  // @ts-expect-error: a batch size is a number.
  space: { batchSize: choice("50", "100") },
  strategy: strategies.random(),
  trials: 2,
})
`,
    )
    writeFileSync(
      join(npmProject, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          target: "esnext",
          module: "nodenext",
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          skipLibCheck: false,
          allowImportingTsExtensions: true,
          types: ["node"],
          typeRoots: [join(checkout, "node_modules/@types")],
        },
        include: ["use.mts", "experiments"],
      }),
    )
    // effect's own declarations have findings of their own: only those of this package count.
    for (const typescript of ["typescript", "typescript-declarations"]) {
      const checked = run(npmProject, process.execPath, join(checkout, "node_modules", typescript, "bin/tsc"))
      const own = checked.stdout
        .split("\n")
        .filter((line) => /^(?:use|experiments|node_modules\/tidemark)/.test(line))
      assert.deepStrictEqual(own, [], typescript)
    }
  }, 120_000)

  it("installs with the scripts of its dependencies allowed, and with pnpm", () => {
    const allowed = project("scripts", { type: "module" })
    succeeds(run(allowed, "npm", "install", "--no-audit", "--no-fund", ...tarballs))
    usesIt(allowed)
    const pnpm = project("pnpm", { type: "module" })
    const overrides = Object.fromEntries(
      tarballs
        .slice(1)
        .map((path) => [
          `@tidemark/${/tidemark-(onnxruntime.*)-\d+\.\d+\.\d+\.tgz$/.exec(path)?.[1]}`,
          `file:${path}`,
        ]),
    )
    writeFileSync(join(pnpm, "pnpm-workspace.yaml"), `overrides: ${JSON.stringify(overrides)}\n`)
    succeeds(run(pnpm, "npx", "-y", "pnpm@10", "add", ...tarballs))
    usesIt(pnpm)
  }, 240_000)

  for (const version of otherVersions) {
    it(`runs on Node.js ${version}`, () => {
      const node = succeeds(
        run(scratch, "npx", "-y", `node@${version}`, "-p", "process.execPath"),
      ).stdout.trim()
      usesIt(npmProject, node)
    }, 240_000)
  }
})
