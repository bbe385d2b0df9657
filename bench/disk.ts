/**
 * Images that are read from files: milliseconds per iteration next to images in memory, in turns in one process while the page
 * cache holds the file; and the peak memory of a run whose dataset does not fit in memory (Linux).
 *
 *   pnpm bench:disk [--json] [--experiment experiments/cnn.ts] [--engine auto] [--rounds 8] [--chunk 10] [--gigabytes 3]
 *
 * `--gigabytes 0` omits the run. It writes twice as many to the folder of temporary files.
 */
import { spawn } from "node:child_process"
import { randomFillSync } from "node:crypto"
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs"
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer, Logger, Stream } from "effect"
import { table } from "../cli/render/table.ts"
import { unitValues } from "../engines/bytes.ts"
import { Engine } from "../engines/Engine.ts"
import { selectEngine } from "../engines/select.ts"
import { loadExperiment } from "../pipeline/experimentFile/load.ts"
import { engineNames } from "../schemas/EngineInfo.ts"
import { batches, fillHere } from "../stages/batch/batch.ts"
import { fillInWorker } from "../stages/batch/batchThread.ts"
import type { Filler } from "../stages/batch/Filler.ts"
import type { Images } from "../stages/dataset/images.ts"
import { imagesStayBytes } from "../stages/batch/fillBatch.ts"
import { buildProgram } from "../stages/model/model.ts"
import { withFeeds } from "../stages/train/feeds.ts"
import { quartiles } from "./quartiles.ts"
import { cli } from "./untilIteration.ts"

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    experiment: { type: "string", default: "experiments/cnn.ts" },
    engine: { type: "string", default: "auto" },
    rounds: { type: "string", default: "8" },
    chunk: { type: "string", default: "10" },
    gigabytes: { type: "string", default: "3" },
  },
})
const [rounds, chunk, gigabytes] = [options.rounds, options.chunk, options.gigabytes].map(Number)
const iterations = 4 * chunk
const scratch = mkdtempSync(join(tmpdir(), "tidemark-bench-disk-"))

const examples = 60_000
const shape = [28, 28, 1] as const

const datasetOf = (images: Images) => ({
  name: "made up",
  classes: 10,
  imageShape: shape,
  images,
  labels: Int32Array.from({ length: examples }, (_, i) => i % 10),
  trainExamples: examples,
  testExamples: 0,
})

/** The same images in memory that threads share, and in a file. */
const makeImages = () => {
  const memory = new Uint8Array(new SharedArrayBuffer(examples * 784))
  memory.forEach((_, i) => (memory[i] = i % 784 < 160 ? (i * 7919) % 256 : 0))
  const path = join(scratch, "images")
  writeFileSync(path, memory)
  const file = openSync(path, "r")
  return { memory, files: { parts: [{ file, path, at: 0, images: examples }], folder: scratch } }
}

const measureSpeed = Effect.gen(function* () {
  const { experiment } = yield* loadExperiment(options.experiment, {})
  const { batchSize, optimizer, seed } = experiment
  const asBytes = imagesStayBytes(experiment)
  const engine = yield* Engine
  const network = yield* buildProgram({
    ...experiment,
    inputShape: shape,
    classes: 10,
    imagesAreBytes: asBytes,
  })
  const trainer = yield* engine.compile(network)
  const indices = Uint32Array.from({ length: examples }, (_, i) => i)
  const common = {
    indices,
    table: unitValues,
    asBytes,
    batchSize,
    seed,
  }
  const { files, memory } = makeImages()
  const fillers: ReadonlyArray<readonly [string, Filler]> = [
    ["memory", fillHere({ ...common, dataset: datasetOf(memory) })],
    ["files", yield* fillInWorker({ ...common, dataset: datasetOf(files) })],
  ]
  const turn = Effect.fnUntraced(function* (filler: Filler, round: number) {
    const range = { from: round * iterations, until: (round + 1) * iterations, chunk: () => chunk }
    const feeds = { dropoutMasks: network.dropoutMasks, schedule: optimizer.learningRate, total: 1e6 }
    const arrays = {
      images: new (asBytes ? Uint8Array : Float32Array)(chunk * filler.sizes.images),
      labels: new Float32Array(chunk * filler.sizes.labels),
    }
    const before = performance.now()
    yield* filler.fill(round * iterations, chunk, arrays)
    const start = performance.now()
    yield* batches(filler, range).pipe(
      withFeeds(feeds),
      Stream.runForEach(({ feeds, iterations }) => trainer.train(iterations, feeds)),
    )
    return { fillMs: (start - before) / chunk, iterationMs: (performance.now() - start) / iterations }
  })
  const samples = new Map(
    fillers.map(([name]) => [name, [] as Array<Effect.Success<ReturnType<typeof turn>>>]),
  )
  for (let round = 0; round <= rounds; round++) {
    // Who is first changes, because the second one finds a warmer processor.
    for (const [name, filler] of round % 2 === 0 ? fillers : fillers.toReversed()) {
      const sample = yield* turn(filler, round)
      if (round > 0) samples.get(name)?.push(sample)
    }
  }
  const [memoryMs, filesMs] = [...samples.values()].map((all) => all.map(({ iterationMs }) => iterationMs))
  const images = [...samples].map(([name, all]) => ({
    in: name,
    fillMs: quartiles(all.map(({ fillMs }) => fillMs)),
    iterationMs: quartiles(all.map(({ iterationMs }) => iterationMs)),
  }))
  const ratio = quartiles(filesMs.map((ms, round) => ms / memoryMs[round]))
  return { engine: engine.info.name, batchSize, images, ratio }
}).pipe(
  Effect.scoped,
  Effect.provide(
    selectEngine(engineNames.find((name) => name === options.engine) ?? "auto").pipe(
      Layer.provideMerge(NodeServices.layer),
    ),
  ),
)

const recordBytes = 3073
/** Files in the layout of CIFAR-10, with as many images of noise as have the size. */
const writeCifar = (bytes: number) => {
  const records = Math.ceil(bytes / recordBytes)
  const files = [1, 2, 3, 4, 5].map(
    (batch) => [`data_batch_${batch}.bin`, Math.floor((records * 0.98) / 5)] as const,
  )
  for (const [name, count] of [...files, ["test_batch.bin", Math.ceil(records * 0.02)] as const]) {
    const file = openSync(join(scratch, name), "w")
    for (let left = count; left > 0; left -= 10_000) {
      const block = randomFillSync(new Uint8Array(Math.min(left, 10_000) * recordBytes))
      for (let at = 0; at < block.length; at += recordBytes) block[at] %= 10
      writeSync(file, block)
    }
    closeSync(file)
  }
}

const experimentText = `export default ${JSON.stringify({
  name: "large",
  dataset: {
    kind: "cifar",
    name: "large",
    classes: 10,
    imageShape: [32, 32, 3],
    folder: scratch,
    labels: 10,
  },
  model: [
    { kind: "conv2d", filters: 16, kernelSize: 3, strides: 2, padding: "same", activation: "relu" },
    { kind: "flatten" },
    { kind: "dense", units: 10 },
  ],
  loss: "softmaxCrossEntropy",
  optimizer: { kind: "adam", learningRate: { kind: "constant", value: 0.001 } },
  batchSize: 100,
  budget: { iterations: 500 },
  split: { kind: "standard", validation: 2000 },
})}`

/** The largest resident memory of a process so far, in bytes, as Linux counts it; 0 once it has ended. */
const peakOf = (pid: number) => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8")
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

const measureMemory = async () => {
  writeCifar(gigabytes * 1e9)
  const file = join(scratch, "large.ts")
  writeFileSync(file, experimentText)
  const flags = [`--runs-dir=${join(scratch, "runs")}`, `--data-dir=${join(scratch, "data")}`]
  const start = performance.now()
  const child = spawn(process.execPath, [cli, "run", file, `--engine=${options.engine}`, ...flags], {
    stdio: ["ignore", "ignore", "pipe"],
  })
  let messages = ""
  child.stderr.on("data", (data) => (messages += String(data)))
  let peak = 0
  const timer = setInterval(() => (peak = Math.max(peak, peakOf(child.pid ?? 0))), 100)
  const code = await new Promise((resolve) => child.on("close", resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(messages)
  return { gigabytes, peakBytes: peak, seconds: (performance.now() - start) / 1000 }
}

try {
  const speed = await Effect.runPromise(Effect.provide(measureSpeed, Logger.layer([])))
  const memory = gigabytes > 0 ? await measureMemory() : undefined
  if (options.json) {
    console.log(JSON.stringify({ processor: cpus()[0].model, cores: cpus().length, ...speed, memory }))
  } else {
    const shown = ({ lower, median, upper }: ReturnType<typeof quartiles>, digits: number) =>
      `${median.toFixed(digits)} (${lower.toFixed(digits)}–${upper.toFixed(digits)})`
    console.log(
      table(
        ["images in", "ms to fill a batch", "ms per iteration"],
        speed.images.map((each) => [each.in, shown(each.fillMs, 2), shown(each.iterationMs, 1)]),
      ),
    )
    console.log(
      `\nfiles / memory: ${shown(speed.ratio, 3)}, ${speed.engine} engine, batches of ${speed.batchSize}`,
    )
    if (memory !== undefined) {
      const megabytes = (memory.peakBytes / 1e6).toFixed(0)
      console.log(
        `a run on ${gigabytes} GB of images: ${megabytes} MB at most, ${memory.seconds.toFixed(0)} s with packing`,
      )
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
