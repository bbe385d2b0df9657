/**
 * Drawing in the dashboard, in a real browser: with the mouse, a finger, and an image.
 *
 * Skipped with a warning if there is no Chromium.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it, vi } from "@effect/vitest"
import { chromiumPath, warnWithoutBrowser } from "../fixtures/browser.ts"
import type { Request } from "playwright-core"
import { serve } from "../dashboard/serve.ts"
import { cliRun } from "../fixtures/cli.ts"
import { type DashboardPages, openDashboard, openSignedIn } from "./dashboardPages.ts"

// A browser is slow on a busy machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })
warnWithoutBrowser("the dashboard is")

let pages: DashboardPages
beforeAll(async () => {
  if (chromiumPath !== undefined) pages = await openDashboard("run")
})
afterAll(() => pages?.close())

describe.skipIf(chromiumPath === undefined)("drawing in Chromium", () => {
  it("reads a drawn digit and an uploaded image as the command predict does", async () => {
    const photo = fileURLToPath(new URL("../../docs/images/photo.jpg", import.meta.url))
    const { page } = await pages.open(`/draw?model=${pages.trained}`)
    await vi.waitFor(
      async () => assert.strictEqual(await page.locator("#model").inputValue(), pages.trained),
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
    const sent = await fetch(`${pages.served.origin}/api/predict?model=${pages.trained}`, {
      method: "POST",
      body: readFileSync(photo),
      headers: { cookie: pages.served.cookie, origin: pages.served.origin, "sec-fetch-site": "same-origin" },
    })
    const answer = JSON.parse(await sent.text())
    const predicted = await cliRun("predict", pages.trained, photo, "--runs-dir", pages.runsDir, "--json")
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

  it("draws with a finger: the page does not scroll, and a lifted finger ends the stroke", async () => {
    const { page } = await pages.open(`/draw?model=${pages.trained}`, {
      hasTouch: true,
      isMobile: true,
      viewport: { width: 360, height: 640 },
    })
    const paper = page.locator("canvas.paper")
    await paper.scrollIntoViewIfNeeded()
    const box = await paper.boundingBox()
    assert.isNotNull(box)
    if (box === null) return
    const before = await page.evaluate("scrollY")
    const client = await page.context().newCDPSession(page)
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", x = 0, y = 0) =>
      client.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: type === "touchEnd" ? [] : [{ x: box.x + box.width * x, y: box.y + box.height * y }],
      })
    const stroke = async (x: number) => {
      await touch("touchStart", x, 0.2)
      for (let i = 3; i <= 8; i++) await touch("touchMove", x, i / 10)
      await touch("touchEnd")
    }
    await stroke(0.35)
    await stroke(0.65)
    await page.locator(".bars li[data-first]").waitFor()
    assert.strictEqual(await page.evaluate("scrollY"), before)
    const isInk = (x: number, y: number) =>
      page.evaluate<boolean>(
        `document.querySelector("canvas.paper").getContext("2d").getImageData(${320 * x}, ${320 * y}, 1, 1).data[0] < 128`,
      )
    assert.isTrue(await isInk(0.35, 0.5))
    assert.isTrue(await isInk(0.65, 0.5))
    // Two strokes, with nothing between them.
    for (const y of [0.25, 0.5, 0.75]) assert.isFalse(await isInk(0.5, y))
    await page.context().close()
  })

  it("shows predictions while somebody goes on drawing, also while the model is loaded", async () => {
    // A server of its own has loaded no model.
    const other = await serve(pages.runsDir)
    const context = await pages.browser.newContext()
    const page = await context.newPage()
    try {
      await openSignedIn(page, other.address())
      await page.goto(`${other.origin}/draw?model=${pages.trained}`)
      await vi.waitFor(
        async () => assert.strictEqual(await page.locator("#model").inputValue(), pages.trained),
        10_000,
      )
      let atOnce = 0
      let most = 0
      let answers = 0
      const isPrediction = (request: Request) => request.url().includes("/api/predict")
      page.on("request", (request) => {
        if (isPrediction(request)) most = Math.max(most, ++atOnce)
      })
      page.on("requestfailed", (request) => assert.isFalse(isPrediction(request), request.url()))
      page.on("requestfinished", (request) => {
        if (!isPrediction(request)) return
        atOnce--
        answers++
      })
      const box = await page.locator("canvas.paper").boundingBox()
      assert.isNotNull(box)
      if (box === null) return
      await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.2)
      await page.mouse.down()
      const isShown = () => page.locator(".bars li[data-first]").isVisible()
      const begun = performance.now()
      for (let i = 0; !(await isShown()) && performance.now() - begun < 60_000; i++) {
        await page.mouse.move(box.x + box.width / 2 + (i % 7), box.y + box.height * (0.2 + 0.01 * (i % 60)))
        await page.waitForTimeout(20)
      }
      assert.isTrue(await isShown(), "a prediction appears before the stroke ends")
      await page.mouse.up()
      await vi.waitFor(() => assert.strictEqual(atOnce, 0), 10_000)
      assert.strictEqual(most, 1)
      assert.isAbove(answers, 0)
    } finally {
      await context.close()
      await other.close()
    }
  })
})
