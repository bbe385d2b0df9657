/**
 * The dashboard in a real browser: every view, live, at several sizes, in light and dark, with the keyboard, in ten tabs, and
 * through a restart of the server.
 *
 * Skipped with a warning if there is no Chromium.
 */
import { spawn } from "node:child_process"
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it, vi } from "@effect/vitest"
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core"
import { openStreams } from "../../dashboard/events/stream.ts"
import { serve, type Served } from "../dashboard/serve.ts"
import { axeSource, chromiumPath, launchBrowser } from "../fixtures/browser.ts"
import { cliRun } from "../fixtures/cli.ts"
import { judged, scheduledRun, writeHistory } from "../fixtures/scheduledRuns.ts"
import { runId, writeRun } from "../fixtures/writeRun.ts"

// A browser is slow on a busy machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

if (chromiumPath === undefined) {
  console.warn(
    "SKIPPED: the dashboard is not tested in a browser: no Chromium found; set CHROMIUM to the path of one",
  )
}

/** Where text of a run becomes markup, this runs. */
const hostile = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"

const liveId = runId({ second: 50, name: "live" })
const line = (iteration: number) =>
  `${JSON.stringify({ split: "train", iteration, epoch: iteration / 100, loss: 3 / Math.sqrt(iteration), error: 1 / Math.sqrt(iteration), batchLoss: 1, batchError: 0.5, learningRate: 0.1 })}\n`
const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => line(from + i)).join("")

let scratch: string
let runsDir: string
let served: Served
let browser: Browser
let trained: string
let signedIn: Awaited<ReturnType<BrowserContext["storageState"]>>

/** A folder with a run of every state, and text that tries to be markup. */
const writeRuns = async () => {
  const folders = ["--runs-dir", runsDir, "--data-dir", join(scratch, "data")]
  const ended = await cliRun("run", "test/fixtures/tiny.ts", "--engine", "onnx", ...folders)
  assert.strictEqual(ended.code, 0, ended.stderr)
  trained = /(\d{8}T\d{6}Z-tiny-[0-9a-f]{8})/.exec(ended.stdout)?.[1] ?? ""
  const pair = join(scratch, "pair.ts")
  const tiny = fileURLToPath(new URL("../fixtures/tiny.ts", import.meta.url))
  writeFileSync(
    pair,
    `import tiny from ${JSON.stringify(tiny)}\nconst member = { ...tiny, budget: { iterations: 20 } }\nexport default { name: "pair", members: [member, { ...member, seed: 1 }] }\n`,
  )
  for (const words of [
    ["run", pair, "--engine", "onnx"],
    ["sweep", "test/fixtures/tinySweep.ts"],
  ]) {
    const more = await cliRun(...words, ...folders)
    assert.strictEqual(more.code, 0, more.stderr)
  }
  writeRun({ runsDir, second: 1 })
  writeRun({ runsDir, second: 2, seed: 1, validation: [0.4, 0.2] })
  writeRun({ runsDir, second: 3, status: "failed", unfinished: true, reason: hostile })
  writeRun({ runsDir, second: 4, status: "interrupted", unfinished: true, dataset: hostile })
  mkdirSync(join(runsDir, runId({ second: 5 })))
  const run = writeRun({ runsDir, second: 50, name: "live", status: "interrupted", unfinished: true })
  writeFileSync(join(run, "metrics.ndjson"), lines(1, 200))
  mkdirSync(join(run, "log"))
  writeFileSync(
    join(run, "log", "0001.ndjson"),
    `${JSON.stringify({ level: 30, time: "2026-01-01T00:00:00.000Z", stage: "train", msg: `a line ${hostile}` })}\n`,
  )
  writeHistory(runsDir, {
    scheduledRuns: [
      scheduledRun(25, { accuracy: 0.9 }),
      scheduledRun(26, { outcome: "failed", reasons: [hostile] }),
    ],
    events: [judged(25, true, 0.9)],
  })
}

beforeAll(async () => {
  if (chromiumPath === undefined) return
  scratch = mkdtempSync(join(tmpdir(), "tidemark-dashboard-"))
  runsDir = join(scratch, "runs")
  await writeRuns()
  served = await serve(runsDir)
  browser = await launchBrowser()
  const context = await browser.newContext()
  await (await context.newPage()).goto(served.address())
  signedIn = await context.storageState()
  await context.close()
})
afterAll(async () => {
  if (chromiumPath === undefined) return
  await browser.close()
  await served.close()
  rmSync(scratch, { recursive: true, force: true })
})

interface Opened {
  readonly page: Page
  /** Messages of the console, errors, and requests to anything but the dashboard. */
  readonly events: ReadonlyArray<string>
}

const open = async (path: string, options: BrowserContextOptions = {}): Promise<Opened> => {
  const context = await browser.newContext({ storageState: signedIn, ...options })
  const page = await context.newPage()
  const events: Array<string> = []
  page.on("console", (message) => events.push(`console: ${message.text()}`))
  page.on("pageerror", (error) => events.push(`error: ${error.message}`))
  page.on("request", (request) => {
    if (!/^(blob:|data:)/.test(request.url()) && !request.url().startsWith(served.origin))
      events.push(`request: ${request.url()}`)
  })
  await page.goto(`${served.origin}${path}`, { waitUntil: "load" })
  return { page, events }
}

/** Violations of WCAG 2.2 A and AA and of best practices that axe finds in the view; static pages have their own test. */
const violations = async (page: Page): Promise<ReadonlyArray<string>> => {
  // The policy of the dashboard keeps scripts from other places out, and the test's with them.
  await page.evaluate(axeSource)
  const found: {
    violations: ReadonlyArray<{ id: string; help: string; nodes: ReadonlyArray<{ html: string }> }>
  } = await page.evaluate("axe.run({ exclude: ['iframe'] }, { iframes: false })")
  return found.violations.map(
    ({ help, id, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`,
  )
}

// Not by `waitForFunction`: what it evaluates again and again is a string, which the policy of the page forbids.
const isLive = (page: Page) => page.locator(".connection[data-connection=live]").waitFor()
const hasRuns = (page: Page, count: number) =>
  vi.waitFor(async () => assert.strictEqual(await page.locator(".run-name").count(), count), 10_000)

const sizes = [
  { width: 360, height: 740 },
  { width: 768, height: 1024 },
  { width: 1280, height: 800 },
]

const views = () => ({
  runs: ["/", "text=20260101T000001Z-small-00000000"],
  "a run": [`/runs/${trained}`, ".chart-place canvas"],
  "a run that failed": [`/runs/${runId({ second: 3 })}`, ".reason-line"],
  "a damaged run": [`/runs/${runId({ second: 5 })}`, ".notice >> text=cannot be read"],
  "a run in progress": [`/runs/${liveId}`, ".log li"],
  comparison: [`/compare?run=${runId({ second: 1 })}&run=${runId({ second: 2 })}`, ".chart-place canvas"],
  "a sweep": ["/sweeps/tiny-rates", ".chart-place canvas"],
  "an ensemble": ["/ensembles/pair", ".facts"],
  champions: ["/champions", "iframe"],
  draw: ["/draw", "canvas.paper"],
})

describe.skipIf(chromiumPath === undefined)("the dashboard in Chromium", () => {
  for (const name of [
    "runs",
    "a run",
    "a run that failed",
    "a damaged run",
    "a run in progress",
    "comparison",
    "a sweep",
    "an ensemble",
    "champions",
    "draw",
  ] as const) {
    it(`${name}: loads from the dashboard alone, without messages, fits every screen and is accessible`, async () => {
      const [path, sign] = views()[name]
      for (const colorScheme of ["light", "dark"] as const) {
        for (const viewport of sizes) {
          const { events, page } = await open(path, { viewport, colorScheme })
          await page.locator(sign).first().waitFor()
          await isLive(page)
          await page.waitForTimeout(300)
          const [content, window] = await Promise.all([
            page.evaluate("document.documentElement.scrollWidth"),
            page.evaluate("document.documentElement.clientWidth"),
          ])
          assert.strictEqual(content, window, `wider than ${viewport.width} pixels`)
          const checked = colorScheme === "light" ? sizes[0] : sizes[2]
          if (viewport === checked) assert.deepEqual(await violations(page), [])
          assert.deepEqual(events, [])
          assert.notInclude(await page.title(), "taken")
          await page.context().close()
        }
      }
    })
  }

  it("shows text of runs as text", async () => {
    const { events, page } = await open(`/runs/${runId({ second: 3 })}`)
    await page.locator(".reason-line").waitFor()
    assert.strictEqual(await page.locator(".reason-line").textContent(), hostile)
    await page.goto(`${served.origin}/`)
    await page.getByText("mnist").first().waitFor()
    assert.include(await page.locator("main").innerText(), hostile)
    assert.strictEqual(await page.locator("main img, main script").count(), 0)
    assert.deepEqual(events, [])
    await page.context().close()
  })

  it("filters and sorts runs, and keeps that in the address", async () => {
    const { page } = await open("/")
    const ids = () => page.locator(".run-name small").allTextContents()
    await page.getByText(runId({ second: 1 })).waitFor()
    await page.getByRole("searchbox").fill("small seed:1")
    await hasRuns(page, 1)
    assert.deepEqual(await ids(), [runId({ second: 2 })])
    await page.getByRole("searchbox").fill("small")
    await page.locator(".chip[data-chip=finished]").click()
    await page.getByRole("button", { name: "validation error" }).click()
    await hasRuns(page, 2)
    assert.deepEqual(await ids(), [runId({ second: 2 }), runId({ second: 1 })])
    await page.getByRole("button", { name: "validation error" }).click()
    assert.deepEqual(await ids(), [runId({ second: 1 }), runId({ second: 2 })])
    const address = new URL(page.url())
    assert.strictEqual(address.search, "?q=small&state=finished&sort=validation&order=down")
    await page.reload()
    await page.getByText(runId({ second: 1 })).waitFor()
    assert.deepEqual(await ids(), [runId({ second: 1 }), runId({ second: 2 })])
    assert.strictEqual(await page.getByRole("searchbox").inputValue(), "small")
    await page.context().close()
  })

  it("compares the selected runs", async () => {
    const { page } = await open("/")
    const compare = page.locator("button.primary")
    await page.getByLabel(`select ${runId({ second: 1 })}`).check()
    assert.isTrue(await compare.isDisabled())
    await page.getByLabel(`select ${runId({ second: 2 })}`).check()
    await compare.click()
    await page.waitForURL(/\/compare\?run=.*&run=/)
    await page.locator(".legend li", { hasText: "small, seed 1" }).first().waitFor()
    const frame = page.frameLocator("iframe")
    await frame.getByRole("heading", { level: 1 }).waitFor()
    await page.goBack()
    await page.getByLabel(`select ${runId({ second: 1 })}`).waitFor()
    await page.context().close()
  })

  it("can be used with the keyboard alone", async () => {
    const { page } = await open("/")
    await page.getByText(runId({ second: 1 })).waitFor()
    const focused = () => page.evaluate<string>("document.activeElement.textContent.trim()")
    await page.keyboard.press("Tab")
    assert.strictEqual(await focused(), "Skip to content")
    await page.keyboard.press("Enter")
    assert.strictEqual(await page.evaluate("document.activeElement.id"), "content")
    await page.keyboard.press("Tab")
    assert.strictEqual(await page.evaluate("document.activeElement.type"), "search")
    await page.keyboard.type("live")
    await hasRuns(page, 1)
    const link = page.getByRole("link", { name: "live", exact: true })
    await link.focus()
    await page.keyboard.press("Enter")
    await page.waitForURL(`**/runs/${liveId}`)
    assert.strictEqual(await page.evaluate("document.activeElement.id"), "content")
    // A chart: zoom in, move, and back to the whole.
    const chart = page.getByRole("group", { name: /^Loss: / })
    await chart.focus()
    assert.match((await chart.getAttribute("aria-label")) ?? "", /training 0\.\d+ at iteration 200/)
    await page.keyboard.press("+")
    await page.getByRole("button", { name: "whole range" }).first().waitFor()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("0")
    await page.getByRole("button", { name: "whole range" }).first().waitFor({ state: "hidden" })
    await page.locator("figure", { hasText: "Loss" }).locator("summary").first().focus()
    await page.keyboard.press("Enter")
    await page.getByRole("group", { name: "Loss, as a table" }).waitFor()
    await page.context().close()
  })

  it("draws curves as they come, shows that a process is gone, and goes on after a restart of the server", async () => {
    const run = join(runsDir, liveId)
    const child = spawn(process.execPath, [
      fileURLToPath(new URL("../fixtures/holdAttempt.ts", import.meta.url)),
      run,
    ])
    await new Promise((resolve) => child.stdout.once("data", resolve))
    const keyFolder = join(scratch, "live-key")
    const first = await serve(runsDir, { keyFolder })
    const context = await browser.newContext()
    const page = await context.newPage()
    const label = (iteration: number) =>
      page.getByRole("group", { name: new RegExp(`^Loss: .* at iteration ${iteration}(,|$)`) })
    try {
      await page.goto(first.address())
      await page.goto(`${first.origin}/runs/${liveId}`)
      await page.locator(".state[data-state=running]").waitFor()
      await label(200).waitFor()
      const begun = performance.now()
      appendFileSync(join(run, "metrics.ndjson"), lines(201, 210))
      await label(210).waitFor({ timeout: 1000 })
      assert.isBelow(performance.now() - begun, 1000)
      await first.close()
      await page.getByText("no connection").waitFor()
      appendFileSync(join(run, "metrics.ndjson"), lines(211, 230))
      const second = await serve(runsDir, { keyFolder, port: first.port })
      try {
        await label(230).waitFor()
        await isLive(page)
        await page.locator("figure", { hasText: "Loss" }).locator("summary").first().click()
        const shown = await page
          .getByRole("group", { name: "Loss, as a table" })
          .locator("tbody th")
          .allTextContents()
        assert.strictEqual(new Set(shown).size, shown.length)
        const killedAt = performance.now()
        child.kill("SIGKILL")
        await page.locator(".state[data-state=killed]").waitFor({ timeout: 2000 })
        assert.isBelow(performance.now() - killedAt, 2000)
        await page.getByText("the curves are known up to iteration 230").waitFor()
      } finally {
        await second.close()
      }
    } finally {
      child.kill("SIGKILL")
      await context.close()
    }
  })

  it("shows every point of a very long run when a reader zooms in", async () => {
    const id = runId({ second: 70, name: "long" })
    const run = writeRun({ runsDir, second: 70, name: "long", unfinished: true, status: "interrupted" })
    writeFileSync(join(run, "metrics.ndjson"), lines(1, 90_000))
    const { page } = await open(`/runs/${id}`)
    const chart = page.getByRole("group", { name: /^Loss: / })
    await page.getByRole("group", { name: /^Loss: .* at iteration 90,000/ }).waitFor()
    await chart.focus()
    const answered = page.waitForResponse((response) => response.url().includes("/rows?from="))
    // Each halves the range: 90,000 rows to some 350.
    for (let i = 0; i < 8; i++) await page.keyboard.press("+")
    assert.isTrue((await answered).ok())
    await page.locator("figure", { hasText: "Loss" }).locator("summary").first().click()
    await page.getByRole("group", { name: "Loss, as a table" }).waitFor()
    const rows = JSON.parse(await (await served.get(`/api/runs/${id}/rows?from=45000&to=45100`)).text())
    assert.strictEqual(rows.rows.length, 101)
    await page.context().close()
  })

  it("has one event stream for ten tabs, which follow what they show", async () => {
    // Those of the tests before end by themselves.
    await vi.waitFor(() => assert.strictEqual(openStreams.count, 0), 10_000)
    const context = await browser.newContext({ storageState: signedIn })
    const tabs = await Promise.all(Array.from({ length: 10 }, () => context.newPage()))
    for (const [i, page] of tabs.entries()) {
      await page.goto(`${served.origin}${i % 2 === 0 ? "/" : `/runs/${runId({ second: 1 + (i % 4) })}`}`)
    }
    for (const [i, page] of tabs.entries()) {
      await page
        .locator(i % 2 === 0 ? ".run-name" : ".title-line .state")
        .first()
        .waitFor()
      await isLive(page)
    }
    await vi.waitFor(() => assert.strictEqual(openStreams.count, 1), 5000)
    // A new run appears in each tab that shows them all.
    writeRun({ runsDir, second: 60, name: "newcomer" })
    for (const page of tabs.filter((_, i) => i % 2 === 0)) {
      await page.getByText(runId({ second: 60, name: "newcomer" })).waitFor({ timeout: 5000 })
    }
    // A tab that is closed is forgotten.
    for (const page of tabs.slice(1)) await page.close()
    await tabs[0].getByText(runId({ second: 1 })).waitFor()
    await vi.waitFor(() => assert.strictEqual(openStreams.count, 1), 5000)
    await context.close()
    await vi.waitFor(() => assert.strictEqual(openStreams.count, 0), 10_000)
  })

  it("polls where no stream can be opened", async () => {
    const other = await serve(runsDir, { hasStreams: false })
    const context = await browser.newContext()
    const page = await context.newPage()
    try {
      await page.goto(other.address())
      await page.getByText("live, by polling").waitFor()
      await page.getByText(runId({ second: 1 })).waitFor()
      writeRun({ runsDir, second: 61, name: "polled" })
      await page.getByText(runId({ second: 61, name: "polled" })).waitFor({ timeout: 5000 })
    } finally {
      await context.close()
      await other.close()
    }
  })

  it("reads a drawn digit and an uploaded image as the command predict does", async () => {
    const photo = fileURLToPath(new URL("../../docs/images/photo.jpg", import.meta.url))
    const { page } = await open(`/draw?model=${trained}`)
    await vi.waitFor(
      async () => assert.strictEqual(await page.locator("#model").inputValue(), trained),
      10_000,
    )
    const paper = page.locator("canvas.paper")
    const box = await paper.boundingBox()
    assert.isNotNull(box)
    if (box === null) return
    await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.2)
    await page.mouse.down()
    for (let i = 2; i <= 8; i++) await page.mouse.move(box.x + box.width / 2, box.y + (box.height * i) / 10)
    await page.mouse.up()
    await page.locator(".bars li[data-first]").waitFor()
    assert.match((await page.locator(".prediction").textContent()) ?? "", /^\d, \d+\.\d %$/)
    await page.getByRole("button", { name: "Clear" }).click()
    await page.getByText("Draw a character.").waitFor()

    await page.locator("#upload").setInputFiles(photo)
    await page.locator(".bars li[data-first]").waitFor()
    const sent = await fetch(`${served.origin}/api/predict?model=${trained}`, {
      method: "POST",
      body: readFileSync(photo),
      headers: { cookie: served.cookie, origin: served.origin, "sec-fetch-site": "same-origin" },
    })
    const answer = JSON.parse(await sent.text())
    const predicted = await cliRun("predict", trained, photo, "--runs-dir", runsDir, "--json")
    const { predictions } = JSON.parse(predicted.stdout)
    const [shown] = predictions
    assert.strictEqual(
      await page.locator(".prediction").textContent(),
      `${shown.class}, ${(100 * shown.top[0].probability).toFixed(1)} %`,
    )
    assert.deepEqual(answer.probabilities, predictions[0].probabilities)
    assert.strictEqual(answer.label, predictions[0].label)
    await page.context().close()
  })

  it("saves a view as the static page that the command line writes", async () => {
    const { page } = await open(`/runs/${trained}`)
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Save as a page" }).click(),
    ])
    assert.strictEqual(download.suggestedFilename(), `${trained}.html`)
    const saved = readFileSync(await download.path(), "utf8")
    assert.strictEqual(saved, readFileSync(join(runsDir, trained, "report.html"), "utf8"))
    await page.context().close()
  })

  it("says that a browser is not signed in, and nothing else", async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${served.origin}/runs/${trained}`)
    await page.getByRole("heading", { name: "This browser is not signed in" }).waitFor()
    assert.notInclude(await page.content(), trained)
    await context.close()
  })
})
