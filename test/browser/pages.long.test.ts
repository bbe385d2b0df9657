/**
 * The pages in a real browser: from disk, offline, at several screen sizes, in light and dark mode.
 *
 * Skipped with a warning if there is no Chromium.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import type { Browser, BrowserContextOptions } from "playwright-core"
import { writeHistoryPage } from "../../views/history/writeHistoryPage.ts"
import {
  checkFits,
  chromiumPath,
  launchBrowser,
  openPage,
  screens,
  violationsOf,
  warnWithoutBrowser,
} from "../fixtures/browser.ts"
import { cliRun } from "../fixtures/cli.ts"
import { byRate, define, play } from "../fixtures/simulatedSweep.ts"
import { writeSweep } from "../fixtures/writeSweep.ts"
import { judged, scheduledRun, writeHistory } from "../fixtures/scheduledRuns.ts"
import { onlyRun } from "../fixtures/runFiles.ts"
import { writeRun } from "../fixtures/writeRun.ts"

// A browser is slow on a busy machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

warnWithoutBrowser("pages are")

let scratch: string
let browser: Browser
const pages = new Map<string, string>()

beforeAll(async () => {
  if (chromiumPath === undefined) return
  scratch = mkdtempSync(join(tmpdir(), "tidemark-browser-"))
  const runs = join(scratch, "runs")
  const folders = ["--runs-dir", runs, "--data-dir", join(scratch, "data")]
  const ended = await cliRun("run", "test/fixtures/tiny.ts", "--engine", "onnx", ...folders)
  assert.strictEqual(ended.code, 0, ended.stderr)
  pages.set("finished", join(onlyRun(runs), "report.html"))
  const other = writeRun({ runsDir: join(scratch, "other"), second: 1, status: "failed", unfinished: true })
  assert.strictEqual((await cliRun("show", other, "--html", join(scratch, "failed.html"))).code, 0)
  pages.set("failed", join(scratch, "failed.html"))
  const scheduled = join(scratch, "scheduled")
  writeHistory(scheduled, {
    scheduledRuns: [
      scheduledRun(25, { accuracy: 0.9 }),
      scheduledRun(26, {
        accuracy: 0.85,
        outcome: "challenger",
        reasons: ["worse than the champion ".repeat(20)],
      }),
      scheduledRun(27, { outcome: "failed", reasons: [`${"no-place-to-break-".repeat(20)}`] }),
    ],
    events: [judged(25, true, 0.9), judged(26, false, 0.85)],
  })
  await Effect.runPromise(Effect.provide(writeHistoryPage(scheduled), NodeServices.layer))
  pages.set("history", join(scheduled, "history.html"))
  await cliRun("run", "test/fixtures/tiny.ts", "--engine", "onnx", "--seed", "1", ...folders)
  const compared = join(scratch, "compared.html")
  assert.strictEqual((await cliRun("compare", "2*", "--runs-dir", runs, "--html", compared)).code, 0)
  pages.set("compared", compared)
  const definition = define({ kind: "halving", factor: 3, rungs: 3, from: "quasiRandom" }, 27)
  const { records } = play(definition, (part, parameters) =>
    part.trial === 4 ? "failed" : byRate(part, parameters),
  )
  const swept = join(scratch, "swept")
  writeSweep(swept, definition, records)
  const sweepPage = join(scratch, "sweep.html")
  assert.strictEqual(
    (await cliRun("show", "sweep:simulated", "--html", sweepPage, "--runs-dir", swept)).code,
    0,
  )
  pages.set("sweep", sweepPage)
  const pair = join(scratch, "pair.ts")
  writeFileSync(
    pair,
    `import tiny from ${JSON.stringify(fileURLToPath(new URL("../fixtures/tiny.ts", import.meta.url)))}\nexport default { name: "pair", members: [0, 1].map((seed) => ({ ...tiny, seed })) }\n`,
  )
  const paired = await cliRun("run", pair, "--engine", "onnx", ...folders)
  assert.strictEqual(paired.code, 0, paired.stderr)
  const together = join(scratch, "together.html")
  assert.strictEqual((await cliRun("show", "ensemble:pair", "--runs-dir", runs, "--html", together)).code, 0)
  pages.set("ensemble", together)
  const described = join(scratch, "described.html")
  assert.strictEqual(
    (await cliRun("data", "test/fixtures/tiny.ts", "--html", described, "--data-dir", join(scratch, "data")))
      .code,
    0,
  )
  pages.set("dataset", described)
  browser = await launchBrowser()
})
afterAll(async () => {
  if (chromiumPath === undefined) return
  await browser.close()
  rmSync(scratch, { recursive: true, force: true })
})

const open = (name: string, options: BrowserContextOptions) => {
  const url = pathToFileURL(pages.get(name) ?? "").href
  return openPage(browser, url, (requested) => requested === url, { ...options, offline: true })
}

describe.skipIf(chromiumPath === undefined)("pages in Chromium", () => {
  for (const name of ["finished", "failed", "compared", "history", "sweep", "ensemble", "dataset"]) {
    for (const colorScheme of ["light", "dark"] as const) {
      it(`${name}, ${colorScheme}: loads from disk without messages or requests, fits the screen and is accessible`, async () => {
        for (const viewport of screens) {
          const { events, page } = await open(name, { viewport, colorScheme })
          assert.deepEqual(events, [])
          await checkFits(page)
          // Slow, so each colour scheme is checked at one size.
          const checked = colorScheme === "light" ? screens[0] : screens[2]
          if (viewport === checked) assert.deepEqual(await violationsOf(page), [])
          assert.deepEqual(events, [])
          await page.context().close()
        }
      })
    }
  }

  it("paints every image and chart", async () => {
    const { page } = await open("finished", { viewport: screens[2] })
    const images = page.locator("img")
    assert.isAbove(await images.count(), 50)
    assert.strictEqual(
      await page.evaluate("[...document.images].filter((image) => image.naturalWidth === 0).length"),
      0,
    )
    for (const chart of await page.locator("svg.plot").all()) {
      const box = await chart.boundingBox()
      assert.isAbove(box?.width ?? 0, 300)
      assert.isAbove(await chart.locator("path, circle, line, rect").count(), 5)
    }
    // Charts use the colours of the page in both colour schemes.
    const strokes: Array<unknown> = []
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme })
      strokes.push(
        await page.evaluate(
          "getComputedStyle(document.querySelector('svg.plot [stroke^=\"var(--series\"]')).stroke",
        ),
      )
    }
    assert.deepEqual(strokes, ["rgb(31, 102, 177)", "rgb(110, 177, 247)"])
  })

  it("can be navigated with the keyboard", async () => {
    const { page } = await open("finished", { viewport: screens[2] })
    const focused = () => page.evaluate<string>("document.activeElement.textContent.trim()")
    await page.keyboard.press("Tab")
    assert.strictEqual(await focused(), "Skip to content")
    await page.keyboard.press("Enter")
    assert.strictEqual(await page.evaluate("document.activeElement.id"), "content")
    await page.keyboard.press("Tab")
    assert.strictEqual(await focused(), "Data as a table")
    const outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert.strictEqual(outline, "solid")
    await page.keyboard.press("Enter")
    assert.isTrue(
      await page
        .locator("details")
        .first()
        .evaluate((element) => "open" in element && element.open === true),
    )
    await page.keyboard.press("Tab")
    assert.strictEqual(
      await page.evaluate("document.activeElement.getAttribute('aria-label')"),
      "Loss by iteration",
    )
  })

  it("jumps to a section from the table of contents", async () => {
    const { page } = await open("finished", { viewport: screens[0] })
    await page
      .getByRole("navigation", { name: "Contents" })
      .getByRole("link", { name: "Calibration" })
      .click()
    await page.waitForFunction(
      "Math.abs(document.querySelector('#calibration').getBoundingClientRect().top) < 60",
    )
  })

  it("prints on white paper, without navigation", async () => {
    const { page } = await open("finished", { viewport: screens[2], colorScheme: "dark" })
    await page.emulateMedia({ media: "print" })
    assert.isFalse(await page.getByRole("navigation", { name: "Contents" }).isVisible())
    assert.strictEqual(
      await page.evaluate("getComputedStyle(document.body).backgroundColor"),
      "rgb(255, 255, 255)",
    )
    assert.isAbove((await page.pdf({ format: "A4" })).length, 50_000)
  })
})
