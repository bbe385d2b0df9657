/**
 * The dashboard in a real browser while runs go on: curves as they come, ten tabs, a server that is killed, and no streams.
 *
 * Skipped with a warning if there is no Chromium.
 */
import { appendFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "@effect/vitest"
import { openStreams } from "../../dashboard/events/stream.ts"
import { type DashboardProcess, startDashboard } from "../dashboard/dashboardProcess.ts"
import { metricLines } from "../dashboard/metricLines.ts"
import { serve } from "../dashboard/serve.ts"
import { chromiumPath, warnWithoutBrowser } from "../fixtures/browser.ts"
import { hold } from "../fixtures/hold.ts"
import { runId, writeRun } from "../fixtures/writeRun.ts"
import {
  type DashboardPages,
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
  if (chromiumPath !== undefined) pages = await openDashboard("nothing")
})
afterAll(() => pages?.close())

describe.skipIf(chromiumPath === undefined)("the dashboard in Chromium", () => {
  it("draws curves as they come, resumes after the server was killed, and shows that a process is gone", async () => {
    const run = join(pages.runsDir, liveId)
    const child = await hold(run)
    const cache = join(pages.scratch, "live-cache")
    const first = await startDashboard(pages.runsDir, cache)
    const context = await pages.browser.newContext()
    const page = await context.newPage()
    let second: DashboardProcess | undefined
    try {
      await openSignedIn(page, first.address)
      await page.goto(`${first.origin}/runs/${liveId}`)
      await page.locator(".state[data-state=running]").waitFor()
      await lossUpTo(page, 200).waitFor()
      const begun = performance.now()
      appendFileSync(join(run, "metrics.ndjson"), metricLines(201, 210))
      await lossUpTo(page, 210).waitFor({ timeout: 1000 })
      assert.isBelow(performance.now() - begun, 1000)
      await first.kill()
      await page.getByText("no connection").waitFor()
      appendFileSync(join(run, "metrics.ndjson"), metricLines(211, 230))
      second = await startDashboard(pages.runsDir, cache, first.port)
      await lossUpTo(page, 230).waitFor()
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
      child.kill("SIGKILL")
      await context.close()
      await first.kill()
      await second?.kill()
    }
  })

  it("shows every point of a very long run when a reader zooms in, also when all rows are sent again", async () => {
    const id = runId({ second: 70, name: "long" })
    const run = writeRun({
      runsDir: pages.runsDir,
      second: 70,
      name: "long",
      unfinished: true,
      status: "interrupted",
    })
    // One spike, and the rest as flat as can be: between the ends of a column no point would be drawn.
    const flat = (iteration: number) =>
      `${JSON.stringify({ split: "train", iteration, epoch: 1, loss: 0.5, error: 0.5, learningRate: 0.1 })}\n`
    writeFileSync(join(run, "metrics.ndjson"), Array.from({ length: 90_000 }, (_, i) => flat(i + 1)).join(""))
    const { page } = await pages.open(`/runs/${id}`)
    const chart = page.getByRole("group", { name: /^Loss: / })
    await lossUpTo(page, 90_000).waitFor()
    const table = page.getByRole("group", { name: "Loss, as a table" })
    const shownRows = async () => {
      // A table is that of the moment in which it is opened.
      const summary = page.locator("figure", { hasText: "Loss" }).locator("summary").first()
      if (await table.isVisible()) await summary.click()
      await summary.click()
      return table.locator("tbody th").allTextContents()
    }
    const thinned = new Set(await shownRows()).size
    assert.isAbove(thinned, 10)
    await chart.focus()
    const isRange = (url: string) => url.includes("/rows?from=")
    const answered = page.waitForResponse((response) => isRange(response.url()))
    // Each halves the range: 90,000 rows to some 350.
    for (let i = 0; i < 8; i++) await page.keyboard.press("+")
    assert.isTrue((await answered).ok())
    const rows = JSON.parse(await (await pages.served.get(`/api/runs/${id}/rows?from=45000&to=45100`)).text())
    assert.strictEqual(rows.rows.length, 101)
    // Another tab opens the run: everything is sent again to both, without the rows of the range.
    const again = page.waitForRequest((request) => isRange(request.url()))
    const other = await page.context().newPage()
    await other.goto(page.url())
    await lossUpTo(other, 90_000).waitFor()
    const range = new URL((await again).url()).searchParams
    assert.isBelow(Number(range.get("to")) - Number(range.get("from")), 400)
    // New rows are drawn behind the range.
    appendFileSync(join(run, "metrics.ndjson"), flat(90_001))
    await lossUpTo(page, 90_001).waitFor()
    const ascending = (await shownRows()).map((text) => Number(text.replaceAll(",", "")))
    assert.deepStrictEqual(
      ascending,
      ascending.toSorted((a, b) => a - b),
    )
    await page.context().close()
  })

  it("has one event stream for ten tabs, which follow what they show", async () => {
    // Those of the tests before end by themselves.
    await vi.waitFor(() => assert.strictEqual(openStreams.count, 0), 10_000)
    const context = await pages.browser.newContext({ storageState: pages.signedIn })
    const tabs = await Promise.all(Array.from({ length: 10 }, () => context.newPage()))
    for (const [i, page] of tabs.entries()) {
      await page.goto(
        `${pages.served.origin}${i % 2 === 0 ? "/" : `/runs/${runId({ second: 1 + (i % 4) })}`}`,
      )
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
    writeRun({ runsDir: pages.runsDir, second: 60, name: "newcomer" })
    for (const page of tabs.filter((_, i) => i % 2 === 0)) {
      await page.getByText(runId({ second: 60, name: "newcomer" })).waitFor({ timeout: 5000 })
    }
    // A tab that is closed is forgotten: what only it showed is not followed any more.
    await tabs[0].getByText(runId({ second: 1 })).waitFor()
    for (const page of tabs.slice(1)) await page.close()
    await vi.waitFor(() => assert.strictEqual(openStreams.count, 1), 5000)
    await vi.waitFor(() => assert.deepStrictEqual(openStreams.topics(), ["runs"]), 10_000)
    await context.close()
    await vi.waitFor(() => assert.strictEqual(openStreams.count, 0), 10_000)
  })

  it("polls where no stream can be opened", async () => {
    const other = await serve(pages.runsDir, { hasStreams: false })
    const context = await pages.browser.newContext()
    const page = await context.newPage()
    try {
      await openSignedIn(page, other.address())
      await page.getByText("live, by polling").waitFor()
      await page.getByText(runId({ second: 1 })).waitFor()
      writeRun({ runsDir: pages.runsDir, second: 61, name: "polled" })
      await page.getByText(runId({ second: 61, name: "polled" })).waitFor({ timeout: 5000 })
    } finally {
      await context.close()
      await other.close()
    }
  })

  it("signs a browser in that follows the printed address from another site, and later opens links from there", async () => {
    const cache = join(pages.scratch, "link-cache")
    const dashboard = await startDashboard(pages.runsDir, cache)
    const other = createServer((_, response) => {
      response.setHeader("content-type", "text/html")
      response.end(
        `<a id="first" href="${dashboard.address}">open</a> <a id="second" href="${dashboard.origin}/runs/${liveId}">run</a>`,
      )
    })
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
    const address = other.address()
    // For a browser, localhost and 127.0.0.1 are two sites.
    const site = `http://localhost:${typeof address === "object" ? address?.port : 0}/`
    const context = await pages.browser.newContext()
    const page = await context.newPage()
    try {
      await page.goto(site)
      await page.locator("#first").click()
      await page.locator(".run-name").first().waitFor()
      assert.notInclude(page.url(), "token")
      await page.goto(site)
      await page.locator("#second").click()
      await page.locator(".log li").first().waitFor()
      const stranger = await pages.browser.newContext()
      const strange = await stranger.newPage()
      await strange.goto(site)
      await strange.locator("#second").click()
      await strange.getByRole("heading", { name: "This browser is not signed in" }).waitFor()
      await stranger.close()
    } finally {
      await context.close()
      other.close()
      await dashboard.kill()
    }
  })
})
