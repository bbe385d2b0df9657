/**
 * Whether memory grows: 20,000 iterations of a small network on each engine, with a prediction and a copy of the state every
 * 1000 iterations, as in training.
 *
 *   pnpm bench:soak [--engines onnx,tensorflow] [--iterations 20000] [--json]
 *
 * Each engine has a process of its own. Resident memory is measured after a garbage collection: first after a tenth of the
 * iterations, when everything that is needed again has been allocated, and then at the end.
 */
import { spawnSync } from "node:child_process"
import { parseArgs } from "node:util"
import * as tf from "@tensorflow/tfjs-core"
import Table from "cli-table3"
import { Effect, Schema } from "effect"
import { Engine, type Trainer } from "../engines/Engine.ts"
import { selectEngine } from "../engines/select.ts"
import type { EngineName } from "../schemas/EngineInfo.ts"
import { loadRuntime } from "../engines/tensorflow/runtime.ts"
import { layers, Model } from "../schemas/experiment/Model.ts"
import { Optimizer } from "../schemas/experiment/Optimizer.ts"
import { buildProgram, type Network } from "../stages/model/model.ts"
import { feedsOf } from "./feeds.ts"

const { values: options } = parseArgs({
  options: {
    engines: { type: "string", default: "onnx,tensorflow" },
    iterations: { type: "string", default: "20000" },
    json: { type: "boolean", default: false },
    /** The engine of a child process. */
    child: { type: "string" },
  },
})
const iterations = Number(options.iterations)

interface SoakResult {
  readonly engine: string
  readonly path: string
  readonly iterations: number
  /** Resident memory after a tenth of the iterations and after all. */
  readonly startMiB: number
  readonly endMiB: number
  readonly peakMiB: number
  /** Tensors alive at the start and at the end, in TensorFlow.js and in the native package. */
  readonly tensors: readonly [number, number]
  readonly seconds: number
}

const model = Schema.decodeUnknownSync(Model)([
  layers.conv2d({ filters: 8, kernelSize: 3, padding: "same", activation: "relu" }),
  layers.batchNormalization(),
  layers.maxPooling2d(),
  layers.flatten(),
  layers.dropout({ rate: 0.5 }),
  layers.dense({ units: 10 }),
])
const optimizer = Schema.decodeUnknownSync(Optimizer)({
  kind: "adam",
  learningRate: { kind: "constant", value: 1e-3 },
})
const batchSize = 16
const inputShape = [12, 12, 1] as const

const chunk = 50

/** Trains all iterations; `onStart` runs once, after a tenth of them. */
const train = Effect.fnUntraced(function* (trainer: Trainer, network: Network, onStart: () => void) {
  const feeds = feedsOf(network, chunk)
  let hasStarted = false
  for (let done = chunk; done <= iterations; done += chunk) {
    yield* trainer.train(chunk, feeds)
    if (done % 1000 < chunk) {
      yield* trainer.predict(feeds.images)
      yield* trainer.state
    }
    if (!hasStarted && done >= iterations / 10) {
      hasStarted = true
      onStart()
    }
  }
})

const soak = Effect.gen(function* () {
  const options = { loss: "softmaxCrossEntropy", classes: 10, inputShape, batchSize, seed: 0 } as const
  const network = yield* buildProgram({ model, optimizer, ...options })
  const { compile, info } = yield* Engine
  const trainer = yield* compile(network)
  const native = info.name === "tensorflow" ? (yield* loadRuntime(info.threads)).native : undefined
  const measure = () => {
    globalThis.gc?.()
    return {
      MiB: process.memoryUsage.rss() / 2 ** 20,
      tensors: tf.memory().numTensors + (native?.memory().numTensors ?? 0),
    }
  }
  const startedAt = performance.now()
  let start = measure()
  yield* train(trainer, network, () => {
    start = measure()
  })
  const end = measure()
  const result: SoakResult = {
    engine: info.name,
    path: info.path,
    iterations,
    startMiB: start.MiB,
    endMiB: end.MiB,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    tensors: [start.tensors, end.tensors],
    seconds: (performance.now() - startedAt) / 1000,
  }
  process.stdout.write(JSON.stringify(result))
})

const runChild = (engine: string): SoakResult => {
  const args = ["--expose-gc", import.meta.filename, "--child", engine, "--iterations", String(iterations)]
  const { status, stderr, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" })
  if (status !== 0) throw new Error(`${engine} failed: exit code ${status}, expected 0; ${stderr.trim()}`)
  return JSON.parse(stdout) as SoakResult
}

if (options.child !== undefined) {
  const engine = selectEngine(options.child as EngineName)
  await Effect.runPromise(soak.pipe(Effect.scoped, Effect.provide(engine)))
} else {
  const results = options.engines.split(",").map(runChild)
  if (options.json) console.log(JSON.stringify(results, undefined, 2))
  else {
    const table = new Table({
      head: [
        "",
        "path",
        "iterations",
        "start MiB",
        "end MiB",
        "growth MiB",
        "peak MiB",
        "tensors",
        "seconds",
      ],
      style: { head: [], border: [] },
    })
    for (const { endMiB, engine, iterations, path, peakMiB, seconds, startMiB, tensors } of results) {
      const growth = endMiB - startMiB
      table.push([
        engine,
        path,
        iterations,
        startMiB.toFixed(0),
        endMiB.toFixed(0),
        growth.toFixed(1),
        peakMiB.toFixed(0),
        tensors.join(" to "),
        seconds.toFixed(0),
      ])
    }
    console.log(table.toString())
  }
}
