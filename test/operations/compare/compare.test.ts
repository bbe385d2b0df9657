/**
 * Comparisons of runs: the tests and their verdicts, and comparisons of incomplete runs.
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { compareRuns } from "../../../operations/compare/Comparison.ts"
import { renderMarkdown, renderText } from "../../../cli/render/renderComparison.ts"
import { verdict } from "../../../operations/compare/verdict.ts"
import { runArgument } from "../../../format/runArgument.ts"
import { locateRuns } from "../../../storage/runDirectory.ts"
import { readHeaders } from "../../../storage/runHeader.ts"
import { runCommand } from "../../fixtures/command.ts"
import { type WrittenRun, writeRun } from "../../fixtures/writeRun.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-compare-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let second = 0
const write = (runsDir: string, run: Omit<WrittenRun, "runsDir" | "second">) =>
  writeRun({ ...run, runsDir: join(scratch, runsDir), second: second++ })

const compared = (runs: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { damaged, runs: headers } = yield* readHeaders(runs)
    return yield* compareRuns(headers, damaged)
  }).pipe(Effect.provide(NodeServices.layer), Effect.runPromise)

/** Whether each of 1,000 examples is classified correctly. */
const correct = (wrong: (index: number) => boolean) => Array.from({ length: 1000 }, (_, i) => !wrong(i))

describe("compare", () => {
  it("tests two models with the exact McNemar test and lists the examples that only one gets right", async () => {
    const a = write("two", { right: correct((i) => i < 30) })
    const b = write("two", { right: correct((i) => i < 5 || i === 999), learningRate: 0.2 })
    const { differing, tests } = await compared([a, b])
    assert.deepStrictEqual(
      [verdict(tests[0], true), verdict(tests[0], false)],
      [
        "B is better: 2.40 points fewer errors, p < 0.0001",
        "B is better than A: 2.40 points fewer errors, p < 0.0001",
      ],
    )
    assert.match(
      renderText(await compared([a, b]), 80),
      /^ {2}B − A +−2\.40 +−2\.59 to −1\.58 +< 0\.0001 +B is better$/m,
    )
    assert.deepStrictEqual(differing, [
      { path: "optimizer.learningRate.value", values: { A: "0.1", B: "0.2" } },
    ])
    const [test] = tests
    assert.strictEqual(test.examples, 1000)
    assert.deepStrictEqual(test.onlyFirstRight, { count: 1, first: [{ index: 60_999, label: 0 }] })
    assert.strictEqual(test.onlySecondRight?.count, 25)
    assert.deepStrictEqual(test.onlySecondRight?.first[0], { index: 60_005, label: 0 })
    // 2 · (1 + 26) / 2^26
    assert.closeTo(test.difference.p, 54 / 2 ** 26, 1e-15)
    assert.isTrue(test.significant)
    assert.closeTo(test.difference.value, -0.024, 1e-12)
  })

  it("reports no significant difference, and calls neither run better", async () => {
    const a = write("not-significant", { right: correct((i) => i < 30) })
    const b = write("not-significant", { right: correct((i) => i >= 5 && i < 40), learningRate: 0.2 })
    const comparison = await compared([a, b])
    assert.strictEqual(
      verdict(comparison.tests[0], false).slice(0, 38),
      "B and A: no significant difference (p ",
    )
    assert.isFalse(comparison.tests[0].significant)
    const text = renderText(comparison, 200)
    assert.match(
      text,
      /^No significant difference \(p = 0\.30; 95 % interval of the difference: −\d\.\d\d to \+\d\.\d\d points\)/,
    )
    assert.notInclude(text, "better")
  })

  it("corrects the p-values of several tests by Holm's method", async () => {
    // 6 against 0: p = 2 / 2^6 = 0.03
    const baseline = write("holm", { right: correct((i) => i < 6) })
    const others = [0.2, 0.3, 0.4].map((learningRate) =>
      write("holm", { right: correct(() => false), learningRate }),
    )
    const alone = await compared([baseline, others[0]])
    assert.isTrue(alone.tests[0].significant)
    assert.isNull(alone.correction)
    const together = await compared([baseline, ...others])
    assert.isTrue(together.tests.every(({ correctedP, significant }) => !significant && correctedP > 0.09))
    assert.include(renderText(together, 200), "p-values include Holm's correction for 3 tests.")
    assert.match(
      renderText(together, 200),
      /no significant difference \(corrected p = 0\.094, uncorrected p = 0\.031; 95 % interval/,
    )
  })

  it("groups the seeds of an experiment, and pairs groups with the same seeds", async () => {
    const a = [1, 2, 3].map((seed) => write("groups", { seed, right: correct((i) => i < 100 + seed) }))
    const b = [1, 2, 3].map((seed) =>
      write("groups", { seed, right: correct((i) => i < 40 + 2 * seed), learningRate: 0.2 }),
    )
    const { differing, tests, units } = await compared([...a, ...b])
    assert.deepStrictEqual(
      units.map(({ label, seeds }) => [label, seeds]),
      [
        ["A", [1, 2, 3]],
        ["B", [1, 2, 3]],
      ],
    )
    assert.closeTo(units[0].spread?.value ?? 0, 0.102, 1e-12)
    assert.closeTo(units[0].spread?.deviation ?? 0, 0.001, 1e-12)
    assert.strictEqual(differing.length, 1)
    assert.match(tests[0].method, /^paired t test over 3 seeds, and a paired t test over 1,000 test examples/)
    assert.closeTo(tests[0].difference.value, -0.058, 1e-3)
    assert.isTrue(tests[0].significant)
  })

  it("does not pair groups if only two seeds match, or if a seed has no partner", async () => {
    const right = (n: number) => correct((i) => i < n)
    const group = (seeds: ReadonlyArray<number>, learningRate: number) =>
      seeds.map((seed) => write("unpaired", { seed, right: right(40 + seed), learningRate }))
    const a = group([1, 2, 3], 0.1)
    const twoOfThem = group([1, 2], 0.2)
    const oneMore = group([1, 2, 3, 4], 0.3)
    const methods = (await compared([...a, ...twoOfThem, ...oneMore])).tests.map(({ method }) => method)
    assert.match(methods[0], /^Welch's t test over 3 and 2 seeds,/)
    assert.match(methods[1], /^Welch's t test over 3 and 4 seeds,/)
    const [{ method }] = (await compared([...twoOfThem, ...group([1, 2], 0.4)])).tests
    assert.match(method, /^Welch's t test over 2 and 2 seeds,/)
  })

  it("begins with the result, counts the results of many tests, and folds long lists", async () => {
    const right = (n: number) => correct((i) => i < n)
    const baseline = write("headline", { right: right(100) })
    const others = [10, 20, 100, 300].map((n, i) =>
      write("headline", { right: right(n), learningRate: 0.2 + i / 10 }),
    )
    const comparison = await compared([baseline, ...others])
    assert.strictEqual(
      renderText(comparison, 200).split("\n")[0],
      "4 are compared with A: 2 better (B, C), 1 worse (E), 1 without a significant difference (D).",
    )
    const differing = Array.from({ length: 10 }, (_, i) => ({
      path: `field${i}`,
      values: { A: '"one"', B: "2" },
    }))
    const [a, b] = comparison.units
    const two = { ...comparison, units: [a, b], tests: comparison.tests.slice(0, 1), differing }
    const text = renderText(two, 80)
    assert.match(text, /^B is better: 9\.00 points fewer errors, p < 0\.0001\.$/m)
    assert.match(text, /^ {2}field7 +one +2$/m)
    assert.include(text, "2 more, whose values --html and --markdown show: field8, field9")
    assert.include(renderMarkdown(two), "<details><summary>2 more</summary>")
    assert.include(renderMarkdown(two), "| field9 | one | 2 |")
    assert.strictEqual(renderMarkdown(two).split("\n")[0].slice(0, 15), "**B is better: ")
  })

  it("leaves out columns without values, and a plot of a single point", async () => {
    const runs = [0.1, 0.2].map((learningRate) => write("single", { learningRate, validation: [0.5] }))
    const text = renderText(await compared(runs), 80)
    assert.include(text, "accuracy")
    assert.notMatch(text, /peak memory +engine$/m)
    assert.notInclude(text, "status")
    assert.notInclude(text, "Validation error by iteration")
  })

  it("compares groups with different seeds by Welch's t test, and one seed with several by a t test", async () => {
    const right = (n: number) => correct((i) => i < n)
    const a = [1, 2, 3].map((seed) => write("welch", { seed, right: right(100 + seed) }))
    const b = [7, 8].map((seed) => write("welch", { seed, right: right(40 + seed), learningRate: 0.2 }))
    const c = write("welch", { seed: 1, right: right(103), learningRate: 0.3 })
    const { tests } = await compared([...a, ...b, c])
    assert.match(tests[0].method, /^Welch's t test over 3 and 2 seeds/)
    assert.isTrue(tests[0].significant)
    assert.match(tests[1].method, /^t test of one seed against 3/)
    assert.isFalse(tests[1].significant)
  })

  it("requires significance over the test examples as well as over the seeds", async () => {
    const a = [1, 2, 3].map((seed) => write("few", { seed, right: correct((i) => i < 12) }))
    const b = [1, 2, 3].map((seed) =>
      write("few", { seed, right: correct((i) => i < 10), learningRate: 0.2 }),
    )
    const { tests } = await compared([...a, ...b])
    assert.strictEqual(tests[0].parts[0].difference.p, 0)
    assert.isAbove(tests[0].difference.p, 0.05)
    assert.isFalse(tests[0].significant)
  })

  it("counts a repeated seed once", async () => {
    const right = correct((i) => i < 30)
    const runs = [1, 1, 1, 2].map((seed) => write("again", { seed, right }))
    runs.push(write("again", { seed: 1, right, learningRate: 0.2 }))
    const { remarks, units } = await compared(runs)
    assert.deepStrictEqual(units[0].seeds, [1, 2])
    assert.isTrue(remarks.some((remark) => remark.startsWith("A: 2 runs repeat a seed")))
  })

  it("matches examples by index and uses those that both test splits contain", async () => {
    const a = write("splits", { right: correct((i) => i < 600), firstIndex: 0 })
    const b = write("splits", { right: correct(() => false), firstIndex: 500, learningRate: 0.2 })
    const [test] = (await compared([a, b])).tests
    assert.strictEqual(test.examples, 500)
    assert.strictEqual(test.onlySecondRight?.count, 100)
    assert.include(test.remarks.join(), "500 examples in common, of 1,000 and 1,000")
    const c = write("splits", { firstIndex: 5000, learningRate: 0.3 })
    assert.match((await compared([a, c])).untested[0].reason, /no example in common/)
  })

  it("does not test runs of different datasets", async () => {
    const comparison = await compared([write("data", {}), write("data", { dataset: "kmnist" })])
    assert.deepStrictEqual(comparison.tests, [])
    assert.match(comparison.untested[0].reason, /different datasets/)
    const text = renderText(comparison, 200)
    assert.include(text, "Not tested: they were tested on different datasets")
    assert.lengthOf(text.match(/different datasets/g) ?? [], 1, "a reason is printed once")
  })

  it("tests runs of one dataset with different pixel normalizations", async () => {
    const standardized = [0.3, 0.31].map((mean) =>
      write("pixels", { learningRate: mean, standardizedBy: { mean, stddev: 0.3 } }),
    )
    const comparison = await compared([write("pixels", {}), ...standardized])
    assert.deepStrictEqual(comparison.untested, [])
    assert.lengthOf(comparison.tests, 2)
  })

  it("compares unfinished, damaged and older runs as far as possible, and reports what is missing", async () => {
    const whole = write("bad", {})
    const unfinished = write("bad", { learningRate: 0.2, unfinished: true, status: "interrupted" })
    appendFileSync(
      join(unfinished, "metrics.ndjson"),
      `${JSON.stringify({ split: "train", iteration: 219, epoch: 1, loss: 1, error: 0.5, batchLoss: 1, batchError: 0.5, learningRate: 0.1 })}\n`,
    )
    const torn = write("bad", { learningRate: 0.3 })
    writeFileSync(join(torn, "report.json"), "{")
    const flipped = write("bad", { learningRate: 0.4 })
    const bytes = readFileSync(join(flipped, "predictions.safetensors"))
    bytes[bytes.length - 1] ^= 1
    writeFileSync(join(flipped, "predictions.safetensors"), bytes)
    const older = write("bad", { learningRate: 0.5 })
    const { engine: _, ...identity } = JSON.parse(readFileSync(join(older, "run.json"), "utf8"))
    writeFileSync(join(older, "run.json"), JSON.stringify({ ...identity, formatVersion: 0 }))
    const unreadable = write("bad", {})
    writeFileSync(join(unreadable, "run.json"), "{")

    const comparison = await compared([whole, unfinished, torn, flipped, older, unreadable])
    assert.strictEqual(comparison.units.length, 5)
    assert.deepStrictEqual(
      comparison.tests.map(({ second }) => second),
      ["E"],
    )
    const notes = [...comparison.remarks, ...comparison.untested.map(({ reason }) => reason)].join("\n")
    for (const part of [
      `${basename(unfinished)}: interrupted, so there is no test result; get one with \`pnpm pipeline resume ${runArgument(unfinished)}\``,
      `${basename(torn)}: cannot read report.json`,
      "predictions.safetensors is damaged",
      `${basename(older)}: format version 0`,
      `${basename(unreadable)} is not a run this version can read`,
      "B has no test result",
    ]) {
      assert.include(notes, part)
    }
    // The curve of the unfinished run comes from its metrics.
    assert.strictEqual(comparison.curves[1].points.length, 2)
    // As in list: what it has reached, not what was evaluated.
    assert.strictEqual(comparison.units[1].figures.iterations, 219)
    assert.include(renderMarkdown(comparison), "| B |")
  })

  it("tests only the baseline and the 20 units with the lowest validation error, if there are many", async () => {
    const runs = Array.from({ length: 40 }, (_, i) =>
      write("many", { learningRate: i + 1, validation: [0.9, i === 0 ? 0.8 : 0.5 - i / 100] }),
    )
    const comparison = await compared(runs)
    assert.strictEqual(comparison.tests.length, 20)
    assert.strictEqual(comparison.unitsLeftOut, 19)
    assert.strictEqual(comparison.units[0].runs[0], basename(runs[0]))
    assert.strictEqual(comparison.units.at(-1)?.runs[0], basename(runs[39]))
  })
})

describe("the compare command", () => {
  it("accepts globs and --last, and prints text within 80 columns, Markdown or JSON", async () => {
    for (const learningRate of [0.1, 0.2, 0.3]) write("cli", { name: "cnn", learningRate })
    write("cli", { name: "mlp", learningRate: 0.4 })
    const runs = ["--runs-dir", join(scratch, "cli")]
    const text = await runCommand("compare", "2026*-cnn-*", ...runs)
    assert.strictEqual(text.code, 0, text.stderr)
    assert.isTrue(text.stdout.split("\n").every((line) => line.length <= 80))
    assert.notInclude(text.stdout, "\u001B")
    assert.include((await runCommand("compare", "--last", "2", "--markdown", ...runs)).stdout, "| A | ")
    const json = await runCommand("compare", "--experiment", "cnn", "--last", "2", "--json", ...runs)
    assert.strictEqual(JSON.parse(json.stdout).units.length, 2)
  })

  it("exits 64 without runs, 65 with one run, 66 with an unknown run", async () => {
    const runsDir = join(scratch, "one")
    const only = write("one", {})
    assert.strictEqual((await runCommand("compare", "--runs-dir", runsDir)).code, 64)
    const single = await runCommand("compare", "latest", "--runs-dir", runsDir)
    assert.strictEqual(single.code, 65)
    assert.include(single.stderr, `found one run, ${basename(only)}`)
    assert.strictEqual((await runCommand("compare", "latest", "nothing", "--runs-dir", runsDir)).code, 66)
  })

  it("compares a run that is named twice only once", async () => {
    const path = write("twice", {})
    const located = await locateRuns(join(scratch, "twice"), ["latest", basename(path), path]).pipe(
      Effect.provide(NodeServices.layer),
      Effect.runPromise,
    )
    assert.deepStrictEqual(located, [path])
  })
})

describe("differences between experiments", () => {
  it("are listed by field for networks with the same kinds of layers, else as whole networks", async () => {
    const withModel = (model: ReadonlyArray<unknown>, seed: number) => {
      const path = write("models", { seed })
      const file = join(path, "run.json")
      const run = JSON.parse(readFileSync(file, "utf8"))
      writeFileSync(file, JSON.stringify({ ...run, experiment: { ...run.experiment, model } }))
      return path
    }
    const dense = [{ kind: "flatten" }, { kind: "dense", units: 10 }]
    const wider = [{ kind: "flatten" }, { kind: "dense", units: 20 }]
    const deeper = [{ kind: "conv2d", filters: 8 }, ...dense]
    const fields = async (...models: ReadonlyArray<ReadonlyArray<unknown>>) =>
      (await compared(models.map((model) => withModel(model, 0)))).differing
    assert.deepEqual(await fields(dense, wider), [{ path: "model[1].units", values: { A: "10", B: "20" } }])
    assert.deepEqual(await fields(dense, deeper), [
      { path: "model", values: { A: '"flatten, dense(10)"', B: '"conv2d(8), flatten, dense(10)"' } },
    ])
  })
})

describe("seeds of one experiment", () => {
  it("are grouped whatever the order of fields, unless any value differs", async () => {
    const reversed = (value: unknown): unknown =>
      typeof value !== "object" || value === null || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .toReversed()
              .map(([key, field]) => [key, reversed(field)]),
          )
    const turned = (path: string) => {
      const file = join(path, "run.json")
      const run = JSON.parse(readFileSync(file, "utf8"))
      writeFileSync(file, JSON.stringify({ ...run, experiment: reversed(run.experiment) }))
      return path
    }
    const runs = [write("turned", { seed: 0 }), turned(write("turned", { seed: 1 }))]
    const together = await compared(runs)
    assert.strictEqual(together.spread?.n, 2)
    const other = write("turned", { seed: 2, learningRate: 0.01 })
    assert.deepEqual(
      (await compared([...runs, other])).units.map(({ seeds }) => seeds),
      [[0, 1], [2]],
    )
  })

  it("parts a table that is wider than the terminal between its columns", async () => {
    const text = renderText(await compared([write("narrow", {}), write("narrow", { seed: 1 })]), 44)
    const tables = text.slice(text.indexOf("Results in %"), text.indexOf("Differences"))
    for (const line of tables.split("\n")) assert.isAtMost(line.length, 44, line)
    assert.match(tables, /test error/)
    assert.match(tables, /validation error/)
  })
})
