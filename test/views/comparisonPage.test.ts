/** The comparison page: its sections, charts and notes, for complete and incomplete runs. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { parseHTML } from "linkedom"
import { compareRuns } from "../../operations/compare/Comparison.ts"
import { unbroken } from "../../format/unbroken.ts"
import { verdict } from "../../operations/compare/verdict.ts"
import { readHeaders } from "../../storage/runHeader.ts"
import { comparisonPage } from "../../views/comparison/comparisonPage.ts"
import { runCommand } from "../fixtures/command.ts"
import { type WrittenRun, writeRun } from "../fixtures/writeRun.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-compare-page-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let second = 0
const write = (runsDir: string, run: Omit<WrittenRun, "runsDir" | "second">) =>
  writeRun({ ...run, runsDir: join(scratch, runsDir), second: second++ })

const compared = (runs: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { damaged, runs: headers } = yield* readHeaders(runs)
    return yield* compareRuns(headers, damaged)
  }).pipe(Effect.provide(NodeServices.layer), Effect.runPromise)

describe("the page of a comparison", () => {
  const pageOf = async (runs: ReadonlyArray<string>) => {
    const comparison = await compared(runs)
    const page = await Effect.runPromise(Effect.provide(comparisonPage(comparison), NodeServices.layer))
    return { comparison, page, document: parseHTML(page).document }
  }
  const right = (wrong: number) => Array.from({ length: 400 }, (_, i) => i >= wrong)

  it("has the sections of the terminal, with curves and differences as charts", async () => {
    const runs = [write("page", { right: right(40) }), write("page", { right: right(10), learningRate: 0.3 })]
    const { comparison, document } = await pageOf(runs)
    assert.include(
      document.querySelector(".verdict")?.textContent,
      unbroken(verdict(comparison.tests[0], true)),
    )
    const sections = [...document.querySelectorAll("h2")].map(({ textContent }) => textContent)
    assert.deepEqual(sections, [
      "Results",
      "Learning curves",
      "Size and speed",
      "Differences",
      "Significance tests",
    ])
    const differs = [...document.querySelectorAll("#differences ~ .scroll tbody tr")].map((row) =>
      [...row.children].map(({ textContent }) => textContent),
    )
    assert.deepEqual(differs, [["optimizer.learningRate.value", "0.1", "0.3"]])
    const charts = [...document.querySelectorAll("svg.plot")]
    assert.strictEqual(charts.length, 4)
    assert.match(charts[1].getAttribute("aria-label") ?? "", /^Differences .* B: −7\.50 points/)
    assert.match(charts[2].getAttribute("aria-label") ?? "", /A ends at 25\.00 %, B ends at 25\.00 %$/)
  })

  it("lists what is missing, and stays below 300 kB with many runs", async () => {
    const runs = Array.from({ length: 60 }, (_, i) =>
      write("many-page", {
        learningRate: 0.1 + i / 1000,
        ...(i === 3 ? { unfinished: true, status: "failed" } : {}),
      }),
    )
    const { comparison, document, page } = await pageOf(runs)
    assert.deepEqual(
      [...document.querySelectorAll(".notice li")].map(({ textContent }) => textContent),
      [...comparison.remarks],
    )
    assert.isBelow(page.length, 300_000)
    assert.strictEqual(document.querySelector("h1")?.textContent, "21 runs of small")
    // Ten rows of a long table, and the rest folded.
    assert.strictEqual(document.querySelectorAll("#cost ~ .scroll tbody tr").length, 10)
    assert.strictEqual(document.querySelectorAll("#cost ~ details tbody tr").length, 11)
    assert.notMatch(page, /NaN|undefined/)
  })

  it("can be written for runs without any metrics", async () => {
    const bare = { unfinished: true, status: "failed", validation: [] } as const
    const { document } = await pageOf([write("bare", bare), write("bare", { ...bare, seed: 1 })])
    assert.strictEqual(document.querySelectorAll("svg.plot").length, 0)
    assert.isAbove(document.querySelectorAll(".notice li").length, 0)
  })

  it("is written by compare --html, which prints its path", async () => {
    const [a, b] = [write("cli-page", {}), write("cli-page", { seed: 1 })]
    const file = join(scratch, "compared.html")
    const ended = await runCommand("compare", a, b, "--html", file)
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.strictEqual(ended.stdout.trim(), file)
    const scripted = await runCommand("compare", a, b, "--html", file, "--json")
    const { page, units } = JSON.parse(scripted.stdout)
    assert.strictEqual(page, file)
    assert.strictEqual(units.length, 2)
    assert.include(readFileSync(file, "utf8"), "Comparison of 2 runs on MNIST")
  })
})
