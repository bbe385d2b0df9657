/** Own code that passes the check and fails later, in training: the run ends with 65, the function and the line. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { LearningRate } from "../../schemas/experiment/Optimizer.ts"
import { fillInWorker } from "../../stages/batch/batchThread.ts"
import type { BatchOptions } from "../../stages/batch/fillBatch.ts"
import { callSchedule, preprocessAll, trySchedule } from "../../stages/code/call.ts"
import { OwnCodeFailed } from "../../stages/code/load.ts"
import { withFeeds } from "../../stages/train/feeds.ts"
import { onlyRun } from "../fixtures/runFiles.ts"
import { runsIn } from "../pipeline/runsIn.ts"
import { loadOwn } from "./loadOwn.ts"

const messageOf = (f: () => unknown): string => {
  try {
    f()
  } catch (error) {
    assert.instanceOf(error, OwnCodeFailed)
    return error.message
  }
  return assert.fail("it does not fail")
}

/** Throws in iteration 7, on line 5. */
const scheduleThatThrows = `export const own = defineSchedule({
  call: ({ iteration }) => { if (iteration === 7) throw new Error("late"); return 0.1 },
})`
const thrownLate = "own code own of own.ts failed: late, at call (own.ts:5)"

describe("a schedule", () => {
  it("is tried in every iteration of the budget before training, and in the last one of a long budget", async () => {
    const { own } = await loadOwn("schedule", scheduleThatThrows)
    assert.deepStrictEqual(
      trySchedule(own, 7),
      Array.from({ length: 7 }, () => 0.1),
    )
    assert.strictEqual(
      messageOf(() => trySchedule(own, 8)),
      thrownLate,
    )
    const last = await loadOwn(
      "schedule",
      `export const own = defineSchedule({ call: ({ iteration, budget }) => iteration < budget - 1 ? 0.1 : NaN })`,
    )
    assert.strictEqual(
      messageOf(() => trySchedule(last.own, 1_000_000)),
      "own code own of own.ts failed: found NaN at iteration 999999, expected a learning rate of at least 0",
    )
    assert.isBelow(
      trySchedule((await loadOwn("schedule", scheduleThatThrows.replace("7", "-1"))).own, 1e9).length,
      1e5,
    )
  })

  it("refuses a rate that float32 cannot hold", async () => {
    const { own } = await loadOwn("schedule", `export const own = defineSchedule({ call: () => 1e39 })`)
    assert.include(
      messageOf(() => callSchedule(own, 0, 1)),
      "found 1e+39 at iteration 0, expected a learning rate of at least 0 that float32 can hold",
    )
  })

  it.effect("that fails in an iteration fails the feeds of that iteration", () =>
    Effect.gen(function* () {
      const { own, reference } = yield* Effect.promise(() => loadOwn("schedule", scheduleThatThrows))
      const chunk = (iteration: number) => ({
        iteration,
        iterations: 4,
        images: new Float32Array(4),
        labels: new Float32Array(4),
      })
      const feeds = Stream.make(chunk(0), chunk(4)).pipe(
        withFeeds({
          dropoutMasks: [],
          schedule: reference satisfies LearningRate,
          total: 8,
          ownRate: (iteration, budget) => callSchedule(own, iteration, budget),
        }),
      )
      const seen: Array<number> = []
      const error = yield* Stream.runForEach(feeds, (fed) =>
        Effect.sync(() => seen.push(fed.iteration, ...fed.feeds.learningRate)),
      ).pipe(Effect.flip)
      assert.deepStrictEqual(seen, [0, ...new Float32Array(4).fill(0.1)])
      assert.strictEqual(error.message, thrownLate)
    }),
  )
})

describe("preprocessing", () => {
  it("that fails on one of many images is described once", async () => {
    const { own } = await loadOwn(
      "preprocess",
      `export const own = definePreprocess({
  call: ({ image }) => { if (image[0] === 3) throw new Error("three"); return image },
})`,
    )
    const images = Uint8Array.of(1, 2, 3, 4)
    assert.strictEqual(
      messageOf(() => preprocessAll(own, images, [1, 1, 1])),
      "own code own of own.ts failed: three, at call (own.ts:5)",
    )
  })
})

describe("augmentation", () => {
  const options: BatchOptions = {
    dataset: {
      name: "noise",
      classes: 2,
      imageShape: [2, 2, 1],
      images: new Uint8Array(new SharedArrayBuffer(32)).map((_, i) => i),
      labels: Int32Array.from({ length: 8 }, (_, i) => i % 2),
      trainExamples: 8,
      testExamples: 0,
    },
    indices: Uint32Array.from({ length: 8 }, (_, i) => i),
    table: Float32Array.from({ length: 256 }, (_, value) => value),
    batchSize: 2,
    seed: 1,
  }
  const fill = async (call: string, iteration: number) => {
    const { code, reference } = await loadOwn(
      "augment",
      `export const own = defineAugment({\n  call: ${call},\n})`,
    )
    return Effect.gen(function* () {
      const worker = yield* fillInWorker({ ...options, code, augmentation: { ...none, custom: reference } })
      return yield* worker.fill(iteration, 1, { images: new Float32Array(8), labels: new Float32Array(4) })
    }).pipe(Effect.scoped)
  }
  const none = { probability: 1, rotation: 0, scale: 0, shear: 0, shift: 0 }

  it("that throws in the thread that fills batches is an error of own code", async () => {
    const call = `({ image }) => { if (image.includes(0)) throw new Error("dark"); return image }`
    // Every epoch of 4 batches has the image with the pixel 0.
    const results = await Promise.all(
      [0, 1, 2, 3].map(async (iteration) => Effect.runPromise(Effect.result(await fill(call, iteration)))),
    )
    const failures = results.flatMap((result) => (result._tag === "Failure" ? [result.failure] : []))
    assert.strictEqual(failures.length, 1)
    assert.instanceOf(failures[0], OwnCodeFailed)
    assert.strictEqual(failures[0].message, "own code own of own.ts failed: dark, at call (own.ts:5)")
  })

  it("that gives another size, or draws from the process, is refused there too", async () => {
    const messages = await Promise.all(
      ["({ image }) => image.subarray(1)", "({ image }) => image.map(() => Math.random())"].map(
        async (call) => (await Effect.runPromise(Effect.flip(await fill(call, 0)))).message,
      ),
    )
    assert.include(messages[0], "found 3 values, expected a Float32Array of 4 values")
    assert.include(messages[1], "it calls Math.random in own.ts:5; draw from the generator")
  })
})

describe("a run", () => {
  const scratch = mkdtempSync(join(tmpdir(), "tidemark-own-late-"))
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))
  writeFileSync(
    join(scratch, "own.ts"),
    `import { defineAugment, defineSchedule } from "tidemark/code"
export const rate = defineSchedule({
  call: ({ iteration }) => { if (iteration > 30) throw new Error("too late"); return 0.01 },
})
export const strict = defineAugment({
  call: ({ image }) => { if (image[14 * 28 + 14] > 0.99) throw new Error("too bright"); return image },
})
`,
  )
  const write = (name: string, parts: string) => {
    const file = join(scratch, `${name}.ts`)
    writeFileSync(
      file,
      `const own = (name) => ({ kind: "custom", module: "./own.ts", export: name })
export default {
  name: "late", dataset: "mnist", loss: "softmaxCrossEntropy", batchSize: 10, budget: { iterations: 20 },
  model: [{ kind: "flatten" }, { kind: "dense", units: 10 }],
  ${parts},
}
`,
    )
    return runsIn(scratch, file)
  }

  it("whose schedule fails in a longer budget ends before training", async () => {
    const { folder, run } = write("rates", `optimizer: { kind: "sgd", learningRate: own("rate") }`)
    const { code, stderr } = await run("rates", "--iterations=40")
    assert.strictEqual(code, 65, stderr)
    assert.match(stderr, /own code rate of own\.ts failed: too late, at call \(own\.ts:3\)/)
    assert.deepStrictEqual(readdirSync(join(onlyRun(folder("rates")), "checkpoints")), [])
  }, 60_000)

  it("whose augmentation fails on a real image ends with its line", async () => {
    const { run } = write(
      "augmented",
      `optimizer: { kind: "sgd", learningRate: 0.01 }, augmentation: { custom: own("strict") }`,
    )
    const { code, stderr } = await run("augmented")
    assert.strictEqual(code, 65, stderr)
    assert.match(stderr, /own code strict of own\.ts failed: too bright, at call \(own\.ts:6\)/)
  }, 60_000)
})
