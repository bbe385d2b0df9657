/**
 * What a dashboard costs a training: (rounds) -> durations of the same training alone, watched live, and with a dashboard that is
 * killed or stopped (SIGSTOP) half-way; the processor time of the server; and whether all wrote the same bytes.
 *
 * Each round has all four, in another order. The training is alone on the machine but for the server; it uses all cores. The
 * viewer is an event stream without a screen: a browser draws on the machine of who looks.
 */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { cli, openViewer, signIn, startDashboard, useOf } from "./dashboardServer.ts"
import { quartiles, type Quartiles } from "./quartiles.ts"

const iterations = 1200
/** Rows of metrics are written ten times as often as by default, some twenty a second. */
const experiment = `
import cnnFast from ${JSON.stringify(new URL("../experiments/cnn-fast.ts", import.meta.url).href)}
export default { ...cnnFast, recordEvery: 10, budget: { iterations: ${iterations} } }
`

const kinds = ["alone", "watched", "killed half-way", "stopped half-way"] as const
export type Kind = (typeof kinds)[number]

interface Training {
  readonly seconds: number
  /** Processor time of the training, and of the server while it ran. */
  readonly cpuSeconds: number
  readonly serverCpuSeconds: number
  /** Of the files whose bytes depend on nothing but the experiment. */
  readonly digest: string
}

const onlyRun = (runsDir: string): string | undefined =>
  (existsSync(runsDir) ? readdirSync(runsDir) : []).find((name) => /^\d{8}T/.test(name))

/** Rows of metrics so far. */
const rowsOf = (run: string): number => {
  const folder = join(run, "metrics")
  const [file] = existsSync(folder) ? readdirSync(folder) : []
  return file === undefined ? 0 : readFileSync(join(folder, file), "utf8").split("\n").length - 1
}

const digestOf = (run: string): string => {
  const hash = createHash("sha256")
  const checkpoints = readdirSync(join(run, "checkpoints")).map((name) => join("checkpoints", name))
  for (const name of ["metrics.ndjson", "predictions.safetensors", ...checkpoints.sort()])
    hash.update(readFileSync(join(run, name)))
  return hash.digest("hex")
}

const trainOnce = async (scratch: string, kind: Kind, environment: NodeJS.ProcessEnv): Promise<Training> => {
  const runsDir = join(scratch, "trained")
  rmSync(runsDir, { recursive: true, force: true })
  mkdirSync(runsDir)
  const dashboard = kind === "alone" ? undefined : await startDashboard(runsDir, environment)
  const cookie = dashboard === undefined ? "" : await signIn(dashboard.address)
  let viewer = dashboard === undefined ? undefined : await openViewer(dashboard.address, cookie, ["runs"])
  let isFollowed = false
  // What starting the dashboard cost is over.
  await setTimeout(500)
  const words = [
    "run",
    "--log-level",
    "warn",
    join(scratch, "experiment.ts"),
    "--seed",
    "1",
    "--engine",
    "onnx",
  ]
  const before = dashboard === undefined ? 0 : useOf(dashboard.pid).cpuSeconds
  let after = before
  const child = spawn(
    process.execPath,
    [cli, ...words, "--runs-dir", runsDir, "--data-dir", join(scratch, "data")],
    { stdio: ["ignore", "ignore", "inherit"] },
  )
  const pid = child.pid ?? 0
  const ended = new Promise((resolve) => child.once("close", resolve))
  let isDone = false
  let cpuSeconds = 0
  while (child.exitCode === null && child.signalCode === null) {
    await setTimeout(50)
    try {
      ;({ cpuSeconds } = useOf(pid))
      if (dashboard !== undefined && !isDone) after = useOf(dashboard.pid).cpuSeconds
    } catch {
      // The process has just ended.
    }
    const run = onlyRun(runsDir)
    if (dashboard === undefined || run === undefined) continue
    // One browser with two tabs: all runs, and this one.
    if (!isFollowed) {
      isFollowed = true
      await viewer?.close()
      viewer = await openViewer(dashboard.address, cookie, ["runs", `run:${run}`])
    }
    if (isDone || kind === "watched" || rowsOf(join(runsDir, run)) < iterations / 20) continue
    isDone = true
    dashboard.child.kill(kind === "killed half-way" ? "SIGKILL" : "SIGSTOP")
  }
  await ended
  dashboard?.child.kill("SIGKILL")
  await viewer?.close()
  if (child.exitCode !== 0) throw new Error(`the training ended with ${child.exitCode}, expected 0`)
  const run = join(runsDir, onlyRun(runsDir) ?? "")
  const { timings } = JSON.parse(readFileSync(join(run, "report.json"), "utf8"))
  const [train] = timings.filter(({ name }: { readonly name: string }) => name === "train")
  return {
    seconds: train.durationMs / 1000,
    cpuSeconds,
    serverCpuSeconds: after - before,
    digest: digestOf(run),
  }
}

export interface TrainingCost {
  readonly kind: Kind
  readonly seconds: Quartiles
  readonly cpuSeconds: Quartiles
  readonly serverCpuSeconds: Quartiles
  /** Of the training alone in the same round. */
  readonly ratio: Quartiles
}

/** `digests`: one if all trainings wrote the same bytes. */
export const measureTraining = async (scratch: string, rounds: number, environment: NodeJS.ProcessEnv) => {
  writeFileSync(join(scratch, "experiment.ts"), experiment)
  // Fetches the data, probes the engine, and compiles the modules.
  await trainOnce(scratch, "watched", environment)
  const found = new Map<Kind, Array<Training>>(kinds.map((kind) => [kind, []]))
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < kinds.length; i++) {
      const kind = kinds[(i + round) % kinds.length]
      found.get(kind)?.push(await trainOnce(scratch, kind, environment))
    }
  }
  const alone = found.get("alone") ?? []
  const costs = [...found].map(([kind, trainings]): TrainingCost => ({
    kind,
    seconds: quartiles(trainings.map(({ seconds }) => seconds)),
    cpuSeconds: quartiles(trainings.map(({ cpuSeconds }) => cpuSeconds)),
    serverCpuSeconds: quartiles(trainings.map(({ serverCpuSeconds }) => serverCpuSeconds)),
    ratio: quartiles(trainings.map(({ seconds }, i) => seconds / alone[i].seconds)),
  }))
  const digests = new Set([...found.values()].flatMap((each) => each.map(({ digest }) => digest)))
  return { costs, digests: digests.size }
}
