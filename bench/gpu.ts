/**
 * The speed of an experiment on the processor and on a GPU: images a second with the onnx engine, examples in memory, or held on
 * the GPU.
 *
 *   pnpm bench:gpu [experiments/cnn.ts] [--batches 100,1000] [--seconds 5] [--json]
 *
 * A line for each device, or why there is none. The first call of each is not counted: it compiles the shaders.
 */
import { cpus } from "node:os"
import { parseArgs } from "node:util"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Context, Effect, Layer, Result } from "effect"
import { unitValues } from "../engines/bytes.ts"
import { Engine, type Examples, type FeedValues } from "../engines/Engine.ts"
import { selectEngine } from "../engines/select.ts"
import { loadExperiment } from "../pipeline/experimentFile/load.ts"
import { gpuEngine } from "../schemas/EngineInfo.ts"
import type { Experiment } from "../schemas/experiment/Experiment.ts"
import { buildProgram, type Network } from "../stages/model/model.ts"
import { feedsOf } from "./feeds.ts"
import { quartiles } from "./quartiles.ts"

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    batches: { type: "string", default: "100,1000" },
    seconds: { type: "string", default: "5" },
  },
})
const file = positionals[0] ?? "experiments/cnn.ts"
const seconds = Number(options.seconds)
/** Of a call. */
const callMs = 1000
/** As in MNIST. */
const images = { inputShape: [28, 28, 1], classes: 10 } as const

const openDevice = Effect.fnUntraced(function* (name: "onnx" | typeof gpuEngine) {
  const built = yield* Effect.result(Layer.build(selectEngine(name)))
  if (Result.isFailure(built)) return { name, problem: built.failure.message } as const
  return { name, engine: Context.get(built.success, Engine) } as const
})

type Device = Effect.Success<ReturnType<typeof openDevice>>

/** As many examples as MNIST has for training. */
const examplesOf = ({ classes, inputShape }: Network): Examples => {
  const [count, size] = [60_000, inputShape.reduce((a, b) => a * b)]
  return {
    count,
    pixels: Uint8Array.from({ length: count * size }, (_, i) => (i % size < size / 5 ? i % 251 : 0)),
    labels: Int32Array.from({ length: count }, (_, i) => i % classes),
    table: unitValues,
  }
}

/** The feeds of held examples. */
const heldFeeds = (fed: FeedValues, batchSize: number, iterations: number): FeedValues => ({
  ...fed,
  indices: Float32Array.from({ length: batchSize * iterations }, (_, i) => (i * 7919) % 60_000),
})

/** Times calls of `iterations` for `seconds`: images a second. */
const measure = Effect.fnUntraced(function* (
  device: Device,
  experiment: Experiment,
  batchSize: number,
  isHeld: boolean,
) {
  const row = { device: isHeld ? `${device.name}, examples held` : device.name, batch: batchSize }
  if (!("engine" in device)) return { ...row, problem: device.problem }
  const { info } = device.engine
  const network = yield* buildProgram({ ...experiment, ...images, batchSize })
  const compiled = yield* Effect.result(device.engine.compile(network))
  if (Result.isFailure(compiled)) return { ...row, problem: compiled.failure.message }
  const { hold } = compiled.success
  if (isHeld && (hold === undefined || !(yield* hold(examplesOf(network))))) {
    return { ...row, problem: "the examples are not held" }
  }
  const feedsFor = (iterations: number) => {
    const fed = feedsOf(network, iterations)
    return isHeld ? heldFeeds(fed, batchSize, iterations) : fed
  }
  const timed = Effect.fnUntraced(function* (feeds: FeedValues, iterations: number) {
    const start = performance.now()
    yield* compiled.success.train(iterations, feeds)
    return performance.now() - start
  })
  // The first call compiles the shaders.
  const one = feedsFor(1)
  yield* timed(one, 1)
  const fitting = Math.floor(callMs / (yield* timed(one, 1)))
  const iterations = Math.max(1, Math.min(100, Math.round(20_000 / batchSize), fitting))
  const feeds = feedsFor(iterations)
  const speeds: Array<number> = []
  const began = performance.now()
  while (speeds.length < 3 || performance.now() - began < 1000 * seconds) {
    speeds.push((1000 * iterations * batchSize) / (yield* timed(feeds, iterations)))
  }
  const { lower, median, upper } = quartiles(speeds)
  return {
    ...row,
    on: info.device,
    path: info.path,
    imagesPerSecond: median,
    lower,
    upper,
    calls: speeds.length,
  }
}, Effect.scoped)

type Row = Effect.Success<ReturnType<typeof measure>>

const describe = (row: Row): string => {
  const result =
    "problem" in row
      ? row.problem
      : `${row.imagesPerSecond.toFixed(0)} images/s (${row.lower.toFixed(0)}–${row.upper.toFixed(0)}, ${row.calls} calls) on ${row.on}, ${row.path}`
  return `batch ${row.batch}, ${row.device}: ${result}`
}

const machine = { processor: cpus()[0].model, cores: cpus().length, node: process.version }

/** Each line is printed when it is measured: whoever ends the command early has those before. */
const all = Effect.gen(function* () {
  const { experiment } = yield* loadExperiment(file, {})
  if (!options.json)
    console.log(`${file}: ${machine.processor}, ${machine.cores} cores, Node ${machine.node}`)
  const devices = [yield* openDevice("onnx"), yield* openDevice(gpuEngine)]
  const rows: Array<Row> = []
  const add = Effect.fnUntraced(function* (device: Device, batch: number, isHeld: boolean) {
    const row = yield* measure(device, experiment, batch, isHeld)
    rows.push(row)
    if (!options.json) console.log(describe(row))
  })
  for (const batch of options.batches.split(",").map(Number)) {
    for (const device of devices) yield* add(device, batch, false)
    yield* add(devices[1], batch, true)
  }
  return rows
})

const rows = await Effect.runPromise(all.pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
if (options.json) console.log(JSON.stringify({ file, machine, rows }, undefined, 2))
// The sessions of a device can keep the process alive.
process.exit(0)
