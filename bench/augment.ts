/**
 * What augmentation costs: microseconds to fill an image, and what an iteration takes with images as they are, varied on
 * the engine's thread, and varied on a thread of their own. Of one process, the three in turn.
 *
 *   pnpm bench:augment [--json] [--experiment experiments/cnn-best.ts] [--engine auto] [--threads N] [--rounds 8] [--chunk 10]
 */
import { cpus } from "node:os"
import { parseArgs } from "node:util"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer, Logger, Stream } from "effect"
import { Engine } from "../engines/Engine.ts"
import { selectEngine } from "../engines/select.ts"
import { engineNames } from "../schemas/EngineInfo.ts"
import { loadExperiment } from "../pipeline/experimentFile/load.ts"
import { batches, fillHere } from "../stages/batch/batch.ts"
import { fillInWorker } from "../stages/batch/batchThread.ts"
import { withFeeds } from "../stages/train/feeds.ts"
import type { BatchOptions } from "../stages/batch/fillBatch.ts"
import { buildProgram } from "../stages/model/model.ts"

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

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[values.length >> 1]

const measure = Effect.gen(function* () {
  const { experiment } = yield* loadExperiment(options.experiment, {})
  const { augmentation, batchSize, seed } = experiment
  const engine = yield* Engine
  const network = yield* buildProgram({ ...experiment, inputShape: shape, classes: 10 })
  const trainer = yield* engine.compile(network)
  const drawn = {
    dataset,
    indices: Uint32Array.from({ length: examples }, (_, i) => i),
    table: Float32Array.from({ length: 256 }, (_, value) => value / 255),
    batchSize,
    seed,
  }
  const fillers = {
    "not varied": fillHere(drawn),
    "varied here": fillHere({ ...drawn, augmentation }),
    "varied beside": yield* fillInWorker({ ...drawn, augmentation }),
  }
  type Kind = keyof typeof fillers
  const kinds = Object.keys(fillers) as ReadonlyArray<Kind>
  const times = new Map(
    kinds.map((kind) => [
      kind,
      { fillUs: [] as Array<number>, wallMs: [] as Array<number>, cpuMs: [] as Array<number> },
    ]),
  )
  const iterations = 4 * chunk
  for (let round = 0; round <= rounds; round++) {
    for (const kind of kinds) {
      const filler = fillers[kind]
      const arrays = {
        images: new Float32Array(chunk * filler.sizes.images),
        labels: new Float32Array(chunk * filler.sizes.labels),
      }
      const fillStart = performance.now()
      yield* filler.fill(round * iterations, chunk, arrays)
      const fillUs = ((performance.now() - fillStart) * 1000) / (chunk * batchSize)
      const [start, spent] = [performance.now(), process.cpuUsage()]
      const range = { from: round * iterations, until: (round + 1) * iterations, chunk: () => chunk }
      yield* batches(filler, range).pipe(
        withFeeds({
          dropoutMasks: network.dropoutMasks,
          schedule: experiment.optimizer.learningRate,
          total: 1e6,
        }),
        Stream.runForEach(({ feeds, iterations }) => trainer.train(iterations, feeds)),
      )
      const { system, user } = process.cpuUsage(spent)
      if (round === 0) continue
      const row = times.get(kind)
      row?.fillUs.push(fillUs)
      row?.wallMs.push((performance.now() - start) / iterations)
      row?.cpuMs.push((user + system) / 1000 / iterations)
    }
  }
  const rows = [...times].map(([kind, { cpuMs, fillUs, wallMs }]) => ({
    kind,
    fillUs: median(fillUs),
    iterationMs: median(wallMs),
    processorMs: median(cpuMs),
  }))
  const machine = { processor: cpus()[0].model, cores: cpus().length, node: process.version }
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
  for (const { fillUs, iterationMs, kind, processorMs } of rows) {
    console.log(
      `${kind.padEnd(14)} ${fillUs.toFixed(1).padStart(6)} µs an image   ${iterationMs.toFixed(1).padStart(7)} ms an iteration   ${processorMs.toFixed(1).padStart(7)} ms of processors`,
    )
  }
}
