/**
 * The same training step in our engines, PyTorch, TensorFlow, JAX and tfjs-node: the same network, weights and batches, two
 * threads each.
 *
 *   pnpm bench:peers [--networks cnn,dense] [--batches 16,50,100,1000] [--rounds 5] [--contenders onnx,pytorch,jax]
 *                    [--turn 800] [--threads 2] [--json FILE]
 *
 * Each contender has a process of its own (`runJob.ts`). Peers are installed when they are first needed. `cnn` runs with each
 * of --batches, the other networks with the batch size of their experiment.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { cpus, release, tmpdir, totalmem } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { failUsage, listed, usual, wholeNumber } from "../options.ts"
import type { Ready } from "./contender.ts"
import { contenders, floorCommand, prepare } from "./contenders.ts"
import { loadExperiment, writeJob } from "./job.ts"
import { runJob } from "./runJob.ts"
import { type Result, tableOf } from "./table.ts"
import { type Command, Worker } from "./Worker.ts"

const { values: options } = parseArgs({
  options: {
    networks: { type: "string", default: "cnn,cnn-strided,dense,mlp,cnn-dropout" },
    batches: { type: "string", default: "16,50,100,1000" },
    rounds: { type: "string", default: "5" },
    contenders: { type: "string", default: usual(contenders) },
    turn: { type: "string", default: "800" },
    threads: { type: "string", default: "2" },
    json: { type: "string" },
  },
})

const rounds = wholeNumber("rounds", options.rounds, 1)
const turnMs = wholeNumber("turn", options.turn, 1)
const threads = wholeNumber("threads", options.threads, 1)
const names = listed("contenders", options.contenders, contenders)
const networks = options.networks.split(",")
const batches = options.batches.split(",").map((size) => wholeNumber("batches", size, 1))

const log = (line: string) => console.error(line)
const reportError = (line: string) => {
  process.exitCode = 1
  log(`error: ${line}`)
}
const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Prediction is measured once a network: at the batch size of its experiment if that is among them. */
const jobsOf = async (experiment: string) => {
  const { batchSize } = await loadExperiment(experiment).catch((error) =>
    failUsage(`--networks: ${reasonOf(error)}`),
  )
  const sizes = experiment === "cnn" ? batches : [batchSize]
  const predicting = sizes.includes(batchSize) ? batchSize : sizes[0]
  return sizes.map((batch) => ({ experiment, batch, isPredicting: batch === predicting }))
}
const jobs = (await Promise.all(networks.map(jobsOf))).flat()

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
    reportError(`${name} is skipped: ${reasonOf(error)}`)
  }
}
if (commands.size === 0) process.exit(exitCodes.unavailable)
console.log(
  `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node.js ${machine.node}, ${threads} threads each`,
)

const results: Array<Result> = []
const versions: Record<string, Ready["versions"]> = {}
const scratch = await mkdtemp(join(tmpdir(), "tidemark-peers-"))
const floor = new Worker(floorCommand(threads))
try {
  await floor.ready()
  for (const { batch, experiment, isPredicting } of jobs) {
    const job = await writeJob(scratch, experiment, batch, threads)
    const jobOptions = { rounds, turnMs, isPredicting, log, reportError }
    const measured = await runJob(job, scratch, commands, floor, jobOptions)
    results.push(measured.result)
    Object.assign(versions, measured.versions)
    console.log(tableOf(measured.result))
  }
} finally {
  await floor.end()
  await rm(scratch, { recursive: true, force: true })
}
for (const [name, libraries] of Object.entries(versions)) {
  console.log(
    `${name}: ${Object.entries(libraries)
      .map((each) => each.join(" "))
      .join(", ")}`,
  )
}
const minutes = (Date.now() - startedAt) / 60_000
console.log(`${minutes.toFixed(1)} minutes`)
if (options.json !== undefined) {
  await writeFile(options.json, `${JSON.stringify({ machine, versions, minutes, results }, undefined, 2)}\n`)
}
