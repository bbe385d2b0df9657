/** The engine of `auto`: which one is taken for which times, what is measured, and what a run records of it. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Engine, EngineNotAvailable, type Trainer } from "../../../engines/Engine.ts"
import * as Onnx from "../../../engines/onnx/Onnx.ts"
import { selectEngine } from "../../../engines/select.ts"
import { describeChoice } from "../../../format/describeChoice.ts"
import { chooseEngine, fasterOf } from "../../../pipeline/engineChoice/chooseEngine.ts"
import { ChosenEngine, engineFor } from "../../../pipeline/engineChoice/engineFor.ts"
import { measureEngines } from "../../../pipeline/engineChoice/measure.ts"
import { timeEngines } from "../../../pipeline/engineChoice/timeEngines.ts"
import { workloadOf } from "../../../pipeline/engineChoice/workload.ts"
import { EngineChoice, type EngineTiming } from "../../../schemas/EngineChoice.ts"
import { Experiment } from "../../../schemas/experiment/Experiment.ts"
import { buildProgram } from "../../../stages/model/model.ts"
import { hasTensorflow, tensorflowThreads } from "../../engines/engines.ts"
import { engineInfo } from "../../fixtures/engineInfo.ts"
import tiny from "../../fixtures/tiny.ts"

const experiment = Schema.decodeUnknownSync(Experiment)(tiny)
const short: Experiment = { ...experiment, budget: { iterations: 20 } }

const timing = (iterationMs: number, startMs = 0, imageMs = 0): EngineTiming => ({
  startMs,
  iterationMs,
  imageMs,
})
const workload = { iterations: 1000, images: 15_000 }

let cache = ""
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "tidemark-engine-choice-"))
  vi.stubEnv("XDG_CACHE_HOME", cache)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(cache, { recursive: true, force: true })
})
const cachedTimes = () =>
  readdirSync(join(cache, "tidemark")).filter((name) => name.startsWith("engine-times-"))

describe("the faster engine", () => {
  it("is the one with which the whole job ends first", () => {
    assert.strictEqual(fasterOf({ onnx: timing(10), tensorflow: timing(9) }, workload), "tensorflow")
    assert.strictEqual(fasterOf({ onnx: timing(9), tensorflow: timing(10) }, workload), "onnx")
    const slowStart = { onnx: timing(10, 200), tensorflow: timing(9, 1500) }
    assert.strictEqual(fasterOf(slowStart, workload), "onnx")
    assert.strictEqual(fasterOf(slowStart, { ...workload, iterations: 10_000 }), "tensorflow")
    const slowPrediction = { onnx: timing(10, 0, 0.01), tensorflow: timing(9, 0, 0.1) }
    assert.strictEqual(fasterOf(slowPrediction, workload), "onnx")
  })

  it("is onnx unless tensorflow is faster by more than 5 %", () => {
    assert.strictEqual(fasterOf({ onnx: timing(10), tensorflow: timing(9.6) }, workload), "onnx")
    assert.strictEqual(fasterOf({ onnx: timing(10), tensorflow: timing(9.4) }, workload), "tensorflow")
  })
})

describe("the workload of an experiment", () => {
  it("has the iterations of its budget, and the images of its evaluations and of a test of 10,000", () => {
    assert.deepStrictEqual(workloadOf(experiment), { iterations: 200, images: 5 * 500 + 10_000 })
    assert.deepStrictEqual(workloadOf(short), { iterations: 20, images: 500 + 10_000 })
    const epochs = workloadOf({ ...experiment, budget: { epochs: 2 }, batchSize: 55 })
    assert.strictEqual(epochs.iterations, 2000)
  })
})

describe("timing engines", () => {
  it.live("times each, and reports one that does not work without the others", () =>
    Effect.gen(function* () {
      const program = yield* buildProgram({ ...experiment, inputShape: [28, 28, 1], classes: 10 })
      const absent = new EngineNotAvailable({ engine: "x", found: "no x", remedy: "add x", available: [] })
      const begun: Array<string> = []
      const timed = yield* timeEngines(
        [
          { name: "onnx", layer: selectEngine("onnx", { threads: 1 }) },
          { name: "absent", layer: Layer.effect(Engine, Effect.fail(absent)) },
          { name: "portable", layer: Onnx.layer({ path: "portable", threads: 1 }) },
        ],
        program,
        (name) => begun.push(name),
      )
      assert.deepStrictEqual(begun, ["onnx", "absent", "portable"])
      const of = (wanted: string) => timed.find(({ name }) => name === wanted)
      assert.deepStrictEqual(of("absent"), { name: "absent", problem: absent.message })
      const timings = ["onnx", "portable"].map((name) => {
        const found = of(name)
        assert(found !== undefined && "timing" in found)
        return found.timing
      })
      for (const { imageMs, iterationMs, startMs } of timings) {
        assert.isAbove(iterationMs, 0)
        assert.isAbove(imageMs, 0)
        assert.isAbove(startMs, 0)
      }
    }).pipe(Effect.scoped),
  )
})

describe("timing engines whose calls take a known time", () => {
  /** An engine whose calls take `fixedMs`, and `ms` for each iteration. */
  const engineOf = (fixedMs: number, ms: number) => {
    const calls: Array<number> = []
    const buffers = new Set<ArrayBufferLike>()
    const train: Trainer["train"] = (iterations, { images, learningRate }) =>
      Effect.gen(function* () {
        assert.lengthOf(images, 32 * 28 * 28 * iterations)
        assert.closeTo(learningRate[iterations - 1], 1e-5, 1e-9)
        buffers.add(images.buffer)
        calls.push(iterations)
        yield* TestClock.adjust(fixedMs + ms * iterations)
        return { losses: new Float32Array(iterations), errorRates: new Float32Array(iterations) }
      })
    const predict = () => Effect.as(TestClock.adjust(5), new Float32Array(0))
    const trainer = {
      train,
      predict,
      evaluationBatch: 10,
      state: Effect.succeed([]),
      load: () => Effect.void,
    }
    return {
      buffers,
      calls,
      layer: Layer.succeed(Engine, { info: engineInfo, compile: () => Effect.succeed(trainer) }),
    }
  }

  const build = buildProgram({ ...experiment, batchSize: 32, inputShape: [28, 28, 1], classes: 10 })

  it.effect("does not count what a call takes, in five rounds with feeds that are made once", () =>
    Effect.gen(function* () {
      const program = yield* build
      const [a, b] = [engineOf(20, 2), engineOf(2, 4)]
      const timed = yield* timeEngines(
        [
          { name: "a", layer: a.layer },
          { name: "b", layer: b.layer },
        ],
        program,
      )
      const times = timed.map((each) => ("timing" in each ? each.timing : undefined))
      for (const [i, [startMs, iterationMs]] of [
        [22, 2],
        [6, 4],
      ].entries()) {
        assert.closeTo(times[i]?.startMs ?? 0, startMs, 1e-6)
        assert.closeTo(times[i]?.iterationMs ?? 0, iterationMs, 1e-6)
        assert.closeTo(times[i]?.imageMs ?? 0, 0.5, 1e-6)
      }
      assert.deepStrictEqual(a.calls, [1, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9])
      assert.isAtMost(new Set([...a.buffers, ...b.buffers]).size, 3)
    }).pipe(Effect.scoped),
  )

  it.effect("takes the first iteration alone if the engines are slow", () =>
    Effect.gen(function* () {
      const program = yield* build
      const { calls, layer } = engineOf(0, 700)
      const timed = yield* timeEngines(
        [
          { name: "a", layer },
          { name: "b", layer },
        ],
        program,
      )
      assert.deepStrictEqual(
        timed.map((each) => "timing" in each && Math.round(each.timing.iterationMs)),
        [700, 700],
      )
      assert.deepStrictEqual(calls, [1, 1])
    }).pipe(Effect.scoped),
  )
})

describe("choosing an engine", () => {
  it.live("measures onnx in a process of its own, and tensorflow if it is there", () =>
    Effect.gen(function* () {
      const timed = yield* measureEngines(experiment, tensorflowThreads)
      const measured = timed.flatMap((each) => ("timing" in each ? [each.name] : []))
      assert.deepStrictEqual(measured, hasTensorflow ? ["onnx", "tensorflow"] : ["onnx"])
      const problems = timed.flatMap((each) => ("problem" in each ? [each.problem] : []))
      if (!hasTensorflow) assert.match(problems.join(), /engine tensorflow is not available/)
      else assert.deepStrictEqual(problems, [])
    }),
  )

  it.live.skipIf(hasTensorflow)("measures nothing without the tensorflow engine", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* chooseEngine(experiment))
      const { chosen, name } = yield* Effect.provide(
        Effect.all({ chosen: ChosenEngine, name: Effect.map(Engine, ({ info }) => info.name) }),
        engineFor(experiment, "auto", { threads: 1 }),
      )
      assert.isUndefined(chosen)
      assert.strictEqual(name, "onnx")
    }),
  )

  it.live.skipIf(!hasTensorflow)(
    "measures both engines once for a network, a number of threads and a machine",
    () =>
      Effect.gen(function* () {
        const threads = tensorflowThreads
        const untimed = yield* chooseEngine(short, { threads })
        assert.deepStrictEqual(untimed, { engine: "onnx", basis: "short", workload: workloadOf(short) })
        const first = yield* chooseEngine(experiment, { threads })
        assert(first?.timings !== undefined)
        assert.strictEqual(first.basis, "measured")
        assert.strictEqual(first.engine, fasterOf(first.timings, first.workload))
        assert.lengthOf(cachedTimes(), 1)
        const { timings } = first
        // Another seed, learning rate and budget are the same network.
        const learningRate = { kind: "constant", value: 0.5, warmup: 0 } as const
        const trial: Experiment = { ...short, seed: 7, optimizer: { ...short.optimizer, learningRate } }
        const second = yield* chooseEngine(trial, { threads })
        assert.deepStrictEqual(second, {
          engine: fasterOf(timings, workloadOf(trial)),
          basis: "cached",
          timings,
          workload: workloadOf(trial),
        })
        assert.strictEqual((yield* chooseEngine({ ...short, batchSize: 31 }, { threads }))?.basis, "short")
        assert.strictEqual((yield* chooseEngine(short, { threads: threads + 1 }))?.basis, "short")
        assert.lengthOf(cachedTimes(), 1)
      }),
  )

  it.live("takes the engine that was chosen for all runs, and keeps the reason", () =>
    Effect.gen(function* () {
      const choice: EngineChoice = { engine: "onnx", basis: "members", workload: workloadOf(experiment) }
      const { chosen, name } = yield* Effect.provide(
        Effect.all({ chosen: ChosenEngine, name: Effect.map(Engine, ({ info }) => info.name) }),
        engineFor(experiment, "auto", { threads: 1, choice }),
      )
      assert.deepStrictEqual(chosen, choice)
      assert.strictEqual(name, "onnx")
      const named = yield* Effect.provide(ChosenEngine, engineFor(experiment, "reference", { choice }))
      assert.isUndefined(named)
    }),
  )
})

describe("the reason for an engine", () => {
  it("has the time of the job and of an iteration on both engines", () => {
    const timings = { onnx: timing(10, 500, 0.02), tensorflow: timing(8.25, 1500, 0.03) }
    const choice: EngineChoice = { engine: "tensorflow", basis: "cached", timings, workload }
    assert.strictEqual(
      describeChoice(choice),
      "tensorflow: about 10 s (8.25 ms per iteration), onnx: about 11 s (10 ms per iteration); measured earlier on this machine",
    )
    assert.strictEqual(
      describeChoice({ ...choice, engine: "onnx", basis: "measured" }),
      "onnx: about 11 s (10 ms per iteration), tensorflow: about 10 s (8.25 ms per iteration); measured at the beginning of the run",
    )
  })

  it("is in words if nothing was measured", () => {
    const choice = { engine: "onnx", workload: { iterations: 20, images: 10_500 } } as const
    assert.strictEqual(
      describeChoice({ ...choice, basis: "short" }),
      "onnx, because 20 iterations are too few for a measurement",
    )
    assert.strictEqual(
      describeChoice({ ...choice, basis: "failed" }),
      "onnx, because the other engine could not be measured on this network",
    )
    assert.strictEqual(
      describeChoice({ ...choice, basis: "members" }),
      "onnx, which other members of the ensemble have",
    )
  })

  it("survives being stored", () => {
    const timings = { onnx: timing(10), tensorflow: timing(8) }
    const choice: EngineChoice = { engine: "tensorflow", basis: "measured", timings, workload }
    const stored = JSON.stringify(Schema.encodeSync(EngineChoice)(choice))
    assert.deepStrictEqual(Schema.decodeUnknownSync(EngineChoice)(JSON.parse(stored)), choice)
  })
})
