/**
 * A page of the dashboard that is left open: thousands of updates, in a minute instead of hours, leave memory as it was.
 *
 * Skipped with a warning if there is no Chromium.
 */
import { afterAll, assert, beforeAll, describe, it, vi } from "@effect/vitest"
import type { Page } from "playwright-core"
import type { Message, PollAnswer, RunMessage, RunsMessage } from "../../dashboard/messages.ts"
import { chromiumPath, warnWithoutBrowser } from "../fixtures/browser.ts"
import { type DashboardPages, liveId, openDashboard } from "./dashboardPages.ts"

// A browser is slow on a busy machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })
warnWithoutBrowser("the dashboard is")

let pages: DashboardPages
beforeAll(async () => {
  if (chromiumPath !== undefined) pages = await openDashboard("nothing")
})
afterAll(() => pages?.close())

/** In place of the connection: messages come as fast as the page draws them. */
const fakeStream = `
  delete globalThis.SharedWorker
  globalThis.EventSource = class extends EventTarget {
    constructor() {
      super()
      globalThis.stream = this
      setTimeout(() => this.dispatchEvent(new Event("open")))
    }
    close() {}
  }
  globalThis.emit = (message) => globalThis.stream.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }))
`

interface Use {
  readonly heapBytes: number
  readonly nodes: number
  readonly listeners: number
}

const useOf = async (page: Page): Promise<Use> => {
  const client = await page.context().newCDPSession(page)
  await client.send("Performance.enable")
  // What the first collection frees may hold more.
  for (let i = 0; i < 3; i++) await client.send("HeapProfiler.collectGarbage")
  const { metrics } = await client.send("Performance.getMetrics")
  await client.detach()
  const value = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN
  return {
    heapBytes: value("JSHeapUsedSize"),
    nodes: value("Nodes"),
    listeners: value("JSEventListeners"),
  }
}

const messageOf = async (topic: string): Promise<Message> => {
  const answer = await pages.served.get(`/api/poll?topics=${topic}&since=`)
  const { messages }: PollAnswer = JSON.parse(await answer.text())
  return messages[0]
}

/** Each update is drawn before the next one comes. `change` is the body of a function of a message and a number. */
const update = (page: Page, first: Message, change: string, from: number, to: number) =>
  page.evaluate(`(async () => {
    const first = ${JSON.stringify(first)}
    for (let n = ${from}; n < ${to}; n++) {
      emit(((message, n) => { ${change} })(structuredClone(first), n))
      await new Promise((resolve) => requestAnimationFrame(resolve))
    }
  })()`)

const openFake = async (path: string) => {
  const context = await pages.browser.newContext({ storageState: pages.signedIn })
  await context.addInitScript(fakeStream)
  const page = await context.newPage()
  await page.goto(`${pages.served.origin}${path}`)
  await page.locator(".connection[data-connection=live]").waitFor()
  return page
}

const checkSteady = (early: Use, late: Use) => {
  assert.isBelow(late.heapBytes - early.heapBytes, 3e6, JSON.stringify({ early, late }))
  assert.isBelow(late.nodes - early.nodes, 500, JSON.stringify({ early, late }))
  assert.isBelow(late.listeners - early.listeners, 20, JSON.stringify({ early, late }))
}

const isRun = (message: Message): message is RunMessage => message.kind === "run"
const isRuns = (message: Message): message is RunsMessage => message.kind === "runs"

describe.skipIf(chromiumPath === undefined)("a page that is left open", () => {
  it("of a run in training uses the same memory after thousands of updates", async () => {
    const message = await messageOf(`run:${liveId}`)
    assert.isTrue(isRun(message))
    const page = await openFake(`/runs/${liveId}`)
    await page.evaluate(`emit(${JSON.stringify(message)})`)
    await page.locator(".log li").first().waitFor()
    // A row, three lines of the log, and every figure of the head.
    const change = `
      message.detail.row = { ...message.detail.row, state: "running", iteration: 200 + n, runningSinceMs: Date.now() - 1000 * n }
      message.detail.checkpoints = [{ iteration: n, sizeBytes: 1000, savedAtMs: 1e12 + n }]
      message.curves = { from: 200, total: 201 + n, rows: [[n % 10 === 0 ? 1 : 0, 200 + n, 1 / (n + 1), 0.5, 0.1, n / 100]] }
      const line = { time: "2026-01-01T00:00:00.000Z", level: "info", stage: "train", text: "line " + n }
      message.log = { replaces: false, lines: [line, line, line] }
      return message`
    await update(page, message, change, 0, 600)
    const early = await useOf(page)
    await update(page, message, change, 600, 3600)
    checkSteady(early, await useOf(page))
    assert.strictEqual(await page.locator(".log li").count(), 500)
    await page.getByRole("group", { name: /^Loss: .* at iteration 3,79/ }).waitFor()
    await page.context().close()
  })

  it("of all runs uses the same memory after thousands of updates, new runs and removed ones", async () => {
    const message = await messageOf("runs")
    assert.isTrue(isRuns(message))
    if (!isRuns(message)) return
    const page = await openFake("/")
    await page.evaluate(`emit(${JSON.stringify(message)})`)
    await page.locator(".run-name").first().waitFor()
    const [row] = message.rows
    const change = `
      const row = ${JSON.stringify(row)}
      const id = (n) => "20260102T000000Z-run-" + n
      return {
        kind: "runs", replaces: false, isComplete: true,
        rows: [{ ...row, iteration: n, state: n % 2 === 0 ? "running" : "stopped" }, { ...row, id: id(n) }],
        removed: n < 20 ? [] : [id(n - 20)],
        collections: n % 5 === 0 ? { ...message.collections, championsVersion: String(n), sweeps: [{ name: "s", isFinished: false, measured: n, trials: 10, best: null, problem: null, version: String(n) }] } : null,
      }`
    await update(page, message, change, 0, 600)
    const early = await useOf(page)
    await update(page, message, change, 600, 3600)
    checkSteady(early, await useOf(page))
    await page.context().close()
  })
})
