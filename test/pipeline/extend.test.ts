/** Extending the budget of a finished run, and the cases that are refused so that no result is lost. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"
import { resultOf } from "../fixtures/runFiles.ts"
import { squares } from "../fixtures/squares.ts"

const set = squares()
let run: string
let before: ReturnType<typeof resultOf>
beforeAll(async () => {
  // With this learning rate no later evaluation is better than the first one, at iteration 25.
  const file = variant(
    "six.ts",
    epochs(6),
    ["batchSize:", `report: "best", batchSize:`],
    ["value: 0.01", "value: 1e-9"],
  )
  const { code, stderr, stdout } = await runCommand("run", file, ...inFolder("runs"), "--json")
  assert.strictEqual(code, 0, stderr)
  run = JSON.parse(stdout).path
  before = resultOf(run)
}, 120_000)
afterAll(() => set.remove())

const inFolder = (name: string) => [
  "--engine=onnx",
  `--runs-dir=${set.folder(name)}`,
  `--data-dir=${join(set.scratch, "data")}`,
]

/** Writes the experiment with parts of its text replaced into another file. */
const variant = (name: string, ...changes: ReadonlyArray<readonly [string, string]>) => {
  const path = join(set.scratch, name)
  writeFileSync(
    path,
    changes.reduce((text, [from, to]) => text.replace(from, to), readFileSync(set.file, "utf8")),
  )
  return path
}

/** 100 training examples in batches of 20: 5 iterations an epoch. */
const epochs = (number: number) => ["budget: { iterations: 50 }", `budget: { epochs: ${number} }`] as const

const refused = async (args: ReadonlyArray<string>, code: number, message: RegExp) => {
  const ended = await runCommand(...args)
  assert.strictEqual(ended.code, code, ended.stderr)
  assert.match(ended.stderr, message)
}

describe("a finished run of six epochs, 30 iterations", () => {
  it("cannot be extended to fewer iterations, also when the budget is in epochs", async () => {
    await refused(
      ["resume", run, "--iterations=29"],
      65,
      /cannot change the budget of \S+: found --iterations 29, expected at least its budget of 30/,
    )
    await refused(
      ["run", variant("five.ts", epochs(5)), "--from", run, ...inFolder("forks")],
      65,
      /found a budget of 25 iterations, expected more than the 30 of its checkpoint; set a larger --iterations/,
    )
    assert.deepStrictEqual(set.runsOf("forks"), [])
    assert.deepStrictEqual(resultOf(run), before)
  })

  it("cannot be forked on other data if its checkpoint is beyond the budget", () =>
    refused(
      [
        "run",
        variant("others.ts", epochs(5), [`name: "squares", classes`, `name: "others", classes`]),
        "--from",
        run,
        ...inFolder("others"),
      ],
      65,
      /cannot train to the budget of 25 iterations: found a checkpoint of iteration 30; nothing was changed/,
    ))

  it("cannot be extended while it is a champion; the error suggests a fork", async () => {
    const champions = join(set.folder("runs"), "champions")
    mkdirSync(champions)
    writeFileSync(join(champions, "squares"), basename(run))
    await refused(
      ["resume", run, "--iterations=40"],
      65,
      /it is a champion, and must stay as it was tested; start a new run with `pnpm pipeline run FILE --from \S+squares\S+ --iterations 40`/,
    )
    rmSync(champions, { recursive: true })
    assert.deepStrictEqual(resultOf(run), before)
  })

  it("has a new report after more training, even if the best checkpoint is the same", async () => {
    const { code, stderr, stdout } = await runCommand(
      "resume",
      run,
      "--iterations=40",
      "--json",
      "--log-level=warn",
    )
    assert.strictEqual(code, 0, stderr)
    assert.notMatch(stderr, /resuming from|^run /m)
    const { budget, checkpoint, iterations } = JSON.parse(stdout)
    assert.deepStrictEqual(
      [checkpoint, before.report.checkpoint, before.report.budget, budget, iterations],
      [checkpoint, checkpoint, 30, 40, 40],
    )
  })

  it("is not matched by an empty name", async () => {
    await refused(["rm", "", "--yes", "--runs-dir", set.folder("runs")], 66, /no run of an empty name in/)
    assert.isTrue(existsSync(run))
  })
})
