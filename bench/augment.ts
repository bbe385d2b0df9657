/**
 * The cost of augmentation: microseconds to fill an image, and milliseconds per iteration with images as they are, with
 * augmentation on the engine's thread, and with augmentation in a worker thread. The three take turns in one process.
 *
 *   pnpm bench:augment [--json] [--experiment experiments/cnn-best.ts] [--engine auto] [--threads N] [--rounds 8] [--chunk 10]
 */
import { cpus } from "node:os"
import { parseArgs } from "node:util"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer, Logger, Stream } from "effect"
import { unitValues } from "../engines/bytes.ts"
import { Engine, type Trainer } from "../engines/Engine.ts"
import { selectEngine } from "../engines/select.ts"
import { engineNames } from "../schemas/EngineInfo.ts"
import type { Experiment } from "../schemas/experiment/Experiment.ts"
import { loadExperiment } from "../pipeline/experimentFile/load.ts"
import { batches, fillHere } from "../stages/batch/batch.ts"
import { fillInWorker } from "../stages/batch/batchThread.ts"
import { withFeeds } from "../stages/train/feeds.ts"
import type { BatchOptions } from "../stages/batch/fillBatch.ts"
import { buildProgram, type Network } from "../stages/model/model.ts"
import { median } from "./quartiles.ts"

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    experiment: { type: "string", default: "experiments/cnn-best.ts" },
    engine: { type: "string", default: "auto" },
    threads: { type: "string", default: String(cpus().length) },
    rounds: { type: "string", default: "8" },
    chunk: { type: "string", default: "10" },
  },
})
const [rounds, chunk] = [Number(options.rounds), Number(options.chunk)]
const iterations = 4 * chunk
const engineName = engineNames.find((name) => name === options.engine) ?? "auto"

const examples = 4096
const shape = [28, 28, 1] as const
const images = new Uint8Array(new SharedArrayBuffer(examples * 784))
// A fifth of a handwritten digit's pixels are not black.
images.forEach((_, i) => (images[i] = i % 784 < 160 ? (i * 7919) % 256 : 0))

const dataset: BatchOptions["dataset"] = {
  name: "made up",
  classes: 10,
  imageShape: shape,
  images,
  labels: Int32Array.from({ length: examples }, (_, i) => i % 10),
  trainExamples: examples,
  testExamples: 0,
}

const makeFillers = Effect.fnUntraced(function* ({ augmentation, batchSize, seed }: Experiment) {
  const options = {
    dataset,
    indices: Uint32Array.from({ length: examples }, (_, i) => i),
    table: unitValues,
    batchSize,
    seed,
  }
  return {
    none: fillHere(options),
    "engine's thread": fillHere({ ...options, augmentation }),
    "worker thread": yield* fillInWorker({ ...options, augmentation }),
  }
})
type Filler = Effect.Success<ReturnType<typeof makeFillers>>["none"]

interface Sample {
  readonly fillUs: number
  readonly wallMs: number
  readonly processorMs: number
}

/** Fills one chunk alone, then trains on a few. */
const measureRound = Effect.fnUntraced(function* (
  filler: Filler,
  round: number,
  { batchSize, optimizer }: Experiment,
  network: Network,
  trainer: Trainer,
) {
  const arrays = {
    images: new Float32Array(chunk * filler.sizes.images),
    labels: new Float32Array(chunk * filler.sizes.labels),
  }
  const fillStart = performance.now()
  yield* filler.fill(round * iterations, chunk, arrays)
  const fillUs = ((performance.now() - fillStart) * 1000) / (chunk * batchSize)
  const [start, before] = [performance.now(), process.cpuUsage()]
  const range = { from: round * iterations, until: (round + 1) * iterations, chunk: () => chunk }
  const feedOptions = {
    dropoutMasks: network.dropoutMasks,
    schedule: optimizer.learningRate,
    total: 1e6,
  }
  yield* batches(filler, range).pipe(
    withFeeds(feedOptions),
    Stream.runForEach(({ feeds, iterations }) => trainer.train(iterations, feeds)),
  )
  const { system, user } = process.cpuUsage(before)
  return {
    fillUs,
    wallMs: (performance.now() - start) / iterations,
    processorMs: (user + system) / 1000 / iterations,
  } satisfies Sample
})

const measure = Effect.gen(function* () {
  const { experiment } = yield* loadExperiment(options.experiment, {})
  const engine = yield* Engine
  const network = yield* buildProgram({ ...experiment, inputShape: shape, classes: 10 })
  const trainer = yield* engine.compile(network)
  const fillers = Object.entries(yield* makeFillers(experiment))
  const samples = new Map(fillers.map(([name]) => [name, [] as Array<Sample>]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, filler] of fillers) {
      const sample = yield* measureRound(filler, round, experiment, network, trainer)
      if (round > 0) samples.get(name)?.push(sample)
    }
  }
  const rows = [...samples].map(([augmentation, all]) => ({
    augmentation,
    fillUs: median(all.map(({ fillUs }) => fillUs)),
    iterationMs: median(all.map(({ wallMs }) => wallMs)),
    processorMs: median(all.map(({ processorMs }) => processorMs)),
  }))
  const machine = { processor: cpus()[0].model, cores: cpus().length, node: process.version }
  const { batchSize } = experiment
  return { machine, engine: engine.info, experiment: options.experiment, batchSize, rows }
})

const result = await Effect.runPromise(
  measure.pipe(
    Effect.scoped,
    Effect.provide(selectEngine(engineName, { threads: Number(options.threads) })),
    Effect.provide(Layer.merge(NodeServices.layer, Logger.layer([]))),
  ),
)

if (options.json) console.log(JSON.stringify(result, undefined, 2))
else {
  const { engine, machine, rows } = result
  console.log(
    `${machine.processor}, ${machine.cores} cores, Node ${machine.node}, ${engine.name} ${engine.path}`,
  )
  console.log("augmentation      µs per image   ms per iteration   processor ms per iteration")
  for (const { augmentation, fillUs, iterationMs, processorMs } of rows) {
    console.log(
      [
        augmentation.padEnd(15),
        fillUs.toFixed(1).padStart(12),
        iterationMs.toFixed(1).padStart(16),
        processorMs.toFixed(1).padStart(26),
      ].join("   "),
    )
  }
}
