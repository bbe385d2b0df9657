/**
 * `pnpm bench:dashboard [--runs 1000] [--points 10000] [--training 10] [--seconds 20] [--train] [--json]`: what the dashboard costs with many runs.
 *
 * Measured in a real Chromium beside a server of its own: the first paint of the table, the time from an appended row to the
 * screen, and the server's memory and processor time with one viewer of all runs, of one run, and of fifty at once. `--training` says
 * how many runs are in training and get a row a second; one in fifty was killed, and so has no report. `--train` measures a training with and without a viewer, by turns.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { cpus, tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { currentProcess } from "../storage/lock/processIdentity.ts"
import { launchBrowser } from "../test/fixtures/browser.ts"
import { runId, writeRun } from "../test/fixtures/writeRun.ts"

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: {
    runs: { type: "string", default: "1000" },
    points: { type: "string", default: "10000" },
    training: { type: "string", default: "10" },
    seconds: { type: "string", default: "20" },
    train: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
})
const runs = Number(values.runs)
const points = Number(values.points)
const training = Math.max(1, Math.min(runs, Number(values.training)))
/** Runs that one viewer follows at once, in several tabs. */
const watchedAtOnce = Math.min(50, runs)
const seconds = Number(values.seconds)
const cli = fileURLToPath(new URL("../cli/start.mjs", import.meta.url))
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
    writeFileSync(join(run, "metrics.ndjson"), rows)
    if (!isLive && !isKilled) continue
    const path = join(run, "attempts", "0001.json")
    const attempt = JSON.parse(readFileSync(path, "utf8"))
    // In training: held by this process. Killed: by one that is gone.
    const holder = isLive ? currentProcess() : attempt.process
    writeFileSync(path, JSON.stringify({ ...attempt, process: holder, outcome: null }))
    if (isLive) live.push(run)
  }
  return live
}

interface Use {
  readonly memoryMiB: number
  readonly cpuSeconds: number
}

/** As Linux counts it: resident memory, and processor time of all threads. */
const useOf = (pid: number): Use => {
  const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0"
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")
  return { memoryMiB: Number(resident) / 1024, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100 }
}

const startDashboard = async (runsDir: string, environment: NodeJS.ProcessEnv) => {
  const child = spawn(process.execPath, [cli, "dashboard", "--port", "0", "--runs-dir", runsDir], {
    stdio: ["ignore", "pipe", "ignore"],
    env: environment,
  })
  const address = await new Promise<string>((resolve) =>
    child.stdout.once("data", (data) => resolve(String(data).trim())),
  )
  return { child, address }
}

const measures: Array<{ readonly measure: string; readonly found: string }> = []
const report = (measure: string, found: string) => {
  measures.push({ measure, found })
  if (!values.json) console.log(`${measure.padEnd(24)}${found}`)
}

const round = (value: number) => Math.round(value * 10) / 10

/** Milliseconds of one training, in a process of its own. */
const trainOnce = async (folder: string, seed: number) => {
  const begun = performance.now()
  const experiment = fileURLToPath(new URL("../experiments/cnn-fast.ts", import.meta.url))
  const words = ["run", experiment, "--iterations", "150", "--seed", String(seed), "--engine", "onnx"]
  const child: ChildProcess = spawn(
    process.execPath,
    [cli, ...words, "--runs-dir", join(folder, "trained"), "--data-dir", join(folder, "data")],
    { stdio: "ignore" },
  )
  await new Promise((resolve) => child.once("close", resolve))
  return performance.now() - begun
}

const median = (numbers: ReadonlyArray<number>) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

const scratch = mkdtempSync(join(tmpdir(), "tidemark-bench-dashboard-"))
const environment = { ...process.env, XDG_CACHE_HOME: join(scratch, "cache") }
const children: Array<ChildProcess> = []
const browser = await launchBrowser()
try {
  const runsDir = join(scratch, "runs")
  const live = writeRuns(runsDir)
  report(
    "runs",
    `${runs} of ${points} rows, ${live.length} in training; ${cpus().length} cores, ${cpus()[0].model}`,
  )

  const { address, child } = await startDashboard(runsDir, environment)
  children.push(child)
  const pid = child.pid ?? 0
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
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
    report(what, `${round(100 * share)} % of a core, ${Math.round(after.memoryMiB)} MiB`)
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
  const stream = new AbortController()
  const topics = ids.map((id) => `run:${id}`).join(",")
  const response = await fetch(new URL(`/api/events?topics=${encodeURIComponent(topics)}`, address), {
    headers: { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; ") },
    signal: stream.signal,
  })
  let received = 0
  const reading = (async () => {
    for await (const chunk of response.body ?? []) received += chunk.length
  })().catch(() => undefined)
  await sleep(5000)
  const whole = received
  report(`${watchedAtOnce} runs, all rows`, `${round(whole / 2 ** 20)} MiB sent`)
  await watched(`one viewer of ${watchedAtOnce} runs`)
  report("sent meanwhile", `${round((received - whole) / 1024 / seconds)} KiB a second`)
  stream.abort()
  await reading
  child.kill()

  if (values.train) {
    const trained = join(scratch, "trained")
    await trainOnce(scratch, 0)
    const times: { without: Array<number>; with: Array<number> } = { without: [], with: [] }
    for (let i = 1; i <= 5; i++) {
      times.without.push(await trainOnce(scratch, 2 * i))
      const viewed = await startDashboard(trained, environment)
      children.push(viewed.child)
      await page.goto(viewed.address)
      await page.locator(".run-name").first().waitFor()
      times.with.push(await trainOnce(scratch, 2 * i + 1))
      viewed.child.kill()
    }
    const [without, seen] = [median(times.without), median(times.with)]
    report(
      "training",
      `${Math.round(without)} ms without a viewer, ${Math.round(seen)} ms with one (medians of 5): ${round(100 * (seen / without - 1))} %`,
    )
  }
  if (values.json) console.log(JSON.stringify(measures, null, 2))
} finally {
  await browser.close()
  for (const child of children) child.kill()
  rmSync(scratch, { recursive: true, force: true })
}
