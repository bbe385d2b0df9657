/**
 * The report page: its content for a trained run, and what remains of it for incomplete and damaged runs.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { parseHTML } from "linkedom"
import { reportPage } from "../../views/report/reportPage.ts"
import { runCommand } from "../fixtures/command.ts"
import { onlyRun } from "../fixtures/runFiles.ts"
import { writeRun } from "../fixtures/writeRun.ts"

let scratch: string
/** Trained for 80 iterations, then extended to 200. */
let trained: string
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-page-"))
  const folders = ["--runs-dir", join(scratch, "runs"), "--data-dir", join(scratch, "data")]
  const tiny = "test/fixtures/tiny.ts"
  await runCommand("run", tiny, "--engine", "onnx", "--iterations", "80", ...folders)
  const ended = await runCommand(
    "resume",
    "latest",
    "--iterations",
    "200",
    "--runs-dir",
    join(scratch, "runs"),
  )
  assert.strictEqual(ended.code, 0, ended.stderr)
  trained = onlyRun(join(scratch, "runs"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const make = (path: string) => Effect.runPromise(Effect.provide(reportPage(path), NodeServices.layer))

/** A copy to damage. */
let copies = 0
const copy = () => {
  const path = join(scratch, `copy-${copies++}`, basename(trained))
  cpSync(trained, path, { recursive: true })
  return path
}

const headings = (page: string) =>
  [...parseHTML(page).document.querySelectorAll("h2")].map(({ textContent }) => textContent)
const notices = (page: string) =>
  [...parseHTML(page).document.querySelectorAll(".notice li")].map(({ textContent }) => textContent)

const everything = [
  "Learning curves",
  "Results by class",
  "Misclassified examples",
  "Calibration",
  "Network",
  "Dataset",
  "Experiment",
  "Provenance",
]

describe("the report page of a finished run", () => {
  it("is written by run and resume, with every section", () => {
    const page = readFileSync(join(trained, "report.html"), "utf8")
    assert.deepEqual(headings(page), everything)
    assert.deepEqual(notices(page), [])
    assert.isBelow(page.length, 1_000_000)
    const { document } = parseHTML(page)
    const report = JSON.parse(readFileSync(join(trained, "report.json"), "utf8"))
    assert.include(
      document.querySelector(".highlights")?.textContent,
      `${(100 * report.test.error.value).toFixed(2)} %`,
    )
    assert.strictEqual(
      document.querySelector("h1")?.textContent,
      `tiny on MNIST: ${(100 * report.test.error.value).toFixed(2)} % test error`,
    )
    assert.strictEqual(document.querySelector(".lead code")?.textContent, report.run)
    assert.deepEqual(
      [...document.querySelectorAll(".highlights dt")].slice(0, 2).map(({ textContent }) => textContent),
      ["test error", "test accuracy"],
    )
    // The worst mistakes at once, the others folded.
    assert.isAbove(report.test.mistakes.length, 12)
    assert.strictEqual(document.querySelectorAll("#misclassified ~ .cards img").length, 12)
    assert.strictEqual(
      document.querySelectorAll("#misclassified ~ details .cards img").length,
      report.test.mistakes.length - 12,
    )
    assert.deepEqual(
      [...document.querySelectorAll("#classes ~ .pair > div:last-child th[scope=col]")].map(
        ({ textContent }) => textContent,
      ),
      ["class", "examples", "precision", "recall", "F1"],
    )
    assert.strictEqual(document.querySelectorAll(".confusion tbody tr").length, 10)
    const attempts = [...document.querySelectorAll("#provenance ~ .scroll tbody tr")].map(
      (row) => row.textContent,
    )
    assert.strictEqual(attempts.length, 2)
    assert.include(attempts[1], "iteration 80")
    assert.include(page, report.fingerprint)
  })

  it("has an alternative text for every image and chart, and a table for every chart", () => {
    const { document } = parseHTML(readFileSync(join(trained, "report.html"), "utf8"))
    for (const image of document.querySelectorAll("img")) assert.isNotEmpty(image.getAttribute("alt"))
    for (const chart of document.querySelectorAll("svg.plot")) {
      assert.strictEqual(chart.getAttribute("role"), "img")
      assert.isNotEmpty(chart.getAttribute("aria-label"))
      const figure = chart.closest("figure")
      assert.isNotNull(figure?.querySelector("details table"), figure?.querySelector("h3")?.textContent)
    }
    assert.strictEqual(document.querySelectorAll("svg.plot").length, 7)
  })

  it("is byte-identical when written again", async () => {
    assert.strictEqual(await make(trained), readFileSync(join(trained, "report.html"), "utf8"))
  })

  it("shows the images of the misclassified examples in the report", async () => {
    const { document } = parseHTML(await make(trained))
    const report = JSON.parse(readFileSync(join(trained, "report.json"), "utf8"))
    const [worst] = report.test.mistakes
    const alternative = document.querySelector("#misclassified ~ .cards img")?.getAttribute("alt")
    assert.strictEqual(alternative, `a ${worst.label} predicted as ${worst.predicted}`)
  })
})

describe("the report page of an incomplete run", () => {
  it("reports missing or damaged predictions and shows the rest", async () => {
    const path = copy()
    writeFileSync(join(path, "predictions.safetensors"), "torn")
    const damaged = await make(path)
    assert.deepEqual(
      headings(damaged),
      everything.filter((title) => title !== "Calibration"),
    )
    assert.match(notices(damaged).join(), /predictions\.safetensors is damaged: .*so there is no calibration/)
    rmSync(join(path, "predictions.safetensors"))
    assert.match(
      notices(await make(path)).join(),
      /predictions\.safetensors is missing, so there is no calibration/,
    )
  })

  it("reports missing metrics", async () => {
    const path = copy()
    rmSync(join(path, "metrics.ndjson"))
    rmSync(join(path, "log"), { recursive: true })
    const page = await make(path)
    assert.notInclude(headings(page), "Learning curves")
    assert.match(notices(page).join(), /metrics\.ndjson has no rows, so there are no learning curves/)
  })

  it("omits the curves of a split without metrics", async () => {
    const path = copy()
    const metrics = readFileSync(join(path, "metrics.ndjson"), "utf8")
    const without = metrics.split("\n").filter((line) => !line.includes('"validation"'))
    writeFileSync(join(path, "metrics.ndjson"), without.join("\n"))
    const page = await make(path)
    assert.match(
      notices(page).join(),
      /the validation split was not evaluated, so there are no validation curves/,
    )
    assert.notInclude(page, "Validation accuracy")
    assert.include(headings(page), "Learning curves")
  })

  it("reports missing data and checkpoints, and omits their images", async () => {
    const path = copy()
    for (const name of readdirSync(join(path, "checkpoints"))) rmSync(join(path, "checkpoints", name))
    const fetched = join(path, "stages", "fetch.json")
    writeFileSync(fetched, readFileSync(fetched, "utf8").replaceAll(scratch, join(scratch, "nowhere")))
    const page = await make(path)
    assert.deepEqual(headings(page), everything)
    assert.match(notices(page).join(), /cannot read checkpoint .*, so filters are not shown/)
    assert.match(
      notices(page).join(),
      /cannot read the dataset, so no images of examples are shown: .*nowhere/,
    )
    assert.notInclude(page, "<img")
  })

  it("shows what the other files hold if run.json is damaged", async () => {
    const path = copy()
    writeFileSync(join(path, "run.json"), "{")
    const page = await make(path)
    assert.match(notices(page).join(), /run\.json: .*the experiment and the engine are unknown/)
    for (const title of ["Learning curves", "Results by class", "Calibration", "Provenance"]) {
      assert.include(headings(page), title)
    }
  })

  it("shows the readable parts of a report of another version", async () => {
    const path = copy()
    const file = join(path, "report.json")
    const { layers: _, ...report } = JSON.parse(readFileSync(file, "utf8"))
    writeFileSync(file, JSON.stringify({ ...report, test: { ...report.test, confusion: "as before" } }))
    const page = await make(path)
    assert.match(notices(page).join(), /report\.json lacks parts of a test result of this version: confusion/)
    assert.notInclude(page, "Confusion matrix")
    assert.include(page, "Metrics per class")
    assert.include(headings(page), "Network")
  })

  it("shows an interrupted run, a run of an older version, and a failed run with next to no files", async () => {
    const runsDir = join(scratch, "other")
    const interrupted = await make(writeRun({ runsDir, second: 1, status: "interrupted", unfinished: true }))
    assert.match(
      notices(interrupted).join(),
      /interrupted, so there is no test result; get one with `pnpm pipeline resume/,
    )
    assert.deepEqual(headings(interrupted), ["Learning curves", "Experiment", "Provenance"])
    const older = await make(writeRun({ runsDir, second: 2 }))
    assert.match(notices(older).join(), /another version wrote the experiment; it is shown as stored/)
    assert.include(headings(older), "Calibration")
    const bare = writeRun({ runsDir, second: 3, status: "failed", unfinished: true, validation: [] })
    for (const name of ["attempts", "metrics.ndjson"]) rmSync(join(bare, name), { recursive: true })
    assert.deepEqual(headings(await make(bare)), ["Experiment", "Provenance"])
  })
})

describe("show", () => {
  it("--html writes the page to a file and prints its path", async () => {
    const file = join(scratch, "page.html")
    const ended = await runCommand("show", "latest", "--runs-dir", join(scratch, "runs"), "--html", file)
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.strictEqual(ended.stdout.trim(), file)
    assert.isTrue(existsSync(file))
    const refused = await runCommand("show", trained, "--html", join(scratch, "no", "folder.html"))
    assert.strictEqual(refused.code, 66, refused.stderr)
    assert.match(refused.stderr, /^error: cannot write .*folder\.html/m)
  })

  it("--open writes the page and, without a display, prints its path", async () => {
    rmSync(join(trained, "report.html"))
    const { DISPLAY, WAYLAND_DISPLAY } = process.env
    delete process.env.DISPLAY
    delete process.env.WAYLAND_DISPLAY
    const ended = await runCommand("show", trained, "--open", "--json")
    if (DISPLAY !== undefined) process.env.DISPLAY = DISPLAY
    if (WAYLAND_DISPLAY !== undefined) process.env.WAYLAND_DISPLAY = WAYLAND_DISPLAY
    const page = join(trained, "report.html")
    assert.deepEqual(JSON.parse(ended.stdout), { page })
    if (process.platform === "linux")
      assert.include(ended.stderr, "cannot start a browser here; open the file yourself")
    assert.isTrue(existsSync(page))
  })
})
