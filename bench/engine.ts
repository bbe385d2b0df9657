/**
 * The speed of the onnx engine alone, on the network of experiments/cnn.ts with dropout before its last layer:
 * milliseconds an iteration by batch size and path, of predicting 1000 images, and peak memory.
 *
 *   pnpm bench [--json] [--rounds 12] [--batches 16,50,100,1000] [--paths auto,portable] [--chunk 10]
 *
 * Paths are timed in turn, so that whatever else the machine does falls on all of them. The first sample is not counted.
 */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { cpus } from "node:os"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import Table from "cli-table3"
import type { Answer, Request } from "./engineWorker.ts"

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "12" },
    batches: { type: "string", default: "16,50,100,1000" },
    paths: { type: "string", default: "auto,portable" },
    chunk: { type: "string", default: "0" },
  },
})

const ask = async (worker: ChildProcess, sample: Request["sample"]): Promise<Answer> => {
  worker.send({ sample } satisfies Request)
  const [answer] = await once(worker, "message")
  return answer as Answer
}

const quantile = (sorted: ReadonlyArray<number>, share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]

interface Row {
  readonly batch: number
  readonly path: string
  readonly sample: Request["sample"]
  readonly iterationsPerCall: number
  readonly samples: number
  readonly medianMs: number
  readonly lowerQuartileMs: number
  readonly upperQuartileMs: number
  readonly fastestMs: number
  readonly peakMiB: number
}

const summarize = (batch: number, sample: Request["sample"], answers: ReadonlyArray<Answer>): Row => {
  const times = answers.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b)
  return {
    batch,
    path: answers[0].path,
    sample,
    iterationsPerCall: answers[0].iterations,
    samples: times.length,
    medianMs: quantile(times, 0.5),
    lowerQuartileMs: quantile(times, 0.25),
    upperQuartileMs: quantile(times, 0.75),
    fastestMs: times[0],
    peakMiB: Math.max(...answers.map(({ peakMiB }) => peakMiB)),
  }
}

const rows: Array<Row> = []
const script = fileURLToPath(new URL("engineWorker.ts", import.meta.url))
for (const batch of options.batches.split(",").map(Number)) {
  const workers: Array<ChildProcess> = []
  for (const path of options.paths.split(",")) {
    const worker = fork(script, [String(batch), path, options.chunk])
    await once(worker, "message")
    workers.push(worker)
  }
  const rounds = Math.max(3, Math.round(Number(options.rounds) * (batch >= 500 ? 0.5 : 1)))
  for (const sample of batch === 100 ? (["train", "predict"] as const) : (["train"] as const)) {
    const answers: Array<Array<Answer>> = workers.map(() => [])
    for (let round = 0; round <= rounds; round++) {
      for (const [i, worker] of workers.entries()) {
        const answer = await ask(worker, sample)
        if (round > 0) answers[i].push(answer)
      }
    }
    rows.push(...answers.map((each) => summarize(batch, sample, each)))
  }
  for (const worker of workers) worker.disconnect()
}

const machine = { processor: cpus()[0].model, cores: cpus().length, node: process.version }
if (options.json) {
  console.log(JSON.stringify({ machine, rows }, undefined, 2))
} else {
  const table = new Table({
    head: ["", "path", "median ms", "quartiles", "fastest", "iterations a call", "peak MiB"],
    style: { head: [], border: [] },
  })
  for (const row of rows) {
    table.push([
      row.sample === "train" ? `train, batch ${row.batch}` : "predict 1000 images",
      row.path,
      row.medianMs.toFixed(1),
      `${row.lowerQuartileMs.toFixed(1)}–${row.upperQuartileMs.toFixed(1)}`,
      row.fastestMs.toFixed(1),
      row.sample === "train" ? row.iterationsPerCall : "",
      row.peakMiB.toFixed(0),
    ])
  }
  console.log(`${machine.processor}, ${machine.cores} cores, Node ${machine.node}`)
  console.log(table.toString())
}
