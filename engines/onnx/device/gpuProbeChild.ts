/**
 * Runs a training step on the GPU and on the processor: (task on standard input) -> what it found, as the last line of standard
 * output. It runs in a process of its own, started by `probe.ts`: ONNX Runtime ends the process if a node fails on a device.
 */
import { createHash } from "node:crypto"
import { deserialize } from "node:v8"
import { Effect } from "effect"
import type { FeedValues, State, Trainer } from "../../Engine.ts"
import { exampleDataset, exampleFeeds, waves } from "../../exampleFeeds.ts"
import { measureIteration } from "../../measureIteration.ts"
import { sizeOf } from "../../trace/graph.ts"
import { loadRuntime, type Ort } from "../runtime.ts"
import { differenceOfMoves } from "./differenceOfMoves.ts"
import { type DeviceModels, type DeviceProgram, makeDeviceTrainer } from "./DeviceTrainer.ts"
import type { Answer, Task } from "./probe.ts"
import { type Device, openDeviceSession } from "./session.ts"

const iterations = 2
const images = 25

interface Outcome {
  readonly losses: ReadonlyArray<number>
  /** After each step. */
  readonly states: ReadonlyArray<State>
  readonly predictions: Float32Array
}

/** The values of one iteration. */
const only = (feeds: FeedValues, i: number) =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, data]) => {
      const size = data.length / iterations
      return [name, data.subarray(i * size, (i + 1) * size)] as const
    }),
  )

/** `isHeld`: the same examples, but held on the device. */
const runOn = Effect.fnUntraced(function* (
  ort: Ort,
  device: Device,
  models: DeviceModels,
  program: DeviceProgram,
  isHeld = false,
) {
  const trainer: Trainer = yield* makeDeviceTrainer(ort, program, models, device)
  const { images: pixels, labels, ...others } = exampleFeeds(models.feeds, program.classes, iterations)
  const dataset = isHeld ? exampleDataset(models.feeds, program.classes, iterations) : undefined
  const holds = dataset !== undefined && (yield* trainer.hold?.(dataset.examples) ?? Effect.succeed(false))
  const feeds = holds ? { indices: dataset.indices, ...others } : { images: pixels, labels, ...others }
  const losses: Array<number> = []
  const states: Array<State> = []
  for (let i = 0; i < iterations; i++) {
    losses.push(...(yield* trainer.train(1, only(feeds, i))).losses)
    states.push(yield* trainer.state)
  }
  const predictions = yield* trainer.predict(waves(images * sizeOf(program.inputShape)))
  return { losses, states, predictions } satisfies Outcome
}, Effect.scoped)

const bytesOf = (data: Float32Array) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

const digestOf = ({ losses, predictions, states }: Outcome) => {
  const hash = createHash("sha256")
  const tensors = states.flat().map(({ data }) => data)
  for (const data of [Float32Array.from(losses), predictions, ...tensors]) hash.update(bytesOf(data))
  return hash.digest("hex")
}

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0)

const timeOn = Effect.fnUntraced(function* (
  ort: Ort,
  device: Device,
  models: DeviceModels,
  program: DeviceProgram,
) {
  const trainer: Trainer = yield* makeDeviceTrainer(ort, program, models, device)
  return yield* measureIteration(trainer, models.feeds, program.classes)
}, Effect.scoped)

const answer = Effect.fnUntraced(function* (task: Task) {
  const ort = yield* loadRuntime
  const gpu: Device = { kind: "webgpu", threads: 1 }
  if (task.kind === "open") {
    yield* Effect.scoped(openDeviceSession(ort, task.model, gpu))
    return { kind: "opened" } satisfies Answer
  }
  const { isTimed, models, program, threads } = task
  const expected = yield* runOn(ort, { kind: "cpu", threads }, models, program)
  const actual = yield* runOn(ort, gpu, models, program)
  const again = yield* runOn(ort, gpu, models, program, true)
  return {
    kind: "compared",
    isSame: digestOf(actual) === digestOf(again),
    losses: { expected: expected.losses, actual: actual.losses },
    moves: differenceOfMoves(models.state, {
      initial: program.initial,
      expected: expected.states,
      actual: actual.states,
    }),
    predictions: largestDifference(expected.predictions, actual.predictions),
    iterationMs: isTimed ? yield* timeOn(ort, gpu, models, program) : null,
  } satisfies Answer
})

const chunks: Array<Uint8Array> = []
for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array)
const task = deserialize(Buffer.concat(chunks)) as Task
const result = await Effect.runPromise(
  answer(task).pipe(
    Effect.catch((error) => Effect.succeed<Answer>({ kind: "failed", reason: error.message })),
  ),
)
// Written before the process ends: its sessions on the device may not be released.
process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0))
