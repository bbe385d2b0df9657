/**
 * Whether memory grows: 20,000 iterations of a small network on each engine, with a prediction and a copy of the state
 * every 1000, as training has them.
 *
 *   pnpm bench:soak [--engines onnx,tensorflow] [--iterations 20000] [--json]
 *
 * Each engine has a process of its own. Resident memory is taken after a garbage collection, first when a tenth of the
 * iterations are done: by then everything has been allocated that will be needed again.
 */
import { spawnSync } from "node:child_process"
import { parseArgs } from "node:util"
import * as tf from "@tensorflow/tfjs-core"
import Table from "cli-table3"
import { Effect, Schema } from "effect"
import { Engine } from "../engines/Engine.ts"
import { selectEngine } from "../engines/select.ts"
import type { EngineName } from "../schemas/EngineInfo.ts"
import { loadRuntime } from "../engines/tensorflow/runtime.ts"
import { layers, Model } from "../schemas/Model.ts"
import { Optimizer } from "../schemas/Optimizer.ts"
import { fillDropoutMask } from "../stages/model/dropout.ts"
import { buildProgram } from "../stages/model/model.ts"

const { values: options } = parseArgs({
  options: {
    engines: { type: "string", default: "onnx,tensorflow" },
    iterations: { type: "string", default: "20000" },
    json: { type: "boolean", default: false },
    /** Set for the process of one engine. */
    child: { type: "string" },
  },
})
const iterations = Number(options.iterations)

interface Soaked {
  readonly engine: string
  readonly path: string
  readonly iterations: number
  /** Resident, after a tenth of the iterations and after all. */
  readonly startMiB: number
  readonly endMiB: number
  readonly peakMiB: number
  /** Tensors alive at the start and at the end: ours, and those of the native package. */
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

const soak = Effect.gen(function* () {
  const options = { loss: "softmaxCrossEntropy", classes: 10, inputShape, batchSize, seed: 0 } as const
  const program = yield* buildProgram({ model, optimizer, ...options })
  const { compile, info } = yield* Engine
  const trainer = yield* compile(program)
  const native = info.name === "tensorflow" ? (yield* loadRuntime(info.threads)).native : undefined
  const tensors = () => tf.memory().numTensors + (native?.memory().numTensors ?? 0)
  const residentMiB = () => {
    globalThis.gc?.()
    return process.memoryUsage.rss() / 2 ** 20
  }
  const chunk = 50
  const feeds: Record<string, Float32Array> = {}
  for (const { name, shape } of program.feeds) {
    feeds[name] = new Float32Array(shape.reduce((product, size) => product * size, chunk))
  }
  feeds.images.forEach((_, i) => (feeds.images[i] = Math.abs(Math.sin(i))))
  for (let i = 0; i < chunk * batchSize; i++) feeds.labels[i * 10 + (i % 10)] = 1
  feeds.learningRate.fill(1e-4)
  for (const mask of program.dropoutMasks) fillDropoutMask(mask, 0, feeds[mask.feed])
  const startedAt = performance.now()
  let start = { MiB: 0, tensors: 0 }
  for (let done = 0; done < iterations;) {
    const before = done
    done += chunk
    yield* trainer.train(chunk, feeds)
    const passes = (every: number) => Math.floor(before / every) < Math.floor(done / every)
    if (passes(1000)) {
      yield* trainer.predict(feeds.images)
      yield* trainer.state
    }
    if (start.MiB === 0 && done >= iterations / 10) start = { MiB: residentMiB(), tensors: tensors() }
  }
  const soaked: Soaked = {
    engine: info.name,
    path: info.path,
    iterations,
    startMiB: start.MiB,
    endMiB: residentMiB(),
    peakMiB: process.resourceUsage().maxRSS / 1024,
    tensors: [start.tensors, tensors()],
    seconds: (performance.now() - startedAt) / 1000,
  }
  process.stdout.write(JSON.stringify(soaked))
})

const runChild = (engine: string): Soaked => {
  const args = ["--expose-gc", import.meta.filename, "--child", engine, "--iterations", String(iterations)]
  const { status, stderr, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" })
  if (status !== 0) throw new Error(`${engine}: ${stderr.trim()}`)
  return JSON.parse(stdout) as Soaked
}

if (options.child !== undefined) {
  const engine = selectEngine(options.child as EngineName)
  await Effect.runPromise(soak.pipe(Effect.scoped, Effect.provide(engine)))
} else {
  const soaked = options.engines.split(",").map(runChild)
  if (options.json) console.log(JSON.stringify(soaked, undefined, 2))
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
    for (const { endMiB, engine, iterations, path, peakMiB, seconds, startMiB, tensors } of soaked) {
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
