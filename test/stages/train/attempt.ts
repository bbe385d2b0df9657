/**
 * One attempt to train a tiny problem with the reference engine, which can be stopped, killed or fed bad values.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert } from "@effect/vitest"
import { Effect, FileSystem, Logger, Path, Schema, type Scope, Stream } from "effect"
import { Engine } from "../../../engines/Engine.ts"
import { selectEngine } from "../../../engines/select.ts"
import { Experiment } from "../../../schemas/experiment/Experiment.ts"
import { experiment, layers, optimizers } from "../../../schemas/index.ts"
import type { Parent } from "../../../schemas/Run.ts"
import { batches, fillHere } from "../../../stages/batch/batch.ts"
import { totalIterations } from "../../../stages/train/intervals.ts"
import { withFeeds } from "../../../stages/train/feeds.ts"
import { evaluationImages } from "../../../stages/batch/fillBatch.ts"
import type { LoadedDataset } from "../../../stages/dataset/load.ts"
import { buildProgram } from "../../../stages/model/model.ts"
import { train, type TrainOptions } from "../../../stages/train/train.ts"
import { metricsFile } from "../../../storage/metricsLog.ts"
import { sessionStart } from "../../../storage/tensorboard/session.ts"

/** Iterations in the budget of the tiny experiment. */
export const total = 23
/** The start of the run, in seconds. */
const startedAt = 1_795_312_800.25
const decode = Schema.decodeUnknownSync(Experiment)

export const tiny = (change: Partial<Parameters<typeof experiment>[0]> = {}) =>
  decode(
    experiment({
      name: "tiny",
      dataset: "mnist",
      model: [layers.flatten(), layers.dropout({ rate: 0.2 }), layers.dense({ units: 3 })],
      loss: "softmaxCrossEntropy",
      optimizer: optimizers.adam({ learningRate: 0.05 }),
      batchSize: 4,
      budget: { iterations: total },
      recordEvery: 3,
      evaluateEvery: 5,
      checkpointEvery: 7,
      ...change,
    }),
  )

/** 30 images of 4×4 whose brightest row is their class. */
const dataset: LoadedDataset = (() => {
  const images = new Uint8Array(30 * 16)
  const labels = Int32Array.from({ length: 30 }, (_, i) => i % 3)
  for (let i = 0; i < 30; i++) {
    for (let p = 0; p < 16; p++)
      images[i * 16 + p] = (p >> 2) % 3 === labels[i] ? 200 + ((i + p) % 50) : (i * p) % 90
  }
  return {
    name: "rows",
    classes: 3,
    imageShape: [4, 4, 1],
    images,
    labels,
    trainExamples: 30,
    testExamples: 0,
  }
})()
const table = Float32Array.from({ length: 256 }, (_, value) => value / 255)
const trainIndices = Uint32Array.from({ length: 22 }, (_, i) => i)
const validationIndices = Uint32Array.from({ length: 8 }, (_, i) => 22 + i)

export interface AttemptOptions {
  readonly experiment?: Experiment
  /** Request a stop after this many iterations. */
  readonly stopAt?: number
  /** Die, as a killed process does, when the feeds of this iteration are pulled. */
  readonly dieAt?: number
  readonly chunk?: number
  readonly poisonAt?: number
  /** The iteration of the checkpoint that was tested. */
  readonly tested?: number
  readonly parent?: Parent
  /** Fails if the run was taken over. Default: it never is. */
  readonly checkOwned?: TrainOptions["checkOwned"]
  /** The iteration of an evaluation at which to pause. */
  readonly pauseAt?: number
  /** Feed this learning rate at one iteration: the weights become huge, after a finite loss. */
  readonly learningRateAt?: { readonly iteration: number; readonly value: number }
}

/** The number of attempts in a folder so far. */
const attempts = new Map<string, number>()

/** One attempt in a folder, with a new engine and a new program. */
export const attempt = Effect.fnUntraced(function* (folder: string, go: AttemptOptions = {}) {
  const current = go.experiment ?? tiny()
  const paths = yield* Path.Path
  const fs = yield* FileSystem.FileSystem
  yield* fs.makeDirectory(paths.join(folder, "checkpoints"), { recursive: true })
  const engine = yield* Engine
  const network = yield* buildProgram({ ...current, inputShape: [4, 4, 1], classes: 3 })
  const trainer = yield* engine.compile(network)
  const attemptNumber = (attempts.get(folder) ?? 0) + 1
  attempts.set(folder, attemptNumber)
  let made = 0
  let resumedFrom = -1
  const trained = yield* train({
    experiment: current,
    begunWith: current.budget,
    fingerprint: "f",
    parent: go.parent,
    trainer,
    examples: trainIndices.length,
    feeds: (range) =>
      batches(
        fillHere({ dataset, indices: trainIndices, table, batchSize: current.batchSize, seed: current.seed }),
        { ...range, chunk: (iteration) => Math.min(go.chunk ?? 2, range.chunk(iteration)) },
      ).pipe(
        withFeeds({
          dropoutMasks: network.dropoutMasks,
          schedule: current.optimizer.learningRate,
          total: totalIterations(current.budget, trainIndices.length, current.batchSize),
        }),
        Stream.tap(({ feeds, iteration, iterations }) => {
          const covers = (at: number | undefined) =>
            at !== undefined && at >= iteration && at < iteration + iterations
          if (covers(go.dieAt)) return Effect.die("killed")
          if (covers(go.poisonAt)) feeds.images.fill(Number.NaN)
          if (covers(go.learningRateAt?.iteration)) feeds.learningRate.fill(go.learningRateAt?.value ?? 0)
          return Effect.void
        }),
      ),
    validation: {
      examples: 8,
      classes: 3,
      labels: validationIndices.map((index) => dataset.labels[index]),
      images: evaluationImages({ dataset, indices: validationIndices, table }),
    },
    checkpoints: paths.join(folder, "checkpoints"),
    tested: go.tested,
    metrics: { runPath: folder, attempt: attemptNumber },
    events: {
      folder,
      attempt: attemptNumber,
      startedAt,
      opening: [{ summary: { value: [{ tag: "hello", simpleValue: 1 }] } }, sessionStart(current)],
    },
    weights: new Set(["dense_1/kernel", "dense_1/bias"]),
    checkOwned: go.checkOwned ?? Effect.void,
    pauseAt: go.pauseAt,
    stopRequested: () => (go.stopAt !== undefined && made >= go.stopAt ? "SIGINT" : undefined),
    onStart: (iteration) => Effect.sync(() => void (resumedFrom = iteration)),
    onProgress: ({ iteration }) => Effect.sync(() => void (made = iteration)),
  }).pipe(Effect.exit)
  return { trained, startedAt: resumedFrom }
}, Effect.scoped)

/** What an attempt left in its folder. */
export const contents = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  // Temporary files of a live process are not removed, and this process also plays the one that died.
  const names = (yield* fs.readDirectory(paths.join(folder, "checkpoints")))
    .filter((name) => !name.endsWith(".tmp"))
    .sort()
  const last = names.at(-1) ?? ""
  // A refused attempt writes no event file. Any other attempt replaces the file of the attempts before it.
  const eventFiles = (yield* fs.readDirectory(folder)).filter((name) =>
    name.startsWith("events.out.tfevents."),
  )
  assert.lengthOf(eventFiles, 1)
  return {
    names,
    last: yield* fs.readFile(paths.join(folder, "checkpoints", last)),
    metrics: yield* fs.readFileString(yield* metricsFile(folder)),
    events: yield* fs.readFile(paths.join(folder, eventFiles[0])),
  }
})

export const scratch = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

export const live = <A, E>(body: Effect.Effect<A, E, NodeServices.NodeServices | Engine | Scope.Scope>) =>
  body.pipe(
    Effect.scoped,
    Effect.provide(selectEngine("reference")),
    Effect.provide(Logger.layer([])),
    Effect.provide(NodeServices.layer),
  )
