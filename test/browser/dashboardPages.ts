/** A dashboard with runs of every state, opened in a real browser that is signed in: (what is trained first) -> pages. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, vi } from "@effect/vitest"
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core"
import { metricLines } from "../dashboard/metricLines.ts"
import { serve, type Served } from "../dashboard/serve.ts"
import { launchBrowser, openPage, type OpenedPage } from "../fixtures/browser.ts"
import { cliRun } from "../fixtures/cli.ts"
import { judged, scheduledRun, writeHistory } from "../fixtures/scheduledRuns.ts"
import { runId, writeRun } from "../fixtures/writeRun.ts"

/** Where text of a run becomes markup, this runs. */
export const hostile = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"

/** A run without an end, with 200 rows and a log. */
export const liveId = runId({ second: 50, name: "live" })

/** A finished run; or also an ensemble and a sweep. */
export type Trained = "nothing" | "run" | "everything"

const command = async (...words: ReadonlyArray<string>) => {
  const ended = await cliRun(...words)
  assert.strictEqual(ended.code, 0, ended.stderr)
  return ended.stdout
}

const train = async (scratch: string, runsDir: string, trained: Trained): Promise<string> => {
  if (trained === "nothing") return ""
  const folders = ["--runs-dir", runsDir, "--data-dir", join(scratch, "data")]
  const printed = await command("run", "test/fixtures/tiny.ts", "--engine", "onnx", ...folders)
  if (trained === "everything") {
    const pair = join(scratch, "pair.ts")
    const tiny = fileURLToPath(new URL("../fixtures/tiny.ts", import.meta.url))
    writeFileSync(
      pair,
      `import tiny from ${JSON.stringify(tiny)}\nconst member = { ...tiny, budget: { iterations: 20 } }\nexport default { name: "pair", members: [member, { ...member, seed: 1 }] }\n`,
    )
    await command("run", pair, "--engine", "onnx", ...folders)
    await command("sweep", "test/fixtures/tinySweep.ts", ...folders)
  }
  return /(\d{8}T\d{6}Z-tiny-[0-9a-f]{8})/.exec(printed)?.[1] ?? ""
}

/** A run of every state, and text that tries to be markup. */
const writeRuns = (runsDir: string) => {
  writeRun({ runsDir, second: 1 })
  writeRun({ runsDir, second: 2, seed: 1, validation: [0.4, 0.2] })
  writeRun({ runsDir, second: 3, status: "failed", unfinished: true, reason: hostile })
  writeRun({ runsDir, second: 4, status: "interrupted", unfinished: true, dataset: hostile })
  mkdirSync(join(runsDir, runId({ second: 5 })))
  const run = writeRun({ runsDir, second: 50, name: "live", status: "interrupted", unfinished: true })
  writeFileSync(join(run, "metrics.ndjson"), metricLines(1, 200))
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

export interface DashboardPages {
  readonly scratch: string
  readonly runsDir: string
  /** The run that was trained. */
  readonly trained: string
  readonly served: Served
  readonly browser: Browser
  /** Of a browser that is signed in. */
  readonly signedIn: Awaited<ReturnType<BrowserContext["storageState"]>>
  readonly open: (path: string, options?: BrowserContextOptions) => Promise<OpenedPage>
  readonly close: () => Promise<void>
}

export const openDashboard = async (what: Trained): Promise<DashboardPages> => {
  const scratch = mkdtempSync(join(tmpdir(), "tidemark-dashboard-"))
  const runsDir = join(scratch, "runs")
  const trained = await train(scratch, runsDir, what)
  writeRuns(runsDir)
  const served = await serve(runsDir)
  const browser = await launchBrowser()
  const context = await browser.newContext()
  const first = await context.newPage()
  await openSignedIn(first, served.address())
  const signedIn = await context.storageState()
  await context.close()
  return {
    scratch,
    runsDir,
    trained,
    served,
    browser,
    signedIn,
    open: (path, options = {}) =>
      openPage(browser, `${served.origin}${path}`, (requested) => requested.startsWith(served.origin), {
        storageState: signedIn,
        ...options,
      }),
    close: async () => {
      await browser.close()
      await served.close()
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}

/** Opens a printed address, and waits for the page that it leads to: another address before that would be overtaken. */
export const openSignedIn = async (page: Page, address: string) => {
  await page.goto(address)
  await page.waitForURL((url) => !url.searchParams.has("token"))
}

// Not by `waitForFunction`: what it evaluates again and again is a string, which the policy of the page forbids.
export const isLive = (page: Page) => page.locator(".connection[data-connection=live]").waitFor()

export const hasRuns = (page: Page, count: number) =>
  vi.waitFor(async () => assert.strictEqual(await page.locator(".run-name").count(), count), 10_000)

/** The chart of the loss once its newest point is of this iteration. */
export const lossUpTo = (page: Page, iteration: number) =>
  page.getByRole("group", {
    name: new RegExp(`^Loss: .* at iteration ${iteration.toLocaleString("en")}(,|$)`),
  })
