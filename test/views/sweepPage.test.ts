/** The page of a sweep: what it says at the end, before the end, with hostile names and for every strategy. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { parseHTML } from "linkedom"
import { bestSoFar } from "../../operations/sweep/progress.ts"
import { shortNames } from "../../views/sweep/marks.ts"
import { finalistsOf, winnerOf } from "../../operations/sweep/finish.ts"
import { placesOf } from "../../operations/sweep/space.ts"
import type { SweepDefinition, SweepResult } from "../../schemas/Sweep.ts"
import type { Strategy } from "../../schemas/sweep/Strategy.ts"
import { runCommand } from "../fixtures/command.ts"
import { byRate, define, play } from "../fixtures/simulatedSweep.ts"
import { writeSweep } from "../fixtures/writeSweep.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-sweep-page-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const halving = { kind: "halving", factor: 3, rungs: 3, from: "quasiRandom" } as const
const withBarriers = (definition: SweepDefinition): SweepDefinition => ({
  ...definition,
  base: { ...definition.base, budget: { iterations: 90 }, evaluateEvery: 10 },
})

const simulate = (definition: SweepDefinition) =>
  play(definition, (part, parameters) => {
    const value = byRate(part, parameters)
    return part.trial === 4 || value === "failed" ? "failed" : 0.02 + 0.1 * value + 0.001 * (part.seed % 3)
  })

const resultOf = (
  definition: SweepDefinition,
  { ended, state }: ReturnType<typeof simulate>,
): SweepResult => {
  const finalists = finalistsOf(state, ended)
  const winner = winnerOf(finalists)
  if (winner === undefined) throw new Error("no trial was trained again")
  return {
    formatVersion: 1,
    name: definition.name,
    objective: definition.objective,
    trials: state.drawn.size,
    failed: 1,
    pruned: state.drawn.size - 1 - ended.ranking.length,
    iterations: null,
    base: { retrained: { value: 0.07, low: 0.06, high: 0.08 }, runs: ["run-of-the-base"] },
    finalists,
    winner: {
      trial: winner.trial,
      testError: 0.021,
      baseTestError: 0.069,
      difference: { value: -0.048, low: -0.06, high: -0.04, p: 0.0001 },
      isBetter: true,
    },
    optimism: 0.001,
  }
}

const show = async (runsDir: string) => {
  const { code, stderr, stdout } = await runCommand(
    "show",
    "sweep:simulated",
    "--open",
    "--runs-dir",
    runsDir,
  )
  assert.strictEqual(code, 0, stderr)
  const page = stdout.trim().split("\n")[0]
  assert.strictEqual(page, join(runsDir, "sweeps", "simulated", "report.html"))
  const markup = readFileSync(page, "utf8")
  assert.notInclude(markup, "<script")
  assert.notMatch(markup, /\b(NaN|Infinity|undefined|null)\b(?![^<]*<\/code>)/)
  return { markup, document: parseHTML(markup).document }
}
const textOf = (element: { readonly textContent: string | null } | null) =>
  (element?.textContent ?? "").replace(/\s+/g, " ").trim()

describe("the page of a sweep", () => {
  it("has the verdict, tells pruned, failed and finished trials apart, and has every chart with an alternative text", async () => {
    const definition = withBarriers(define(halving, 27))
    const played = simulate(definition)
    const runsDir = join(scratch, "ended")
    writeSweep(runsDir, definition, played.records, resultOf(definition, played))
    const { document } = await show(runsDir)
    const winner = played.ended.ranking[0].trial
    assert.strictEqual(
      textOf(document.querySelector("h1")),
      `simulated: trial ${winner} is better than the base`,
    )
    assert.match(textOf(document.querySelector(".verdict")), /^Test error 2\.10 %, of the base 6\.90 %/)
    const legend = textOf(document.querySelector(".legend"))
    for (const word of ["finished", "pruned", "failed", "best so far", "the base with the same seeds"]) {
      assert.include(legend, word)
    }
    const charts = [...document.querySelectorAll("svg.plot")].map((chart) => chart.getAttribute("aria-label"))
    assert.isTrue(charts.every((label) => (label ?? "").length > 10))
    const titles = [...document.querySelectorAll("figcaption h3")].map(textOf)
    assert.deepStrictEqual(titles, [
      "With fresh seeds",
      "Best so far",
      "Parallel coordinates",
      "optimizer.learningRate",
      "batchSize",
      "Importance",
    ])
    assert.match(
      textOf(document.querySelector("main")),
      /26 trials at iteration 10, which most trials reached/,
    )
    assert.match(
      textOf(document.querySelector(".notice")),
      /1 trial failed; the table of trials has the reasons/,
    )
    const outcomes = [...document.querySelectorAll("section[aria-labelledby=trials] tbody tr")].map((row) =>
      textOf(row.querySelectorAll("td")[0]),
    )
    assert.lengthOf(outcomes, 27)
    const pruning = document.querySelector("section[aria-labelledby=pruning]")
    const barriers = [...(pruning?.querySelectorAll("tbody tr") ?? [])].map((row) =>
      [...row.querySelectorAll("th, td")].slice(0, 4).map(textOf),
    )
    // Barrier, measured, pruned there, failed before: of 27 trials a third is promoted, twice.
    assert.deepStrictEqual(barriers, [
      ["iteration 10", "26", "17", "1"],
      ["iteration 30", "9", "6", "0"],
      ["the end", "3", "0", "0"],
    ])
    assert.match(textOf(pruning), /\d+ trainings: they have not begun, or their run is gone/)
    assert.strictEqual(outcomes.filter((outcome) => outcome === "failed").length, 1)
    assert.strictEqual(outcomes.filter((outcome) => outcome === "finished").length, 3)
  })

  it("can be written before the sweep has ended, from its first trial on", async () => {
    const definition = withBarriers(define(halving, 9))
    const { records } = simulate(definition)
    for (const until of [0, 1, 10, 15, 20, records.length]) {
      const runsDir = join(scratch, `until-${until}`)
      writeSweep(runsDir, definition, records.slice(0, until))
      const { document } = await show(runsDir)
      assert.match(
        textOf(document.querySelector("h1")),
        /^simulated: (9 trials to|\d trials? to|training the best|the search)/,
      )
      assert.isNull(document.querySelector("#result"))
    }
  })

  it("is written for every strategy, for losses, and with options that hold parameters", async () => {
    const strategies: ReadonlyArray<readonly [Strategy, number | null]> = [
      [{ kind: "grid", points: 4 }, null],
      [{ kind: "random" }, 15],
      [{ ...halving, kind: "hyperband" }, null],
      [{ kind: "tpe", startup: 10, batch: 5 }, 25],
    ]
    for (const [strategy, trials] of strategies) {
      const definition = withBarriers(
        define(strategy, trials, {
          objective: "validationLoss",
          space: {
            optimizer: {
              parameter: "choice",
              options: [
                { kind: "adam", learningRate: { parameter: "logUniform", low: 1e-4, high: 1e-2 } },
                { kind: "momentum", momentum: { parameter: "uniform", low: 0.5, high: 0.9 } },
              ],
            },
            "<b>&": { parameter: "integer", low: 1, high: 3 },
          },
        }),
      )
      const runsDir = join(scratch, strategy.kind)
      writeSweep(runsDir, definition, simulate(definition).records)
      const { markup } = await show(runsDir)
      assert.include(markup, "&lt;b&gt;&amp;")
      assert.notInclude(markup, "<b>&")
      if (strategy.kind === "tpe") assert.include(markup, "so p is only a guide")
    }
  })

  it("is written to another file by --html, and is refused for a sweep that does not exist", async () => {
    const file = join(scratch, "elsewhere.html")
    const runsDir = join(scratch, "ended")
    const written = await runCommand(
      "show",
      "sweep:simulated",
      "--html",
      file,
      "--json",
      "--runs-dir",
      runsDir,
    )
    assert.deepStrictEqual(JSON.parse(written.stdout), { page: file })
    assert.isTrue(existsSync(file))
    const refused = await runCommand("show", "sweep:nobody", "--html", file, "--runs-dir", runsDir)
    assert.strictEqual(refused.code, 66)
  })
})

it("the best so far has only trials that reached the end, and never rises", () => {
  const steps = bestSoFar({
    barriers: [10, null],
    trials: [0.5, null, 0.3, 0.4].map((value, trial) => ({
      trial,
      parameters: {},
      status: "finished" as const,
      reason: null,
      values: [0.1, value],
      rung: 1,
      seeds: [],
    })),
  })
  assert.deepStrictEqual(
    steps.map(({ best }) => best),
    [0.5, 0.5, 0.3, 0.3],
  )
})

it("short names of parameters are the ends of their paths, unless two have the same", () => {
  const named = (...ids: ReadonlyArray<string>) =>
    placesOf(Object.fromEntries(ids.map((id) => [id, { parameter: "uniform", low: 0, high: 1 } as const])))
  assert.deepStrictEqual(shortNames(named("batchSize", "optimizer.learningRate.peak")), [
    "batchSize",
    "learningRate.peak",
  ])
  assert.deepStrictEqual(shortNames(named("augmentation.probability", "augmentation.erasing.probability")), [
    "…sing.probability",
    "…tion.probability",
  ])
})
