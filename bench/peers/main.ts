/**
 * One training step side by side: our engines, PyTorch, TensorFlow, JAX and tfjs-node, on the same network, weights and
 * batches, two threads each.
 *
 *   pnpm bench:peers [--networks cnn,dense] [--batches 16,50,100,1000] [--rounds 5] [--contenders onnx,pytorch,jax]
 *                    [--turn 800] [--threads 2] [--json FILE]
 *
 * Every contender is a process of its own, which must first give the same probabilities and losses as the others. Then
 * they take turns, so that whatever else the machine does falls on all of them. Peers are installed when they first take
 * part. `cnn` runs at each of --batches, the other networks at their own batch size.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { exitCodes } from "../../schemas/exitCodes.ts"
import type { Answer, Ready, Request } from "./contender.ts"
import { contenders, floorCommand, prepare } from "./contenders.ts"
import { adamBytes, copyBytes, multiplicationFlops } from "./floor.ts"
import { checks, type Job, loadExperiment, writeJob } from "./job.ts"
import { quartiles, type Result, type Row, tableOf } from "./table.ts"
import { type Command, Worker } from "./Worker.ts"

const { values: options } = parseArgs({
  options: {
    networks: { type: "string", default: "cnn,cnn-strided,dense,mlp,cnn-dropout" },
    batches: { type: "string", default: "16,50,100,1000" },
    rounds: { type: "string", default: "5" },
    contenders: {
      type: "string",
      default: Object.keys(contenders)
        .filter((name) => contenders[name].isExtra !== true)
        .join(),
    },
    turn: { type: "string", default: "800" },
    threads: { type: "string", default: "2" },
    json: { type: "string" },
  },
})

const usage = (message: string): never => {
  console.error(`error: ${message}`)
  process.exit(exitCodes.usage)
}
const positive = (name: "rounds" | "turn" | "threads") => {
  const value = Number(options[name])
  return Number.isInteger(value) && value > 0 ? value : usage(`--${name} is a whole number, 1 or more`)
}
const [rounds, turnMs, threads] = [positive("rounds"), positive("turn"), positive("threads")]
const names = options.contenders.split(",")
for (const name of names) {
  if (!(name in contenders)) {
    usage(`there is no contender ${name}; there are ${Object.keys(contenders).join(", ")}`)
  }
}
const networks = options.networks.split(",")
const batches = options.batches.split(",").map(Number)
if (!batches.every((batch) => Number.isInteger(batch) && batch > 0)) usage("--batches are whole numbers")

const log = (line: string) => console.error(line)
let isWrong = false
const complain = (line: string) => {
  isWrong = true
  log(`error: ${line}`)
}
const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

const versions: Record<string, Ready["versions"]> = {}

interface Contestant {
  readonly name: string
  readonly worker: Worker
  readonly ready: Ready
  /** In a turn. */
  readonly iterations: number
  readonly trained: Array<Answer>
  readonly predicted: Array<Answer>
}

/** Of what is above one, as a first loss may be, as a share of it. */
const most = (a: ReadonlyArray<number>, b: ReadonlyArray<number>) =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]) / Math.max(1, Math.abs(b[i]))))
const tolerance = 1e-4

/** Complains unless the contender does what the first one does. */
const compare = (job: Job, first: Contestant, { name, ready }: Contestant) => {
  const losses = most(ready.losses, first.ready.losses)
  const answers = most(ready.answers.flat(), first.ready.answers.flat())
  if (losses <= tolerance && answers <= tolerance) return
  complain(
    `${job.name}: ${name} does other work than ${first.name}: the first ${checks} losses ${ready.losses.join(", ")} differ from ${first.ready.losses.join(", ")} by up to ${losses.toExponential(1)}, probabilities by ${answers.toExponential(1)}`,
  )
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const start = async (name: string, command: Command): Promise<Contestant> => {
  const worker = new Worker(command)
  try {
    const ready = await worker.answer<Ready>()
    versions[name] = ready.versions
    const train = (iterations: number) =>
      worker.ask<Answer>({ sample: "train", iterations } satisfies Request)
    // Twice, because the first may be slow.
    const first = (await train(1)).wallMs
    const one = first > turnMs ? first : Math.min(first, (await train(1)).wallMs)
    const iterations = Math.max(1, Math.min(100, Math.round(turnMs / one)))
    return { name, worker, ready, iterations, trained: [], predicted: [] }
  } catch (error) {
    await worker.end()
    throw error
  }
}

/** Each in turn, beginning with another in each round: the first round is not counted. */
const takeTurns = async <T>(all: ReadonlyArray<T>, turn: (one: T, isCounted: boolean) => Promise<void>) => {
  for (let round = 0; round <= rounds; round++) {
    for (let i = 0; i < all.length; i++) {
      // Whoever went before may still have threads that spin.
      await pause(20)
      await turn(all[(i + round) % all.length], round > 0)
    }
  }
}

const summarize = (job: Job, { iterations, name, predicted, ready, trained }: Contestant): Row => ({
  contender: name,
  kind: contenders[name].kind,
  iterations,
  wallMs: quartiles(trained.map(({ wallMs }) => wallMs / iterations)),
  processorMs: quartiles(trained.map(({ processorMs }) => processorMs / iterations)),
  imagesPerSecond: (1000 * job.batch * iterations) / quartiles(trained.map(({ wallMs }) => wallMs)).median,
  predictMs: predicted.length === 0 ? null : quartiles(predicted.map(({ wallMs }) => wallMs)),
  predictProcessorMs:
    predicted.length === 0 ? null : quartiles(predicted.map(({ processorMs }) => processorMs)),
  peakMiB: Math.max(...[...trained, ...predicted].map(({ peakMiB }) => peakMiB)),
  prepareMs: ready.prepareMs,
})

const runJob = async (
  job: Job,
  folder: string,
  commands: ReadonlyMap<string, (folder: string) => Command>,
  floor: Worker,
  isPredicting: boolean,
): Promise<Result> => {
  const contestants: Array<Contestant> = []
  const loadBefore = loadavg()[0]
  try {
    for (const [name, command] of commands) {
      log(`${job.name}: ${name}`)
      try {
        contestants.push(await start(name, command(folder)))
      } catch (error) {
        complain(`${job.name}: ${name} cannot take part: ${reasonOf(error)}`)
      }
    }
    for (const each of contestants.slice(1)) compare(job, contestants[0], each)
    log(`${job.name}: in turns`)
    const multiplications: Array<Answer> = []
    const copies: Array<Answer> = []
    await takeTurns([...contestants, floor], async (one, isCounted) => {
      if (one instanceof Worker) {
        multiplications.push(await one.ask<Answer>({ sample: "train", iterations: 1 }))
        copies.push(await one.ask<Answer>({ sample: "predict" }))
        return
      }
      const { iterations, trained, worker } = one
      const answer = await worker.ask<Answer>({ sample: "train", iterations } satisfies Request)
      if (isCounted) trained.push(answer)
    })
    if (isPredicting) {
      await takeTurns(contestants, async ({ predicted, worker }, isCounted) => {
        const answer = await worker.ask<Answer>({ sample: "predict" } satisfies Request)
        if (isCounted) predicted.push(answer)
      })
    }
    const fastest = (answers: ReadonlyArray<Answer>) =>
      Math.min(...answers.map(({ wallMs }) => wallMs)) / 1000
    const flopsPerSecond = multiplicationFlops / fastest(multiplications)
    const bytesPerSecond = copyBytes / fastest(copies)
    return {
      job: job.name,
      experiment: job.experiment,
      batch: job.batch,
      load: [loadBefore, loadavg()[0]],
      floor: {
        gigaflops: flopsPerSecond / 1e9,
        gigabytesPerSecond: bytesPerSecond / 1e9,
        ms: 1000 * (job.flops / flopsPerSecond + adamBytes(job.parameters) / bytesPerSecond),
      },
      rows: contestants.map((each) => summarize(job, each)),
    }
  } finally {
    for (const { worker } of contestants) await worker.end()
  }
}

/** Of all jobs: a network is asked to predict at its own batch size, or at the only one it has. */
const jobsOf = async () => {
  const jobs: Array<{ experiment: string; batch: number; isPredicting: boolean }> = []
  for (const experiment of networks) {
    const own = (await loadExperiment(experiment).catch((error) => usage(`--networks: ${reasonOf(error)}`)))
      .batchSize
    const sizes = experiment === "cnn" ? batches : [own]
    const predicting = sizes.includes(own) ? own : sizes[0]
    jobs.push(...sizes.map((batch) => ({ experiment, batch, isPredicting: batch === predicting })))
  }
  return jobs
}

const jobs = await jobsOf()
const startedAt = Date.now()
const machine = {
  processor: cpus()[0].model.trim(),
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  threads,
}
const commands = new Map<string, (folder: string) => Command>()
for (const name of names) {
  try {
    commands.set(name, await prepare(name, threads, log))
  } catch (error) {
    complain(`${name} is left out: ${reasonOf(error)}`)
  }
}
if (commands.size === 0) process.exit(exitCodes.unavailable)
console.log(
  `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node.js ${machine.node}, ${threads} threads each`,
)

const results: Array<Result> = []
const scratch = await mkdtemp(join(tmpdir(), "tidemark-peers-"))
const floor = new Worker(floorCommand(threads))
try {
  await floor.answer()
  for (const { batch, experiment, isPredicting } of jobs) {
    const job = await writeJob(scratch, experiment, batch, threads)
    const result = await runJob(job, scratch, commands, floor, isPredicting)
    results.push(result)
    console.log(tableOf(result))
  }
} finally {
  await floor.end()
  await rm(scratch, { recursive: true, force: true })
}
for (const [name, of] of Object.entries(versions)) {
  console.log(
    `${name}: ${Object.entries(of)
      .map((each) => each.join(" "))
      .join(", ")}`,
  )
}
const minutes = (Date.now() - startedAt) / 60_000
console.log(`${minutes.toFixed(1)} minutes`)
if (options.json !== undefined) {
  await writeFile(options.json, `${JSON.stringify({ machine, versions, minutes, results }, undefined, 2)}\n`)
}
if (isWrong) process.exitCode = 1
