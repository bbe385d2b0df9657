/**
 * The views of the dashboard in a real browser: at several sizes, in light and dark, and with the keyboard.
 *
 * Skipped with a warning if there is no Chromium.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "@effect/vitest"
import { program } from "../../format/program.ts"
import { metricLines } from "../dashboard/metricLines.ts"
import { serve } from "../dashboard/serve.ts"
import { checkFits, chromiumPath, screens, violationsOf, warnWithoutBrowser } from "../fixtures/browser.ts"
import { runId } from "../fixtures/writeRun.ts"
import {
  type DashboardPages,
  hasRuns,
  hostile,
  isLive,
  liveId,
  lossUpTo,
  openDashboard,
  openSignedIn,
} from "./dashboardPages.ts"

// A browser is slow on a busy machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })
warnWithoutBrowser("the dashboard is")

let pages: DashboardPages
beforeAll(async () => {
  if (chromiumPath !== undefined) pages = await openDashboard("everything")
})
afterAll(() => pages?.close())

const views = () => ({
  runs: ["/", "text=20260101T000001Z-small-00000000"],
  "a run": [`/runs/${pages.trained}`, ".chart-place canvas"],
  "a run that failed": [`/runs/${runId({ second: 3 })}`, ".reason-line"],
  "a damaged run": [`/runs/${runId({ second: 5 })}`, ".notice >> text=cannot be read"],
  "a run in progress": [`/runs/${liveId}`, ".log li"],
  comparison: [`/compare?run=${runId({ second: 1 })}&run=${runId({ second: 2 })}`, ".chart-place canvas"],
  "a sweep": ["/sweeps/tiny-rates", ".chart-place canvas"],
  "an ensemble": ["/ensembles/pair", ".facts"],
  champions: ["/champions", "iframe"],
  draw: ["/draw", "canvas.paper"],
})

describe.skipIf(chromiumPath === undefined)("the views of the dashboard in Chromium", () => {
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
        for (const viewport of screens) {
          const { events, page } = await pages.open(path, { viewport, colorScheme })
          await page.locator(sign).first().waitFor()
          await isLive(page)
          await page.waitForTimeout(300)
          await checkFits(page)
          const checked = colorScheme === "light" ? screens[0] : screens[2]
          if (viewport === checked)
            assert.deepEqual(
              await violationsOf(page, "axe.run({ exclude: ['iframe'] }, { iframes: false })"),
              [],
            )
          assert.deepEqual(events, [])
          assert.notInclude(await page.title(), "taken")
          await page.context().close()
        }
      }
    })
  }

  it("shows text of runs as text", async () => {
    const { events, page } = await pages.open(`/runs/${runId({ second: 3 })}`)
    await page.locator(".reason-line").waitFor()
    assert.strictEqual(await page.locator(".reason-line").textContent(), hostile)
    await page.goto(`${pages.served.origin}/`)
    await page.getByText("mnist").first().waitFor()
    assert.include(await page.locator("main").innerText(), hostile)
    assert.strictEqual(await page.locator("main img, main script").count(), 0)
    assert.deepEqual(events, [])
    await page.context().close()
  })

  it("filters and sorts runs, and keeps that in the address", async () => {
    const { page } = await pages.open("/")
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
    const { page } = await pages.open("/")
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
    // More than have a colour and a dash of their own: the view says which ones it leaves out.
    const many = Array.from({ length: 17 }, (_, i) => `run=${runId({ second: 1 + i })}`)
    await page.goto(`${pages.served.origin}/compare?${many.join("&")}`)
    await page.getByText("Compares the first 16 of 17 runs.").waitFor()
    assert.strictEqual(await page.locator(".view > .scroll tbody tr").count(), 16)
    await page.context().close()
  })

  it("can be used with the keyboard alone", async () => {
    const { page } = await pages.open("/")
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

  it("shows no figures of a damaged run, also when its curves grow", async () => {
    const id = runId({ second: 20 })
    mkdirSync(join(pages.runsDir, id))
    const { page } = await pages.open(`/runs/${id}`)
    await page.locator(".notice >> text=cannot be read").waitFor()
    for (const part of [".highlights", ".actions"]) assert.isTrue(await page.locator(part).isHidden(), part)
    writeFileSync(join(pages.runsDir, id, "metrics.ndjson"), metricLines(1, 20))
    await lossUpTo(page, 20).waitFor()
    for (const part of [".highlights", ".actions"]) assert.isTrue(await page.locator(part).isHidden(), part)
    await page.context().close()
  })

  it("of an empty folder says how to start a run with this program", async () => {
    const served = await serve(join(pages.scratch, "empty"))
    const context = await pages.browser.newContext()
    const page = await context.newPage()
    try {
      await openSignedIn(page, served.address())
      const command = page.locator(".start code")
      await command.waitFor()
      assert.strictEqual(await command.textContent(), `${program} run EXPERIMENT.ts`)
    } finally {
      await context.close()
      await served.close()
    }
  })

  it("saves a view as the static page that the command line writes", async () => {
    const { page } = await pages.open(`/runs/${pages.trained}`)
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Save as a page" }).click(),
    ])
    assert.strictEqual(download.suggestedFilename(), `${pages.trained}.html`)
    const saved = readFileSync(await download.path(), "utf8")
    assert.strictEqual(saved, readFileSync(join(pages.runsDir, pages.trained, "report.html"), "utf8"))
    await page.context().close()
  })

  it("says that a browser is not signed in, and nothing else", async () => {
    const context = await pages.browser.newContext()
    const page = await context.newPage()
    await page.goto(`${pages.served.origin}/runs/${pages.trained}`)
    await page.getByRole("heading", { name: "This browser is not signed in" }).waitFor()
    assert.notInclude(await page.content(), pages.trained)
    await context.close()
  })
})
