/**
 * A trainer whose state is on a device: (program, device) -> Trainer, released with the scope.
 *
 * Results do not depend on how iterations are cut into calls.
 */
import { Effect, Scope } from "effect"
import type { InferenceSession } from "onnxruntime-node"
import type { FeedValues, State, Trainer } from "../../Engine.ts"
import { floatsOf } from "../../bytes.ts"
import { checkState } from "../../state.ts"
import { sizeOf } from "../../trace/graph.ts"
import { predictInBatches } from "../../predictInBatches.ts"
import { failed, floatTensor, type Ort } from "../runtime.ts"
import {
  type DevicePrediction,
  type DeviceStep,
  logNames,
  readName,
  stepsPerRead,
} from "./compileForDevice.ts"
import { carry, freeDevice, packState, type Tensors, unpackState } from "./DeviceState.ts"
import { type HeldExamples, holdExamples } from "./heldExamples.ts"
import { type Device, openDeviceSession } from "./session.ts"

export interface DeviceModels extends DeviceStep {
  readonly predict: DevicePrediction
  readonly evaluationBatch: number
}

/** What a trainer needs of a program: it can be sent to another process. */
export interface DeviceProgram {
  readonly classes: number
  readonly inputShape: ReadonlyArray<number>
  /** Every variable with its initial value, in the order of a checkpoint. */
  readonly initial: State
}

/** The tensors of the state that the last call left. */
interface Current {
  tensors: Tensors
}

interface Sessions {
  readonly step: InferenceSession
  readonly reader: InferenceSession
}

/** The examples on the device, once they are there. */
interface Held {
  examples: HeldExamples | undefined
}

/** What iterations are fed from: values of a call, or examples on the device. */
interface Source {
  readonly values: FeedValues
  readonly held: HeldExamples | undefined
}

/** The feeds of iteration i of a call. Those that were gathered are on the device. */
const feedsAt = async (ort: Ort, { feeds }: DeviceStep, { held, values }: Source, i: number) => {
  const of = (values: Float32Array | Uint8Array, size: number) =>
    floatsOf(values.subarray(i * size, (i + 1) * size))
  const batch = feeds.find(({ name }) => name === "images")?.shape[0] ?? 0
  const gathered: Tensors =
    values.indices === undefined || held === undefined ? {} : await held.gather(of(values.indices, batch))
  const fed = feeds.map(({ name, shape }) => {
    return [name, gathered[name] ?? floatTensor(ort, of(values[name], sizeOf(shape)), shape)] as const
  })
  return { gathered, fed: Object.fromEntries(fed) }
}

/** Updates `from` to `to` of a call, at most `stepsPerRead`: the next tensors, logs included. Frees what it made if it fails. */
const runSteps = async (
  ort: Ort,
  { step }: Sessions,
  model: DeviceStep,
  before: Tensors,
  source: Source,
  [from, to]: readonly [number, number],
): Promise<Tensors> => {
  const empty = logNames.map((name) => [
    name,
    floatTensor(ort, new Float32Array(stepsPerRead), [stepsPerRead]),
  ])
  let tensors: Tensors = { ...before, ...Object.fromEntries(empty) }
  try {
    for (let i = from; i < to; i++) {
      const at = new Float32Array(stepsPerRead)
      at[i - from] = 1
      const { fed, gathered } = await feedsAt(ort, model, source, i)
      const marked = { ...tensors, at: floatTensor(ort, at, [stepsPerRead]), ...fed }
      const outputs = await step.run(marked).finally(() => freeDevice(gathered))
      const next = carry(model.carried, outputs)
      freeAllBut(tensors, before)
      tensors = next
    }
    return tensors
  } catch (error) {
    freeAllBut(tensors, before)
    throw error
  }
}

const freeAllBut = (tensors: Tensors, kept: Tensors): void => {
  const keep = new Set(Object.values(kept))
  freeDevice(Object.fromEntries(Object.entries(tensors).filter(([, tensor]) => !keep.has(tensor))))
}

const makeTrain = (
  ort: Ort,
  sessions: Sessions,
  step: DeviceStep,
  current: Current,
  held: Held,
): Trainer["train"] => {
  const names = step.state.map(({ name }) => name)
  const run = async (iterations: number, values: FeedValues) => {
    const losses = new Float32Array(iterations)
    const errorRates = new Float32Array(iterations)
    const before = current.tensors
    let tensors = before
    try {
      for (let from = 0; from < iterations; from += stepsPerRead) {
        const to = Math.min(iterations, from + stepsPerRead)
        const source = { values, held: held.examples }
        const after = await runSteps(ort, sessions, step, tensors, source, [from, to])
        if (tensors !== before) freeDevice(tensors)
        tensors = Object.fromEntries(names.map((name) => [name, after[name]]))
        const read = await sessions.reader
          .run(after, logNames.map(readName))
          .finally(() => freeDevice(Object.fromEntries(logNames.map((name) => [name, after[name]]))))
        const logOf = (name: string) => (read[readName(name)].data as Float32Array).subarray(0, to - from)
        losses.set(logOf("losses"), from)
        errorRates.set(logOf("errorRates"), from)
      }
    } catch (error) {
      if (tensors !== before) freeDevice(tensors)
      throw error
    }
    if (tensors !== before) freeDevice(before)
    current.tensors = tensors
    return { losses, errorRates }
  }
  return (iterations, values) =>
    Effect.tryPromise({ try: () => run(iterations, values), catch: failed("train") })
}

/** Moves what predictions read to the device, once: else each prediction would copy it, until the first step. */
const makeMove = Effect.fnUntraced(function* (
  ort: Ort,
  device: Device,
  { predict: { mover, reads } }: DeviceModels,
  current: Current,
) {
  const scope = yield* Effect.scope
  const kept = reads.map(readName)
  const opened = yield* Effect.cached(openDeviceSession(ort, mover, device, kept).pipe(Scope.provide(scope)))
  return Effect.gen(function* () {
    const before = current.tensors
    if (device.kind === "cpu" || reads.every((name) => before[name].location === "gpu-buffer")) return
    const session = yield* opened
    const moved = yield* Effect.tryPromise({
      try: () => session.run(Object.fromEntries(reads.map((name) => [name, before[name]]))),
      catch: failed("move the weights to the device"),
    })
    current.tensors = { ...before, ...Object.fromEntries(reads.map((name) => [name, moved[readName(name)]])) }
    freeAllBut(before, current.tensors)
  })
})

const makePredict = Effect.fnUntraced(function* (
  ort: Ort,
  device: Device,
  program: DeviceProgram,
  models: DeviceModels,
  current: Current,
) {
  const {
    evaluationBatch,
    predict: { model, reads },
  } = models
  const scope = yield* Effect.scope
  const opened = yield* Effect.cached(openDeviceSession(ort, model, device).pipe(Scope.provide(scope)))
  const move = yield* makeMove(ort, device, models, current)
  const shape = [evaluationBatch, ...program.inputShape]
  const predict: Trainer["predict"] = Effect.fn("predict")(function* (images: Float32Array) {
    const session = yield* opened
    yield* move
    const weights = Object.fromEntries(reads.map((name) => [name, current.tensors[name]]))
    return yield* predictInBatches(program, evaluationBatch, images, (batch) =>
      Effect.tryPromise({
        try: async () => {
          const outputs = await session.run({ ...weights, images: floatTensor(ort, batch, shape) })
          return outputs.probabilities.data as Float32Array
        },
        catch: failed("predict"),
      }),
    )
  })
  return predict
})

/** A trainer holds one dataset: a second one takes the place of the first. */
const makeHold = Effect.fnUntraced(function* (
  ort: Ort,
  device: Device,
  { classes, inputShape }: DeviceProgram,
  { feeds }: DeviceStep,
  held: Held,
) {
  const scope = yield* Effect.scope
  const batch = feeds.find(({ name }) => name === "images")?.shape[0]
  const hold: Trainer["hold"] = Effect.fnUntraced(function* (examples) {
    // A step that reads no images.
    if (batch === undefined) return false
    const shape = { images: [batch, ...inputShape], classes }
    held.examples = yield* holdExamples(ort, device, shape, examples).pipe(Scope.provide(scope))
    return held.examples !== undefined
  })
  return hold
})

/** The state in the order of the program, read from the device. */
const makeState = (
  { reader }: Sessions,
  { state }: DeviceStep,
  variables: State,
  zeros: Tensors,
  current: Current,
) =>
  Effect.map(
    Effect.tryPromise({
      try: () =>
        reader.run(
          { ...zeros, ...current.tensors },
          state.map(({ name }) => readName(name)),
        ),
      catch: failed("read the state"),
    }),
    (read): State => {
      const found = new Map(unpackState(state, read).map((tensor) => [tensor.name, tensor]))
      return variables.flatMap(({ name }) => found.get(name) ?? [])
    },
  )

export const makeDeviceTrainer = Effect.fn("openDeviceTrainer")(function* (
  ort: Ort,
  program: DeviceProgram,
  models: DeviceModels,
  device: Device,
) {
  const { initial } = program
  const kept = models.carried.map(({ output }) => output)
  const step = yield* openDeviceSession(ort, models.step, device, kept)
  const sessions = { step, reader: yield* openDeviceSession(ort, models.reader, device) }
  const current: Current = { tensors: packState(ort, models.state, initial) }
  yield* Effect.addFinalizer(() => Effect.sync(() => freeDevice(current.tensors)))
  const zeros = Object.fromEntries(
    logNames.map((name) => [name, floatTensor(ort, new Float32Array(stepsPerRead), [stepsPerRead])]),
  )
  const held: Held = { examples: undefined }
  const load = Effect.fn("load")(function* (loaded: State) {
    const ordered = yield* checkState(initial, loaded)
    const before = current.tensors
    current.tensors = packState(ort, models.state, ordered)
    freeDevice(before)
  })
  return {
    train: makeTrain(ort, sessions, models, current, held),
    hold: yield* makeHold(ort, device, program, models, held),
    evaluationBatch: models.evaluationBatch,
    predict: yield* makePredict(ort, device, program, models, current),
    state: makeState(sessions, models, initial, zeros, current),
    load,
  } satisfies Trainer
})
