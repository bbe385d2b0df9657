/** The command `sweep`: what it refuses, what it trains, and what other commands do with it. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { runCommand } from "../../fixtures/command.ts"

const fixture = (name: string) =>
  JSON.stringify(fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url)))

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-sweep-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** A sweep of four runs of 20 iterations; `change` are fields of it. */
const write = (name: string, change = "{}") => {
  const path = join(scratch, name)
  writeFileSync(
    path,
    `import tiny from ${fixture("tiny.ts")}
const base = { ...tiny, budget: { iterations: 20 }, evaluateEvery: 10 }
const uniform = (low, high) => ({ parameter: "uniform", low, high })
const choice = (...options) => ({ parameter: "choice", options })
export default {
  name: "small", base, strategy: { kind: "grid" }, retrain: { top: 1, seeds: 2 },
  space: { "optimizer.learningRate": choice(0.001, 1e30) }, ...${change},
}
`,
  )
  return path
}
const places = (folder: string) => [
  "--engine=onnx",
  "--threads=1",
  `--runs-dir=${join(scratch, folder)}`,
  `--data-dir=${join(scratch, "data")}`,
]
const journalOf = (folder: string) =>
  readFileSync(join(scratch, folder, "sweeps", "small", "journal.ndjson"), "utf8")
const runsIn = (folder: string) => readdirSync(join(scratch, folder)).filter((name) => /^\d{8}T/.test(name))

describe("a sweep", () => {
  it("ends with a result although a trial diverges, tests only the winner and the base, and is known to other commands", async () => {
    const file = write("sweep.ts")
    const { code, stderr, stdout } = await runCommand("sweep", file, "--json", ...places("runs"))
    assert.strictEqual(code, 0, stderr)
    const result = JSON.parse(stdout)
    assert.strictEqual(result.trials, 2)
    assert.strictEqual(result.failed, 1)
    assert.strictEqual(result.winner.trial, 0)
    assert.isFalse(result.winner.isBetter)
    assert.match(journalOf("runs"), /"record":"failed","trial":1,.*training diverged/)
    const tested = runsIn("runs").filter((run) => existsSync(join(scratch, "runs", run, "report.json")))
    assert.sameMembers(tested, [...result.finalists[0].runs, ...result.base.runs])

    const again = await runCommand("sweep", file, "--json", ...places("runs"))
    assert.deepStrictEqual(JSON.parse(again.stdout), result)
    const folder = ["--runs-dir", join(scratch, "runs")]
    const shown = await runCommand("show", "sweep:small", ...folder)
    assert.match(shown.stdout, /winner +trial 0: not better than the base \(p = /)
    assert.match(shown.stdout, /^trial +learningRate +validation error$/m)
    const refused = await runCommand("rm", result.base.runs[0], "--yes", ...folder)
    assert.strictEqual(refused.code, 75)
    assert.include(refused.stderr, "the base of sweep small, which `rm sweep:small` removes")
    assert.isTrue(existsSync(join(scratch, "runs", "sweeps", "small", "report.html")))
    const watched = await runCommand("watch", "sweep:small", "--json", ...folder)
    assert.strictEqual(watched.code, 0, watched.stderr)
    const live = JSON.parse(watched.stdout)
    assert.strictEqual(live.status, "finished")
    assert.deepStrictEqual(live.counts, { finished: 1, pruned: 0, failed: 1, open: 0 })
    for (const command of ["show", "watch"]) {
      const missing = await runCommand(command, "sweep:nobody", ...folder)
      assert.strictEqual(missing.code, 66)
    }
  })

  it("searches for the highest value of a metric of the experiment, and shows it", async () => {
    const file = write(
      "metric.ts",
      `{
        base: { ...base, metrics: { top2: { kind: "topKCategoricalAccuracy", k: 2 } } },
        objective: { metric: "top2" }, space: { "optimizer.learningRate": choice(1e-6, 0.003) },
      }`,
    )
    const { code, stderr, stdout } = await runCommand("sweep", file, "--json", ...places("metric"))
    assert.strictEqual(code, 0, stderr)
    const result = JSON.parse(stdout)
    assert.deepStrictEqual(result.objective, { metric: "top2", mode: "max" })
    assert.match(stderr, /trial 1, seed 0, .*: top2 0\.\d+ at iteration 20/)
    assert.strictEqual(result.winner.trial, 1)
    const [measured] = journalOf("metric")
      .split("\n")
      .filter((line) => line.includes('"record":"measured","trial":1,'))
      .map((line) => JSON.parse(line))
    const rows = readFileSync(join(scratch, "metric", measured.run, "metrics.ndjson"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
    // It is minimized, so the negative of the metric is stored.
    assert.strictEqual(measured.value, -rows.findLast(({ split }) => split === "validation").metrics.top2)
    assert.strictEqual(result.finalists[0].searched, measured.value)
    const shown = await runCommand("show", "sweep:small", "--runs-dir", join(scratch, "metric"))
    assert.match(shown.stdout, /2 trials, 0 pruned, 0 failed, by top2/)
    assert.include(shown.stdout, (-measured.value).toPrecision(3))
  })

  it("resumes with a journal that was cut, to the same bytes, and trains nothing again", async () => {
    const file = write("sweep.ts")
    const [journal, runs] = [journalOf("runs"), runsIn("runs")]
    const folder = join(scratch, "runs", "sweeps", "small")
    const resultText = readFileSync(join(folder, "result.json"), "utf8")
    for (const cut of [0, 1, journal.indexOf("diverged"), journal.length - 1]) {
      rmSync(join(folder, "result.json"))
      writeFileSync(join(folder, "journal.ndjson"), journal.slice(0, cut))
      const watched = await runCommand("watch", "sweep:small", "--runs-dir", join(scratch, "runs"))
      assert.strictEqual(watched.code, 130)
      assert.match(watched.stderr, /sweep small did not finish \(.*\), and no process works on it; resume it/)
      const { code, stderr } = await runCommand("sweep", file, ...places("runs"))
      assert.strictEqual(code, 0, stderr)
      if (cut > 0) assert.match(stderr, /the journal of sweep small was damaged; dropped a last line/)
      assert.strictEqual(journalOf("runs"), journal)
      assert.strictEqual(readFileSync(join(folder, "result.json"), "utf8"), resultText)
    }
    assert.deepStrictEqual(runsIn("runs"), runs)
  })

  it("trains on the engine that was chosen when it began, whichever process trains, and resumes with it", async () => {
    const file = write("sweep.ts")
    const stored = join("sweeps", "small", "sweep.json")
    const path = join(scratch, "runs", stored)
    const workload = { iterations: 20, images: 11_000 }
    const chosen = {
      ...JSON.parse(readFileSync(path, "utf8")),
      engineChoice: { engine: "onnx", basis: "short", workload },
    }
    writeFileSync(path, JSON.stringify(chosen))
    const resumed = await runCommand("sweep", file, ...places("runs"))
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.deepStrictEqual(JSON.parse(readFileSync(path, "utf8")), chosen)

    mkdirSync(join(scratch, "chosen", "sweeps", "small"), { recursive: true })
    writeFileSync(join(scratch, "chosen", stored), JSON.stringify(chosen))
    const [, ...folders] = places("chosen")
    const part = await runCommand("sweep", file, "--part", "base/0/0", ...folders)
    assert.strictEqual(part.code, 0, part.stderr)
    assert.match(part.stderr, /engine onnx, because 20 iterations are too few for a measurement/)
    const [run] = runsIn("chosen")
    const { engine, engineChoice } = JSON.parse(
      readFileSync(join(scratch, "chosen", run, "run.json"), "utf8"),
    )
    assert.strictEqual(engine.name, "onnx")
    assert.deepStrictEqual(engineChoice, chosen.engineChoice)
    const shown = await runCommand("show", run, "--runs-dir", join(scratch, "chosen"))
    assert.match(shown.stdout, /^engine onnx, because 20 iterations are too few for a measurement$/m)
  })

  it("goes on if a proposal is no valid experiment: that trial has failed, with the reason", async () => {
    const file = join(scratch, "sweep.ts")
    const folder = join(scratch, "runs", "sweeps", "small")
    const isDrawn = (line: string) => line.includes('"record":"trial"')
    // As if the journal had drawn an option that is none.
    const drawn = journalOf("runs").split("\n").filter(isDrawn)
    assert.include(drawn[1], '"trial":1,"parameters":{"optimizer.learningRate":1}')
    const journal = `${drawn[0]}\n${drawn[1].replace(":1}", ":7}")}\n`
    writeFileSync(join(folder, "journal.ndjson"), journal)
    rmSync(join(folder, "result.json"))
    const { code, stderr, stdout } = await runCommand("sweep", file, "--json", ...places("runs"))
    assert.strictEqual(code, 0, stderr)
    assert.strictEqual(JSON.parse(stdout).failed, 1)
    assert.match(journalOf("runs"), /"record":"failed","trial":1,.*"run":null,"reason":"optimizer/)
    const shown = await runCommand("show", "sweep:small", "--runs-dir", join(scratch, "runs"))
    assert.match(shown.stdout, /failed: optimizer\.learningRate/)
    const page = readFileSync(join(folder, "report.html"), "utf8")
    assert.include(page, "optimizer.learningRate: ")
  })

  it("whose file has changed is refused with the difference, unless a new one adopts its trials", async () => {
    const change = `{ space: { "optimizer.learningRate": choice(0.001, 0.002) } }`
    const file = write("changed.ts", change)
    const refused = await runCommand("sweep", file, ...places("runs"))
    assert.strictEqual(refused.code, 65)
    assert.match(
      refused.stderr,
      /has changed since sweep small began:\n\s+space\.optimizer\.learningRate\.options\[1\]: 1e\+30 → 0\.002\n/,
    )
    const before = runsIn("runs")
    const adopted = await runCommand("sweep", file, "--new", "--json", ...places("runs"))
    assert.strictEqual(adopted.code, 0, adopted.stderr)
    // Trial 0, its fresh seeds and the base were trained already.
    const added = runsIn("runs").filter((run) => !before.includes(run))
    assert.isAtMost(added.length, 3)
    assert.strictEqual(JSON.parse(adopted.stdout).failed, 0)
    const removed = await runCommand("rm", "sweep:small", "--yes", "--runs-dir", join(scratch, "runs"))
    assert.match(removed.stdout, /removed 1 sweep, /)
    assert.isFalse(existsSync(join(scratch, "runs", "sweeps", "small")))
    assert.deepStrictEqual(runsIn("runs").length, before.length + added.length)
  })

  it("that begins anew with a wider space has the finished trials of the old one first, and trains none again", async () => {
    const drawn = (high: number) =>
      write(
        `drawn-${high}.ts`,
        `{ name: "drawn", strategy: { kind: "random" }, trials: 2, space: { "optimizer.learningRate": uniform(0.001, ${high}) } }`,
      )
    const trials = () =>
      readFileSync(join(scratch, "drawn", "sweeps", "drawn", "journal.ndjson"), "utf8")
        .split("\n")
        .filter((line) => line.includes(`"record":"trial"`))
    const first = await runCommand("sweep", drawn(0.002), ...places("drawn"))
    assert.strictEqual(first.code, 0, first.stderr)
    const [before, runs] = [trials(), runsIn("drawn")]
    assert.lengthOf(before, 2)
    const second = await runCommand("sweep", drawn(0.5), "--new", ...places("drawn"))
    assert.strictEqual(second.code, 0, second.stderr)
    assert.deepStrictEqual(trials(), before)
    assert.deepStrictEqual(runsIn("drawn"), runs)
    const narrow = await runCommand("sweep", drawn(0.0010001), "--new", ...places("drawn"))
    assert.strictEqual(narrow.code, 0, narrow.stderr)
    assert.notDeepEqual(trials(), before, "trials outside of the new space are drawn anew")
  })

  it("is refused with the path before anything is trained if it is not valid", async () => {
    let files = 0
    const refused = async (change: string, message: RegExp) => {
      const ended = await runCommand("sweep", write(`bad-${++files}.ts`, change), ...places("never"))
      assert.strictEqual(ended.code, 65, ended.stderr)
      assert.match(ended.stderr, message)
      assert.notMatch(ended.stderr, /^ {4}at /m, "a stack trace")
    }
    const inSpace = (space: string, strategy = `{ kind: "random" }`) =>
      `{ space: { ${space} }, strategy: ${strategy}, trials: 9 }`
    await refused(`{ space: {} }`, /space: found no parameter/)
    await refused(`{ space: { batchSize: choice(10) } }`, /space\.batchSize[\s\S]*at least two options/)
    await refused(inSpace(`seed: choice(1, 2)`), /space\.seed: all trials have the same seed/)
    await refused(
      inSpace(`batchSizes: choice(1, 2)`),
      /batchSizes = 1: batchSizes: unknown field; did you mean/,
    )
    await refused(inSpace(`"model[9].rate": uniform(0, 1)`), /space\.model\[9\]\.rate: .*no such element/)
    for (const path of ["model.filters", "model.foo.rate"]) {
      await refused(inSpace(`"${path}": choice(8, 16)`), /: the base has an array there; write an index/)
    }
    await refused(
      `{ space: { batchSize: { parameter: "integer", low: 1, high: 1e9 } } }`,
      /space\.batchSize: found 1000000000 values, expected at most 10000/,
    )
    await refused(
      inSpace(`"model[0].filters": choice(8, 0.5)`),
      /model\[0\]\.filters = 0\.5: model\[0\]\.filters: found 0\.5/,
    )
    await refused(
      inSpace(`"model[0].kernelSize": choice(3, 29), "model[0].padding": choice("same", "valid")`),
      /model\[0\]\.kernelSize = 29/,
    )
    await refused(
      `{ space: { "model[4].rate": uniform(0, 0.5) } }`,
      /space\.model\[4\]\.rate: a grid needs its values/,
    )
    await refused(`{ trials: 3 }`, /trials: grid has 2 trials here; omit trials/)
    await refused(`{ strategy: { kind: "random" }, trials: 0 }`, /trials: found 0/)
    await refused(`{ strategy: { kind: "random" } }`, /trials: missing/)
    const halving = `{ kind: "halving", factor: 3, rungs: 3 }`
    await refused(
      `{ strategy: ${halving}, trials: 5 }`,
      /trials: found 5, expected at least 9 for 3 rungs with factor 3.*; 2 rungs are enough for 5 trials/,
    )
    await refused(
      `{ strategy: ${halving}, trials: 9 }`,
      /base\.evaluateEvery: .*barriers 1 and 2 are both at iteration 10/,
    )
    await refused(
      `{ base: { ...base, split: { kind: "pooled", test: 0.1, validation: 0 } } }`,
      /base\.split\.validation: found 0/,
    )
    await refused(`{ base: { ...base, batchSize: 0 } }`, /base\.batchSize: found 0/)
    await refused(`{ objective: "testError" }`, /objective: found "testError"/)
    await refused(
      `{ objective: { metric: "top2" } }`,
      /objective\.metric: found top2, expected one that the field metrics names/,
    )
    const withMetric = `base: { ...base, metrics: { top2: { kind: "topKCategoricalAccuracy", k: 2 } } }`
    await refused(
      `{ ${withMetric}, objective: { metric: "top3" } }`,
      /objective\.metric: found top3, expected top2/,
    )
    await refused(
      `{ ${withMetric}, objective: { metric: "top2" }, space: { "metrics.top2.k": choice(1, 2) } }`,
      /space\.metrics\.top2\.k: the objective is a metric, which must be the same for all trials/,
    )
    const run = await runCommand("run", write("run.ts"), ...places("never"))
    assert.match(run.stderr, /found a sweep, expected an experiment; run it with `pnpm pipeline sweep`/)
    assert.isFalse(existsSync(join(scratch, "never")))
  })
})
