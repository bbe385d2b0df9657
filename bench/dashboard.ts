/**
 * `pnpm bench:dashboard [--runs 1000] [--points 10000] [--training 10] [--seconds 20] [--json]`: what the dashboard costs with
 * many runs. `pnpm bench:dashboard --train [--rounds 5]`: what it costs a training (`dashboardTraining.ts`).
 *
 * Measured in a real Chromium beside a server of its own: the first paint of the table, the time from an appended row to the
 * screen, and the server's memory and processor time with one viewer of all runs, of one run, and of as many as a browser
 * follows at once. `--training` says how many runs are in training and get a row a second; one in fifty was killed, and so has
 * no report. The server was started once before, so its modules are compiled.
 */
import type { ChildProcess } from "node:child_process"
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { cpus, tmpdir } from "node:os"
import { basename, join } from "node:path"
import { parseArgs } from "node:util"
import type { Browser } from "playwright-core"
import { mostTopics } from "../dashboard/limits.ts"
import { currentProcess } from "../storage/lock/processIdentity.ts"
import { launchBrowser } from "../test/fixtures/browser.ts"
import { runId, writeRun } from "../test/fixtures/writeRun.ts"
import { openViewer, startDashboard, useOf } from "./dashboardServer.ts"
import { measureTraining } from "./dashboardTraining.ts"
import { median, type Quartiles } from "./quartiles.ts"

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: {
    runs: { type: "string", default: "1000" },
    points: { type: "string", default: "10000" },
    training: { type: "string", default: "10" },
    seconds: { type: "string", default: "20" },
    train: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  },
})
const runs = Number(values.runs)
const points = Number(values.points)
const training = Math.max(1, Math.min(runs, Number(values.training)))
/** Runs that one viewer follows at once, in several tabs. */
const watchedAtOnce = Math.min(mostTopics, runs)
const seconds = Number(values.seconds)
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const trainRow = (iteration: number) =>
  `${JSON.stringify({ split: "train", iteration, epoch: iteration / 600, loss: 2.3 / Math.sqrt(iteration), error: 0.9 / Math.sqrt(iteration), batchLoss: 0.5, batchError: 0.1, learningRate: 0.001 })}\n`
const validationRow = (iteration: number) =>
  `${JSON.stringify({ split: "validation", iteration, epoch: iteration / 600, loss: 2.4 / Math.sqrt(iteration), accuracy: 1 - 0.95 / Math.sqrt(iteration), error: 0.95 / Math.sqrt(iteration) })}\n`

/** Nine rows in ten are of the train split. */
const rowsUpTo = (count: number) =>
  Array.from({ length: count }, (_, i) => (i % 10 === 9 ? validationRow(i + 1) : trainRow(i + 1))).join("")

const writeRuns = (runsDir: string) => {
  const rows = rowsUpTo(points)
  const validation = Array.from({ length: Math.floor(points / 10) }, (_, i) => 0.95 / Math.sqrt(10 * (i + 1)))
  const live: Array<string> = []
  let shared: string | undefined
  const every = Math.floor(runs / training)
  for (let i = 0; i < runs; i++) {
    const isLive = i % every === 0 && i / every < training
    const isKilled = !isLive && i % 50 === 25
    const run = writeRun({
      runsDir,
      second: i,
      seed: i,
      validation,
      ...(isLive || isKilled ? { status: "interrupted" as const, unfinished: true } : {}),
    })
    const metrics = join(run, "metrics.ndjson")
    // Runs that do not grow share one file: each is read as if it were its own.
    if (isLive || shared === undefined) writeFileSync(metrics, rows)
    else {
      rmSync(metrics)
      linkSync(shared, metrics)
    }
    if (!isLive) shared ??= metrics
    if (!isLive && !isKilled) continue
    const path = join(run, "attempts", "0001.json")
    const attempt = JSON.parse(readFileSync(path, "utf8"))
    // In training: held by this process. Killed: by one that is gone.
    const holder = isLive ? currentProcess() : { ...currentProcess(), pid: 4_194_301 }
    writeFileSync(path, JSON.stringify({ ...attempt, process: holder, outcome: null }))
    if (isLive) live.push(run)
  }
  return live
}

const measures: Array<{ readonly measure: string; readonly found: string }> = []
const report = (measure: string, found: string) => {
  measures.push({ measure, found })
  if (!values.json) console.log(`${measure.padEnd(26)}${found}`)
}

const round = (value: number) => Math.round(value * 10) / 10

const scratch = mkdtempSync(join(tmpdir(), "tidemark-bench-dashboard-"))
const environment = { ...process.env, XDG_CACHE_HOME: join(scratch, "cache") }
const children: Array<ChildProcess> = []

const start = async (runsDir: string) => {
  const dashboard = await startDashboard(runsDir, environment)
  children.push(dashboard.child)
  return dashboard
}

const measureViewers = async (browser: Browser) => {
  const runsDir = join(scratch, "runs")
  const live = writeRuns(runsDir)
  report(
    "runs",
    `${runs} of ${points} rows, ${live.length} in training; ${cpus().length} cores, ${cpus()[0].model}`,
  )
  const empty = join(scratch, "empty")
  mkdirSync(empty)
  const compiling = await start(empty)
  compiling.child.kill()

  const { address, child, pid } = await start(runsDir)
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  report("the server alone", `${Math.round(useOf(pid).memoryMiB)} MiB`)
  const begun = performance.now()
  await page.goto(address)
  await page.locator(".run-name").first().waitFor()
  report("first paint", `${Math.round(performance.now() - begun)} ms, of a server that has read nothing yet`)
  await page.getByText(new RegExp(`^${runs.toLocaleString("en")} runs$`)).waitFor({ timeout: 60_000 })
  report("all runs", `${Math.round(performance.now() - begun)} ms`)
  const again = performance.now()
  await page.reload()
  await page.getByText(new RegExp(`^${runs.toLocaleString("en")} runs$`)).waitFor()
  report("loaded again", `${Math.round(performance.now() - again)} ms, all runs`)

  let iteration = points
  const grow = () => {
    iteration++
    for (const run of live) appendFileSync(join(run, "metrics.ndjson"), trainRow(iteration))
  }
  /** Every run in training gets a row a second. */
  const watched = async (what: string) => {
    const [from, before] = [performance.now(), useOf(pid)]
    while (performance.now() - from < 1000 * seconds) {
      grow()
      await sleep(1000)
    }
    const after = useOf(pid)
    const share = (after.cpuSeconds - before.cpuSeconds) / ((performance.now() - from) / 1000)
    report(
      what,
      `${round(100 * share)} % of a core, ${Math.round(after.memoryMiB)} MiB, at most ${Math.round(after.mostMemoryMiB)} MiB so far`,
    )
  }
  await watched("one viewer of all runs")

  const id = runId({ second: 0 })
  const opened = performance.now()
  await page.goto(new URL(`/runs/${id}`, address).href)
  await page.locator(".chart-place canvas").first().waitFor()
  report("a run, first paint", `${Math.round(performance.now() - opened)} ms`)
  const delays: Array<number> = []
  for (let i = 0; i < 10; i++) {
    await sleep(300 + 70 * i)
    grow()
    const appended = performance.now()
    await page
      .getByRole("group", {
        name: new RegExp(`^Loss: .* at iteration ${iteration.toLocaleString("en")}(,|$)`),
      })
      .waitFor()
    delays.push(performance.now() - appended)
  }
  report(
    "a row on screen after",
    `${Math.round(median(delays))} ms, at most ${Math.round(Math.max(...delays))} ms`,
  )
  await watched("one viewer of one run")

  // As tabs of one browser: the same stream, of more topics. Those in training come first.
  await page.goto("about:blank")
  const others = Array.from({ length: runs }, (_, second) => runId({ second }))
  const ids = [...new Set([...live.map((run) => basename(run)), ...others])].slice(0, watchedAtOnce)
  const cookies = await context.cookies(address)
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ")
  const viewer = await openViewer(
    address,
    cookie,
    ids.map((id) => `run:${id}`),
  )
  await sleep(5000)
  const whole = viewer.received()
  report(`${watchedAtOnce} runs, all rows`, `${round(whole / 2 ** 20)} MiB sent`)
  await watched(`one viewer of ${watchedAtOnce} runs`)
  report("sent meanwhile", `${round((viewer.received() - whole) / 1024 / seconds)} KiB a second`)
  await viewer.close()
  child.kill()
}

const figure = ({ lower, median, upper }: Quartiles, digits: number) =>
  `${median.toFixed(digits)} (${lower.toFixed(digits)} to ${upper.toFixed(digits)})`

const reportTraining = async () => {
  const { costs, digests } = await measureTraining(scratch, Number(values.rounds), environment)
  for (const { cpuSeconds, kind, ratio, seconds, serverCpuSeconds } of costs) {
    report(
      `training ${kind}`,
      `${figure(seconds, 2)} s, ${figure(ratio, 3)} times as long; processor time ${figure(cpuSeconds, 2)} s, of the server ${figure(serverCpuSeconds, 2)} s`,
    )
  }
  report("bytes", digests === 1 ? "all trainings wrote the same" : `${digests} different results`)
}

try {
  if (values.train) await reportTraining()
  else {
    const browser = await launchBrowser()
    await measureViewers(browser).finally(() => browser.close())
  }
  if (values.json) console.log(JSON.stringify(measures, null, 2))
} finally {
  for (const child of children) child.kill()
  rmSync(scratch, { recursive: true, force: true })
}
