/**
 * The train loop on a tiny problem with the reference engine, stopped in every way at every iteration.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, FileSystem, Logger, Path, Schema, Stream } from "effect"
import { Engine } from "../../../engines/Engine.ts"
import { selectEngine } from "../../../engines/select.ts"
import { Experiment } from "../../../schemas/Experiment.ts"
import { experiment, layers, optimizers } from "../../../schemas/index.ts"
import type { Parent } from "../../../schemas/Run.ts"
import { batches, fillHere } from "../../../stages/batch/batch.ts"
import { totalIterations } from "../../../stages/train/intervals.ts"
import {
  checkpointFile,
  loadCheckpoint,
  restoreCheckpoint,
  saveCheckpoint,
} from "../../../stages/train/checkpoint.ts"
import { withFeeds } from "../../../stages/train/feeds.ts"
import { evaluationImages } from "../../../stages/batch/fillBatch.ts"
import type { ResidentDataset } from "../../../stages/dataset/load.ts"
import { buildProgram } from "../../../stages/model/model.ts"
import { train, type TrainOptions } from "../../../stages/train/train.ts"
import { metricsFile } from "../../../storage/metricsLog.ts"
import { sessionStart } from "../../../storage/tensorboard/session.ts"
import { powerCut } from "../../fixtures/powerCut.ts"

const total = 23
/** The start of the run, in seconds. */
const startedAt = 1_795_312_800.25
const decode = Schema.decodeUnknownSync(Experiment)

const tiny = (change: Partial<Parameters<typeof experiment>[0]> = {}) =>
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
const dataset: ResidentDataset = (() => {
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

interface Go {
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
  /** Feed this learning rate at one iteration: the weights become huge, after a finite loss. */
  readonly learningRateAt?: { readonly iteration: number; readonly value: number }
}

/** Wall-clock time that jumps back a year and forward again at every reading. */
let readings = 0
const jumpingMs = () => (++readings % 2 === 0 ? 1.7e12 : 1.7e12 - 3.2e10)
const jumpingClock = Effect.runSync(
  Effect.map(Clock.Clock, (clock): Clock.Clock => ({
    ...clock,
    sleep: (duration) => clock.sleep(duration),
    currentTimeMillisUnsafe: jumpingMs,
    currentTimeMillis: Effect.sync(jumpingMs),
    currentTimeNanosUnsafe: () => BigInt(jumpingMs()) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(jumpingMs()) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
  })),
)

/** Few iterations, many files. */
const short: Go = {
  experiment: tiny({
    budget: { iterations: 5 },
    recordEvery: 1,
    evaluateEvery: 2,
    checkpointEvery: 1,
    keepCheckpoints: 2,
  }),
}

/** The number of attempts in a folder so far. */
const attempts = new Map<string, number>()

/** One attempt in a folder, with a new engine and a new program. */
const attempt = Effect.fnUntraced(function* (folder: string, go: Go = {}) {
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
    stopRequested: () => (go.stopAt !== undefined && made >= go.stopAt ? "SIGINT" : undefined),
    onStart: (iteration) => Effect.sync(() => void (resumedFrom = iteration)),
    onProgress: ({ iteration }) => Effect.sync(() => void (made = iteration)),
  }).pipe(Effect.exit)
  return { trained, startedAt: resumedFrom }
}, Effect.scoped)

const contents = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  // Temporary files of a process that still lives are not cleaned up: this one, which plays the one that died.
  const names = (yield* fs.readDirectory(paths.join(folder, "checkpoints")))
    .filter((name) => !name.endsWith(".tmp"))
    .sort()
  const last = names.at(-1) ?? ""
  // An attempt that was refused has not begun a file; one that has takes the place of those before it.
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

const scratch = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

const live = <A, E>(
  body: Effect.Effect<A, E, NodeServices.NodeServices | Engine | import("effect").Scope.Scope>,
) =>
  body.pipe(
    Effect.scoped,
    Effect.provide(selectEngine("reference")),
    Effect.provide(Logger.layer([])),
    Effect.provide(Logger.layer([])),
    Effect.provide(NodeServices.layer),
  )

/** With averages in the state, and the other options of an update. */
const averaged = tiny({
  averaging: { decay: 0.8 },
  optimizer: optimizers.adamw({ learningRate: 0.05, clip: { globalNorm: 0.5 } }),
  labelSmoothing: 0.1,
})

describe("train", () => {
  it.live("with averaged weights ends with the same bytes whichever iteration it was stopped at", () =>
    live(
      Effect.gen(function* () {
        const whole = yield* scratch
        yield* attempt(whole, { experiment: averaged })
        const expected = yield* contents(whole)
        for (const stopAt of [1, 4, 5, 7, 16, 21]) {
          const folder = yield* scratch
          yield* attempt(folder, { experiment: averaged, stopAt })
          yield* attempt(folder, { experiment: averaged, chunk: 3 })
          assert.deepStrictEqual(yield* contents(folder), expected, `stopped at ${stopAt}`)
        }
      }),
    ),
  )

  it.live("ends with the same bytes whichever iteration it was stopped at", () =>
    live(
      Effect.gen(function* () {
        const whole = yield* scratch
        yield* attempt(whole)
        const expected = yield* contents(whole)
        // The newest three that were due, the last one, and the best: the first evaluation without errors.
        assert.deepStrictEqual(expected.names, [5, 7, 14, 21, 23].map(checkpointFile))
        for (let stopAt = 1; stopAt < total - 1; stopAt++) {
          const folder = yield* scratch
          const stopped = yield* attempt(folder, { stopAt })
          assert.isTrue(Exit.isFailure(stopped.trained), `stopped at ${stopAt}`)
          const resumed = yield* attempt(folder, { chunk: 3 })
          assert.isAtLeast(resumed.startedAt, stopAt)
          assert.deepStrictEqual(yield* contents(folder), expected, `stopped at ${stopAt}`)
        }
      }),
    ),
  )

  it.live("ends with the same bytes whichever iteration it was killed at, twice", () =>
    live(
      Effect.gen(function* () {
        const whole = yield* scratch
        yield* attempt(whole)
        const expected = yield* contents(whole)
        for (let dieAt = 0; dieAt < total; dieAt++) {
          const folder = yield* scratch
          yield* attempt(folder, { dieAt })
          const again = yield* attempt(folder, { dieAt: Math.min(total - 1, dieAt + 4) })
          assert.isAtMost(again.startedAt, dieAt)
          yield* attempt(folder)
          assert.deepStrictEqual(yield* contents(folder), expected, `killed at ${dieAt}`)
        }
      }),
    ),
  )

  it.live(
    "ends with the same bytes whichever file operation the power failed at, and whatever the disk kept",
    () =>
      live(
        Effect.gen(function* () {
          const whole = yield* scratch
          const untouched = powerCut(Number.POSITIVE_INFINITY, "kept")
          yield* attempt(whole, short).pipe(Effect.provide(untouched.layer))
          const expected = yield* contents(whole)
          assert.isAbove(untouched.done.length, 40)
          for (const disk of ["kept", "lost", "torn"] as const) {
            for (let operation = 0; operation < untouched.done.length; operation++) {
              const folder = yield* scratch
              const cut = powerCut(operation, disk)
              const { trained } = yield* attempt(folder, short).pipe(Effect.provide(cut.layer))
              assert.isTrue(Exit.isFailure(trained))
              yield* attempt(folder, short).pipe(
                Effect.provide(powerCut(Number.POSITIVE_INFINITY, "kept").layer),
              )
              const where = `${disk}: power off before operation ${operation}, ${untouched.done[operation]}`
              assert.deepStrictEqual(yield* contents(folder), expected, where)
            }
          }
        }),
      ),
  )

  it.live("ends with the same bytes on a clock that jumps back and forth", () =>
    live(
      Effect.gen(function* () {
        const whole = yield* scratch
        yield* attempt(whole)
        const folder = yield* scratch
        yield* attempt(folder, { stopAt: 9 }).pipe(Effect.provideService(Clock.Clock, jumpingClock))
        yield* attempt(folder).pipe(Effect.provideService(Clock.Clock, jumpingClock))
        assert.deepStrictEqual(yield* contents(folder), yield* contents(whole))
      }),
    ),
  )

  it.live(
    "renames a damaged newest checkpoint, resumes from the one before it and ends with the same bytes",
    () =>
      live(
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const paths = yield* Path.Path
          const whole = yield* scratch
          yield* attempt(whole)
          const expected = yield* contents(whole)
          const folder = yield* scratch
          yield* attempt(folder, { stopAt: 16 })
          const newest = paths.join(folder, "checkpoints", (yield* contents(folder)).names.at(-1) ?? "")
          const bytes = yield* fs.readFile(newest)
          yield* fs.writeFile(newest, bytes.subarray(0, bytes.length - 7))
          const resumed = yield* attempt(folder)
          assert.strictEqual(resumed.startedAt, 14)
          const { names, ...same } = yield* contents(folder)
          const { names: _, ...wanted } = expected
          assert.deepStrictEqual(same, wanted)
          assert.include(names, `${paths.basename(newest)}.damaged`)
        }),
      ),
  )

  it.live(
    "makes a best checkpoint that was lost after training again, from the newest good one before it",
    () =>
      live(
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const paths = yield* Path.Path
          const experiment = tiny({ report: "best", checkpointEvery: 2, keepCheckpoints: 20 })
          const whole = yield* scratch
          const { trained } = yield* attempt(whole, { experiment })
          const expected = yield* contents(whole)
          const best = `checkpoints/${checkpointFile(5)}`
          assert.strictEqual((yield* trained).checkpoint, best)
          for (const loss of ["deleted", "damaged"]) {
            const folder = yield* scratch
            yield* fs.copy(whole, folder, { overwrite: true })
            if (loss === "deleted") yield* fs.remove(paths.join(folder, best))
            else yield* fs.truncate(paths.join(folder, best), 100)
            // Interrupted once more on the way.
            const first = yield* attempt(folder, { experiment, stopAt: 9 })
            assert.strictEqual(first.startedAt, 4, loss)
            const second = yield* attempt(folder, { experiment })
            assert.isAtLeast(second.startedAt, 9)
            assert.deepStrictEqual(yield* second.trained, yield* trained)
            const { names, ...same } = yield* contents(folder)
            const { names: wanted, ...rest } = expected
            assert.deepStrictEqual(same, rest)
            assert.deepStrictEqual(
              names.filter((name) => !name.endsWith(".damaged")),
              wanted,
            )
            assert.strictEqual(names.length - wanted.length, loss === "damaged" ? 1 : 0)
          }
        }),
      ),
  )

  it.live("makes a lost best checkpoint again whichever file operation the power fails at", () =>
    live(
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const paths = yield* Path.Path
        const go: Go = {
          experiment: tiny({
            budget: { iterations: 5 },
            recordEvery: 1,
            evaluateEvery: 3,
            checkpointEvery: 2,
            report: "best",
          }),
        }
        const whole = yield* scratch
        const { trained } = yield* attempt(whole, go)
        const expected = yield* contents(whole)
        const best = (yield* trained).checkpoint
        assert.strictEqual(best, `checkpoints/${checkpointFile(3)}`)
        const lose = Effect.gen(function* () {
          const folder = yield* scratch
          yield* fs.copy(whole, folder, { overwrite: true })
          yield* fs.remove(paths.join(folder, best))
          return folder
        })
        const untouched = powerCut(Number.POSITIVE_INFINITY, "kept")
        const again = yield* attempt(yield* lose, go).pipe(Effect.provide(untouched.layer))
        assert.strictEqual(again.startedAt, 2)
        for (let operation = 0; operation < untouched.done.length; operation++) {
          const folder = yield* lose
          yield* attempt(folder, go).pipe(Effect.provide(powerCut(operation, "lost").layer))
          yield* attempt(folder, go).pipe(Effect.provide(powerCut(Number.POSITIVE_INFINITY, "kept").layer))
          const where = `power off before operation ${operation}, ${untouched.done[operation]}`
          assert.deepStrictEqual(yield* contents(folder), expected, where)
        }
      }),
    ),
  )

  it.live("keeps the tested checkpoint while the run is extended", () =>
    live(
      Effect.gen(function* () {
        for (const { kept, tested } of [
          { tested: 9, kept: [5, 9, 14, 21, 23] },
          { tested: undefined, kept: [5, 14, 21, 23] },
        ]) {
          const folder = yield* scratch
          yield* attempt(folder, { experiment: tiny({ budget: { iterations: 9 } }) })
          const experiment = tiny({ keepCheckpoints: 2 })
          yield* attempt(folder, { experiment, ...(tested === undefined ? {} : { tested }) })
          assert.deepStrictEqual((yield* contents(folder)).names, kept.map(checkpointFile))
        }
      }),
    ),
  )

  it.live("refuses to start a fork over that has no good checkpoint, and changes none of its files", () =>
    live(
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const paths = yield* Path.Path
        const parent: Parent = { run: "20260101T000000Z-tiny-00000000", fingerprint: "p", iteration: 4 }
        const refused = Effect.fnUntraced(function* (folder: string, go: Go) {
          const { startedAt, trained } = yield* attempt(folder, { ...go, parent })
          const error = yield* Effect.flip(trained)
          assert.strictEqual(startedAt, -1)
          assert.strictEqual(
            error.message,
            `cannot resume the fork: found no good checkpoint, expected one of iteration 4 (where it was forked from ${parent.run}) or later; fork again with \`pnpm pipeline run FILE --from ${parent.run}\``,
          )
        })
        const folder = yield* scratch
        yield* attempt(folder, { stopAt: 9 })
        for (const name of yield* fs.readDirectory(paths.join(folder, "checkpoints"))) {
          yield* fs.truncate(paths.join(folder, "checkpoints", name), 100)
        }
        yield* refused(folder, {})

        // The best is lost, and there is no checkpoint before it.
        const best = { experiment: tiny({ report: "best" }) }
        const whole = yield* scratch
        yield* attempt(whole, best)
        yield* fs.remove(paths.join(whole, "checkpoints", checkpointFile(5)))
        const before = yield* contents(whole)
        yield* refused(whole, best)
        assert.deepStrictEqual(yield* contents(whole), before)
      }),
    ),
  )

  it.live("starts over without any good checkpoint, and ends with the same bytes", () =>
    live(
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const paths = yield* Path.Path
        const whole = yield* scratch
        yield* attempt(whole)
        const folder = yield* scratch
        yield* attempt(folder, { stopAt: 9 })
        for (const name of yield* fs.readDirectory(paths.join(folder, "checkpoints"))) {
          yield* fs.writeFileString(paths.join(folder, "checkpoints", name), "<html>not found</html>")
        }
        const resumed = yield* attempt(folder)
        assert.strictEqual(resumed.startedAt, 0)
        const { events, metrics } = yield* contents(folder)
        const expected = yield* contents(whole)
        assert.deepStrictEqual({ events, metrics }, { events: expected.events, metrics: expected.metrics })
      }),
    ),
  )

  it.live("refuses a budget below a checkpoint, and changes no file", () =>
    live(
      Effect.gen(function* () {
        const folder = yield* scratch
        yield* attempt(folder)
        const before = yield* contents(folder)
        const { startedAt, trained } = yield* attempt(folder, {
          experiment: tiny({ budget: { iterations: total - 1 } }),
        })
        const error = yield* Effect.flip(trained)
        assert.strictEqual(error._tag, "BudgetPassed")
        assert.include(
          error.message,
          `cannot train to the budget of ${total - 1} iterations: found a checkpoint of iteration ${total}; nothing was changed`,
        )
        assert.strictEqual(startedAt, -1)
        assert.deepStrictEqual(yield* contents(folder), before)
      }),
    ),
  )

  it.live("fails on a loss that is not finite, names the iteration, and keeps the checkpoint before it", () =>
    live(
      Effect.gen(function* () {
        const paths = yield* Path.Path
        const folder = yield* scratch
        const { trained } = yield* attempt(folder, { poisonAt: 17, chunk: 1 })
        assert.isTrue(Exit.isFailure(trained))
        const error = yield* Effect.flip(trained)
        assert.strictEqual(error._tag, "NonFiniteLoss")
        assert.match(error.message, /NaN at iteration 18; the last good checkpoint is iteration-00000014/)
        const good = yield* restoreCheckpoint(paths.join(folder, "checkpoints"), total)
        assert.isDefined(good)
        for (const { data } of good?.state ?? []) assert.isTrue(data.every((value) => Number.isFinite(value)))
      }),
    ),
  )

  it.live("neither evaluates nor saves weights that are not finite", () =>
    live(
      Effect.gen(function* () {
        const paths = yield* Path.Path
        // At an evaluation, at a checkpoint that is due, at the last one, and at one that a signal causes.
        for (const { kept, stopAt, update } of [
          { update: 5, kept: undefined },
          { update: 14, kept: 7 },
          { update: 23, kept: 21 },
          { update: 17, kept: 14, stopAt: 17 },
        ]) {
          const folder = yield* scratch
          const learningRateAt = { iteration: update - 1, value: Number.POSITIVE_INFINITY }
          const go = { learningRateAt, chunk: 1, ...(stopAt === undefined ? {} : { stopAt }) }
          const error = yield* Effect.flip((yield* attempt(folder, go)).trained)
          const expected =
            kept === undefined
              ? "no checkpoint was saved before"
              : `the last good checkpoint is ${checkpointFile(kept)}`
          assert.strictEqual(error._tag, "NonFiniteLoss", error.message)
          assert.match(
            error.message,
            /^training diverged: dense_1\/kernel.* holds -?(NaN|Infinity) at iteration \d+; /,
          )
          assert.include(error.message, ` at iteration ${update}; ${expected}`)
          const good = yield* restoreCheckpoint(paths.join(folder, "checkpoints"), total)
          assert.strictEqual(good?.progress.iteration, kept)
        }
      }),
    ),
  )

  it.live(
    "fails on a validation loss that is not finite while the weights are, and names the iteration",
    () =>
      live(
        Effect.gen(function* () {
          const folder = yield* scratch
          const learningRateAt = { iteration: 9, value: 3.4e38 }
          const error = yield* Effect.flip((yield* attempt(folder, { learningRateAt })).trained)
          assert.strictEqual(error._tag, "NonFiniteLoss", error.message)
          assert.match(
            error.message,
            /^training diverged: the validation loss is NaN at iteration 10; the last good .*-00000007/,
          )
        }),
      ),
  )

  it.live("renames a checkpoint of an older version that holds a value that is not finite", () =>
    live(
      Effect.gen(function* () {
        const paths = yield* Path.Path
        const whole = yield* scratch
        yield* attempt(whole)
        const folder = yield* scratch
        yield* attempt(folder, { stopAt: 16 })
        const checkpoints = paths.join(folder, "checkpoints")
        const newest = yield* restoreCheckpoint(checkpoints, total)
        assert.isDefined(newest)
        if (newest === undefined) return
        newest.state[1].data[0] = Number.NaN
        yield* saveCheckpoint(checkpoints, newest.state, newest.progress, "f")
        const resumed = yield* attempt(folder)
        assert.strictEqual(resumed.startedAt, 14)
        const { events, last: _, metrics, names } = yield* contents(folder)
        const expected = yield* contents(whole)
        assert.deepStrictEqual({ events, metrics }, { events: expected.events, metrics: expected.metrics })
        assert.include(names, `${newest.file}.damaged`)
      }),
    ),
  )

  it.live(
    "counts the same evaluations for early stopping when it is interrupted, and keeps the best checkpoint",
    () =>
      live(
        Effect.gen(function* () {
          const paths = yield* Path.Path
          const impatient = tiny({
            evaluateEvery: 2,
            earlyStopping: { patience: 2, minDelta: 10 },
            report: "best",
            keepCheckpoints: 1,
          })
          const whole = yield* scratch
          const { trained } = yield* attempt(whole, { experiment: impatient })
          const result = yield* trained
          // No evaluation is better than the first by 10, so training ends after two more. The best is found nevertheless.
          assert.strictEqual(result.progress.iteration, 6)
          assert.isTrue(result.stoppedEarly)
          assert.strictEqual(result.checkpoint, "checkpoints/iteration-00000006.safetensors")
          const best = yield* loadCheckpoint(
            paths.join(whole, "checkpoints"),
            "iteration-00000006.safetensors",
          )
          assert.strictEqual(best._tag, "Success")
          const folder = yield* scratch
          yield* attempt(folder, { experiment: impatient, stopAt: 5 })
          yield* attempt(folder, { experiment: impatient })
          assert.deepStrictEqual(yield* contents(folder), yield* contents(whole))
        }),
      ),
  )
})
