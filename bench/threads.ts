/**
 * How training gets faster with more threads: milliseconds of an iteration by engine and number of threads, and the efficiency
 * t1 / (n · tn), where 1 is a perfect division.
 *
 *   pnpm bench:threads [--threads 1,2,4,8] [--networks cnn-fast,cnn,mlp] [--engines onnx,tensorflow] [--rounds 5] [--json]
 *
 * Each engine has a process of its own for each number of threads, and they take turns, so that other load affects all of them.
 * Numbers above the cores of the machine are left out.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { availableParallelism, cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { prepare } from "./peers/contenders.ts"
import { writeJob } from "./peers/job.ts"
import { Worker } from "./peers/Worker.ts"
import { type Quartiles, quartiles } from "./quartiles.ts"

const { values: options } = parseArgs({
  options: {
    threads: { type: "string", default: "1,2,4,8" },
    networks: { type: "string", default: "cnn-fast,cnn,mlp" },
    engines: { type: "string", default: "onnx,tensorflow" },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  },
})
const cores = availableParallelism()
const counts = options.threads
  .split(",")
  .map(Number)
  .filter((count) => count <= cores)
const rounds = Number(options.rounds)
/** Of a turn. */
const turnMs = 800

interface Result {
  readonly network: string
  readonly engine: string
  readonly threads: number
  readonly iterationMs: Quartiles
}

interface Started {
  readonly engine: string
  readonly threads: number
  readonly worker: Worker
  readonly iterations: number
  readonly times: Array<number>
}

const start = async (network: string, engine: string, threads: number, scratch: string): Promise<Started> => {
  const folder = join(scratch, `${network}-${threads}`)
  await mkdir(folder, { recursive: true })
  await writeJob(folder, network, undefined, threads)
  const commandOf = await prepare(engine, threads, console.error)
  const worker = new Worker(commandOf(folder))
  await worker.ready()
  await worker.measure({ task: "train", iterations: 2 })
  const { wallMs } = await worker.measure({ task: "train", iterations: 2 })
  const iterations = Math.max(1, Math.min(100, Math.round((2 * turnMs) / wallMs)))
  return { engine, threads, worker, iterations, times: [] }
}

const measure = async (network: string, scratch: string): Promise<ReadonlyArray<Result>> => {
  const all: Array<Started> = []
  try {
    for (const engine of options.engines.split(",")) {
      for (const threads of counts) all.push(await start(network, engine, threads, scratch))
    }
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < all.length; i++) {
        const { iterations, times, worker } = all[(i + round) % all.length]
        times.push((await worker.measure({ task: "train", iterations })).wallMs / iterations)
      }
    }
    return all.map(({ engine, threads, times }) => ({
      network,
      engine,
      threads,
      iterationMs: quartiles(times),
    }))
  } finally {
    for (const { worker } of all) await worker.end()
  }
}

const ms = (value: number) => value.toFixed(value < 100 ? 1 : 0)
const rowOf = (result: Result, results: ReadonlyArray<Result>) => {
  const { engine, iterationMs, network, threads } = result
  const { lower, median, upper } = iterationMs
  const one = results.find((each) => each.engine === engine && each.network === network && each.threads === 1)
  const efficiency =
    one === undefined
      ? ""
      : `, efficiency ${(one.iterationMs.median / (threads * iterationMs.median)).toFixed(2)}`
  return `${network.padEnd(12)}${engine.padEnd(12)}${String(threads).padStart(2)} threads  ${ms(median)} ms (${ms(lower)}–${ms(upper)})${efficiency}`
}

const scratch = await mkdtemp(join(tmpdir(), "tidemark-threads-"))
const results: Array<Result> = []
try {
  for (const network of options.networks.split(",")) results.push(...(await measure(network, scratch)))
} finally {
  await rm(scratch, { recursive: true, force: true })
}
if (options.json)
  console.log(JSON.stringify({ processor: cpus()[0].model.trim(), cores, results }, undefined, 2))
else for (const result of results) console.log(rowOf(result, results))
