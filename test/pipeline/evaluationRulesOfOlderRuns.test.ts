/** Runs of older versions have no evaluation rules in run.json. They are resumed with the evaluations of their version. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"
import { squares } from "../fixtures/squares.ts"

const set = squares()
afterAll(() => set.remove())

const readJson = (path: string) => JSON.parse(readFileSync(path, "utf8"))

/** The iterations at which a run measured the validation split. */
const evaluated = (run: string) =>
  readFileSync(join(run, "metrics.ndjson"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ split }) => split === "validation")
    .map(({ iteration }) => iteration)

/** Makes of a finished run what an older version leaves if it is stopped before its first checkpoint. */
const makeOlder = (run: string) => {
  const [identity, attempt] = [join(run, "run.json"), join(run, "attempts", "0001.json")]
  const { evaluationRules, ...experiment } = readJson(identity).experiment
  assert.strictEqual(evaluationRules, 2)
  writeFileSync(identity, JSON.stringify({ ...readJson(identity), experiment }))
  const outcome = { ...readJson(attempt).outcome, status: "interrupted", reason: "SIGTERM" }
  writeFileSync(attempt, JSON.stringify({ ...readJson(attempt), outcome }))
  for (const name of ["checkpoints", "metrics.ndjson", "predictions.safetensors", "report.json"])
    rmSync(join(run, name), { recursive: true })
  for (const stage of ["train", "report"]) rmSync(join(run, "stages", `${stage}.json`))
  mkdirSync(join(run, "checkpoints"))
}

describe("a run without evaluation rules in run.json", () => {
  it("is not evaluated at its last iteration when it is resumed, as in the version it began with", async () => {
    const flags = [
      "--engine=onnx",
      `--runs-dir=${set.folder("runs")}`,
      `--data-dir=${join(set.scratch, "data")}`,
    ]
    const whole = await runCommand("run", set.file, "--iterations=60", "--json", ...flags)
    assert.strictEqual(whole.code, 0, whole.stderr)
    const { path, validation } = JSON.parse(whole.stdout)
    assert.deepStrictEqual(evaluated(path), [25, 50, 60])
    assert.strictEqual(validation.at(-1).iteration, 60)

    makeOlder(path)
    const resumed = await runCommand("resume", path, "--json")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.deepStrictEqual(evaluated(path), [25, 50])
  })
})
