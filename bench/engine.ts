/**
 * The speed of the engine alone, on the network of experiments/cnn.ts with dropout before its last layer: milliseconds per
 * iteration by batch size and code path, milliseconds to predict 1000 images, and peak memory.
 *
 *   pnpm bench [--json] [--rounds 12] [--batches 16,50,100,1000] [--paths auto,portable,tensorflow] [--chunk 10]
 *
 * The paths take turns, so that other load on the machine affects all of them. The first sample of each is not counted.
 */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { cpus } from "node:os"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import Table from "cli-table3"
import type { Measurement, Request } from "./engineWorker.ts"
import { quartiles } from "./quartiles.ts"

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "12" },
    batches: { type: "string", default: "16,50,100,1000" },
    paths: { type: "string", default: "auto,portable" },
    chunk: { type: "string", default: "0" },
  },
})
const paths = options.paths.split(",")
type Task = Request["task"]

const request = async (worker: ChildProcess, task: Task): Promise<Measurement> => {
  worker.send({ task } satisfies Request)
  const [measurement] = await once(worker, "message")
  return measurement as Measurement
}

const summarize = (batch: number, task: Task, measurements: ReadonlyArray<Measurement>) => {
  const times = measurements.map(({ milliseconds }) => milliseconds)
  const { lower, median, upper } = quartiles(times)
  return {
    batch,
    path: measurements[0].path,
    task,
    iterationsPerCall: measurements[0].iterations,
    samples: times.length,
    medianMs: median,
    lowerQuartileMs: lower,
    upperQuartileMs: upper,
    fastestMs: Math.min(...times),
    peakMiB: Math.max(...measurements.map(({ peakMiB }) => peakMiB)),
  }
}

const script = fileURLToPath(new URL("engineWorker.ts", import.meta.url))
const startWorker = async (batch: number, path: string) => {
  const worker = fork(script, [String(batch), path, options.chunk])
  await once(worker, "message")
  return worker
}

const measureBatch = async (batch: number) => {
  const workers: Array<ChildProcess> = []
  for (const path of paths) workers.push(await startWorker(batch, path))
  const rounds = Math.max(3, Math.round(Number(options.rounds) * (batch >= 500 ? 0.5 : 1)))
  const rows: Array<ReturnType<typeof summarize>> = []
  for (const task of batch === 100 ? (["train", "predict"] as const) : (["train"] as const)) {
    const measurements: ReadonlyArray<Array<Measurement>> = workers.map(() => [])
    for (let round = 0; round <= rounds; round++) {
      for (const [i, worker] of workers.entries()) {
        const measurement = await request(worker, task)
        if (round > 0) measurements[i].push(measurement)
      }
    }
    rows.push(...measurements.map((each) => summarize(batch, task, each)))
  }
  for (const worker of workers) worker.disconnect()
  return rows
}

const rows: Array<ReturnType<typeof summarize>> = []
for (const batch of options.batches.split(",").map(Number)) rows.push(...(await measureBatch(batch)))

const machine = { processor: cpus()[0].model, cores: cpus().length, node: process.version }
if (options.json) {
  console.log(JSON.stringify({ machine, rows }, undefined, 2))
} else {
  const table = new Table({
    head: ["", "path", "median ms", "quartiles", "fastest", "iterations per call", "peak MiB"],
    style: { head: [], border: [] },
  })
  for (const row of rows) {
    table.push([
      row.task === "train" ? `train, batch ${row.batch}` : "predict 1000 images",
      row.path,
      row.medianMs.toFixed(1),
      `${row.lowerQuartileMs.toFixed(1)}–${row.upperQuartileMs.toFixed(1)}`,
      row.fastestMs.toFixed(1),
      row.task === "train" ? row.iterationsPerCall : "",
      row.peakMiB.toFixed(0),
    ])
  }
  console.log(`${machine.processor}, ${machine.cores} cores, Node ${machine.node}`)
  console.log(table.toString())
}
