/** Champions and forks are tested on unseen examples only: real runs with other splits and with data that has grown. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { promoteRun } from "../../../operations/champion/manual.ts"
import { predictTestSplit } from "../../../operations/champion/modelOnEngine.ts"
import { gateRun } from "../../../operations/champion/gateRun.ts"
import { prepareFork } from "../../../pipeline/lineage/fork.ts"
import type { Split } from "../../../schemas/experiment/Split.ts"
import type { Experiment } from "../../../schemas/experiment/Experiment.ts"
import { layers, optimizers } from "../../../schemas/index.ts"
import { ImageMemory } from "../../../stages/dataset/images.ts"
import { splitDataset } from "../../../stages/dataset/split.ts"
import { findRun, type Run } from "../../../storage/runDirectory.ts"
import { readFetched } from "../../../storage/stageRecords.ts"
import type { Ended } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import { readsOfFiles } from "../../fixtures/readsOfFiles.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-leakage-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const runsDir = join(scratch, "runs")

const testExamples = 1000
/** Appended to the 2000 of the train file. */
const appended = 200

const header = (...numbers: ReadonlyArray<number>) => {
  const bytes = Buffer.alloc(4 * numbers.length)
  numbers.forEach((number, i) => bytes.writeUInt32BE(number, 4 * i))
  return bytes
}

/** Dark and bright images of 4 × 4, no two alike: the number of each is written into its first two pixels. */
const writeSet = (folder: string, trainExamples: number, trainFrom = 0, testFrom = 5000) => {
  mkdirSync(folder, { recursive: true })
  for (const [half, first, examples] of [
    ["train", trainFrom, trainExamples],
    ["test", testFrom, testExamples],
  ] as const) {
    const image = (number: number) => [number >> 8, number & 255, ...Array(14).fill((number % 2) * 180 + 20)]
    const numbers = Array.from({ length: examples }, (_, i) => first + i)
    writeFileSync(
      join(folder, `${half}-images`),
      Buffer.concat([header(0x803, examples, 4, 4), Uint8Array.from(numbers.flatMap(image))]),
    )
    writeFileSync(
      join(folder, `${half}-labels`),
      Buffer.concat([header(0x801, examples), Uint8Array.from(numbers, (number) => number % 2)]),
    )
  }
}

const split = (seed: number, test = 0.2): Split => ({ kind: "pooled", test, validation: 0.1, seed })

let files = 0

/** An experiment of two iterations. Its gate rejects it for its size, so the champion stays. */
const write = (name: string, set: string, split: Split, iterations = 2) => {
  const at = (file: string) => ({ source: join(set, file) })
  const experiment = {
    name: "numbers",
    dataset: {
      name: "numbers",
      classes: 2,
      imageShape: [4, 4],
      trainImages: at("train-images"),
      trainLabels: at("train-labels"),
      testImages: at("test-images"),
      testLabels: at("test-labels"),
    },
    split,
    model: [layers.flatten(), layers.dense({ units: 2 })],
    loss: "softmaxCrossEntropy",
    optimizer: optimizers.adam({ learningRate: 0.01 }),
    batchSize: 20,
    budget: { iterations },
    gate: { mostSizeBytes: 1 },
  }
  const file = join(scratch, `${name}-${++files}.ts`)
  writeFileSync(file, `export default ${JSON.stringify(experiment)}`)
  return file
}

const run = (...words: ReadonlyArray<string>) =>
  runCommand(
    "run",
    ...words,
    "--json",
    "--engine=onnx",
    `--runs-dir=${runsDir}`,
    `--data-dir=${join(scratch, "data")}`,
  )

/** The run that a command trained. */
const trainedBy = ({ code, stderr, stdout }: Ended): Promise<Run> => {
  assert.strictEqual(code, 0, stderr)
  const id = basename(JSON.parse(stdout).path)
  return Effect.runPromise(findRun(runsDir, id).pipe(Effect.provide(NodeServices.layer)))
}

const train = async (...experiment: Parameters<typeof write>) => trainedBy(await run(write(...experiment)))

const testOf = (split: Split, trainExamples: number) => [
  ...Effect.runSync(splitDataset(split, { trainExamples, testExamples })).test,
]

const services = Layer.merge(NodeServices.layer, FetchHttpClient.layer)

it("compares on the test examples that are unseen by the champion, and reports if too few are left", async () => {
  const [first, grown] = [join(scratch, "first"), join(scratch, "grown")]
  writeSet(first, 2000)
  writeSet(grown, 2000 + appended)
  const champion = await train("champion", first, split(0))
  const otherSeed = await train("other-seed", first, split(1))
  const moreData = await train("more-data", grown, split(0))
  const small = await train("small", first, split(1, 0.05))

  await Effect.gen(function* () {
    yield* promoteRun(runsDir, champion, null)
    const held = new Set(testOf(split(0), 2000))

    const unseen = testOf(split(1), 2000).filter((index) => held.has(index))
    assert.isAbove(unseen.length, 100)
    assert.isBelow(unseen.length, 200)
    const one = yield* gateRun(runsDir, otherSeed)
    assert.strictEqual(one.verdict?.test?.examples, unseen.length)

    // In the grown files 2000 to 2199 are new, and those after them have moved.
    const unseenOfMore = testOf(split(0), 2000 + appended).filter((index) =>
      index < 2000 ? held.has(index) : index < 2000 + appended || held.has(index - appended),
    )
    const two = yield* gateRun(runsDir, moreData)
    assert.strictEqual(two.verdict?.test?.examples, unseenOfMore.length)
    const fromItsFile = unseenOfMore.filter((index) => index < 2000 + appended).length
    assert.isAbove(fromItsFile, 0)

    const fromFiles = predictTestSplit(champion, moreData, undefined).pipe(
      Effect.provideService(ImageMemory, 0),
    )
    const { exit, files } = yield* readsOfFiles(fromFiles)
    assert.strictEqual(Result.getOrThrow(yield* exit).labels.length, unseenOfMore.length)
    const failing = yield* readsOfFiles(fromFiles, files.length)
    assert.strictEqual((yield* Effect.flip(failing.exit))._tag, "StorageFailed")

    const left = testOf(split(1, 0.05), 2000).filter((index) => held.has(index)).length
    assert.isBelow(left, 75)
    const three = yield* gateRun(runsDir, small)
    assert.isFalse(three.champion)
    assert.isNull(three.verdict?.test)
    assert.include(
      three.reasons.join(),
      `it was trained on all but ${left} of the 150 test examples, and 75 are needed; decide with \`pnpm pipeline promote ${small.identity.id}\``,
    )

    const own = yield* readFetched(champion.path)
    rmSync(own?.files.trainImages.path ?? "")
    const four = yield* gateRun(runsDir, moreData)
    assert.isFalse(four.champion)
    assert.match(four.reasons.join(), /its training examples cannot be read: .*\.idx/)
  }).pipe(Effect.scoped, Effect.provide(services), Effect.runPromise)
}, 300_000)

it("tests a fork of a pooled split on its parent's test set, even after the files have grown", async () => {
  const [set, moved] = [join(scratch, "pool"), join(scratch, "pool-moved")]
  writeSet(set, 2000)
  writeSet(moved, 2000)
  const parent = await train("pool", set, split(0))
  writeSet(set, 2000 + appended)
  const fork = (file: string) => run(file, "--from", parent.path)
  const forked = await trainedBy(await fork(write("pool", set, split(0), 4)))
  const files = (path: string) =>
    Effect.runPromise(readFetched(path).pipe(Effect.provide(NodeServices.layer))).then((own) => own?.files)
  assert.strictEqual(forked.identity.parent?.run, parent.identity.id)
  assert.deepStrictEqual(await files(forked.path), await files(parent.path))

  const elsewhere = await fork(write("pool", moved, split(0), 4))
  assert.strictEqual(elsewhere.code, 65)
  assert.match(
    elsewhere.stderr,
    /found dataset\.\w+\.source ".*", expected ".*"; a pooled split of other files would test it/,
  )

  const prepared = (change: Partial<Experiment>) =>
    prepareFork(parent, { ...parent.identity.experiment, budget: { iterations: 4 }, ...change })
  const { dataset } = parent.identity.experiment
  assert.isObject(dataset)
  if (typeof dataset === "string") return
  await Effect.gen(function* () {
    // Bounds validate the files and do not select them.
    yield* prepared({ dataset: { ...dataset, bounds: { testExamples: [1, 5000] } } })
    rmSync(join(parent.path, "stages", "fetch.json"))
    const { message } = yield* Effect.flip(prepared({}))
    assert.match(
      message,
      /stages\/fetch\.json is missing or damaged, so the files of its pooled split are unknown/,
    )
  }).pipe(Effect.provide(services), Effect.runPromise)
})

describe("a fork of a standard split", () => {
  const standard: Split = { kind: "standard", validation: 100, seed: 0 }
  const set = (
    name: string,
    ...contents: Parameters<typeof writeSet> extends [string, ...infer R] ? R : never
  ) => {
    const folder = join(scratch, name)
    writeSet(folder, ...contents)
    return folder
  }
  let from: Run
  let fork: (name: string, set: string, iterations: number, parent?: string) => ReturnType<typeof run>
  beforeAll(async () => {
    from = await train("standard", set("standard", 2000), standard)
    fork = (name, folder, iterations, parent = from.path) =>
      run(write(name, folder, standard, iterations), "--from", parent)
  })

  it("trains on more data, and warns of validation images that its parent was trained on", async () => {
    const { code, stderr } = await fork("more", set("more", 2000 + appended), 4)
    assert.strictEqual(code, 0, stderr)
    const { train: own, validation } = Effect.runSync(
      splitDataset(standard, { trainExamples: 2000 + appended, testExamples }),
    )
    assert.strictEqual(own.length, 2000 + appended - 100)
    const seen = validation.filter((index) => index < 2000).length
    assert.include(
      stderr,
      `validation-set leakage: ${from.identity.id}, the parent of this run, was trained or validated on ${seen} of the 100 validation images`,
    )
  })

  it("is not tested on training images of its parent, nor of its parent's parent", async () => {
    const moved = set("moved", 1500, 0, 1500)
    const leakage = (relation: string) =>
      `test-set leakage: ${from.identity.id}, ${relation}, was trained on 500 of the 1000 test images; train from scratch, without --from`
    const { code, stderr } = await fork("moved", moved, 4)
    assert.strictEqual(code, 65)
    assert.include(stderr, leakage("the parent of this run"))

    const others = await fork("others", set("others", 2000, 10_000), 4)
    const child = await trainedBy(others)
    assert.notInclude(others.stderr, "warning")
    const grandchild = await fork("grandchild", set("grandchild", 2000, 10_000, 1500), 6, child.path)
    assert.strictEqual(grandchild.code, 65)
    assert.include(grandchild.stderr, leakage("in the lineage of this run"))
  })

  it("may be tested on as many images of its parent as are in its own training set", async () => {
    const { code, stderr } = await fork("twice", set("twice", 2000, 0, 1999), 4)
    assert.strictEqual(code, 0, stderr)
  })

  it("is compared as a champion on test images that are unseen by its parent, too", async () => {
    const champion = await trainedBy(await fork("champion", set("champion-fork", 2000, 10_000), 4))
    const challenger = await train("challenger", set("challenger", 2000, 10_000, 1500), standard)
    await Effect.gen(function* () {
      yield* promoteRun(runsDir, champion, null)
      assert.strictEqual((yield* gateRun(runsDir, challenger)).verdict?.test?.examples, 500)
    }).pipe(Effect.scoped, Effect.provide(services), Effect.runPromise)
  })

  it("finds its parent in another folder, and warns if the parent's data is gone", async () => {
    const elsewhere = (iterations: number, folder: string) =>
      runCommand(
        "run",
        write("elsewhere", folder, standard, iterations),
        "--from",
        from.path,
        "--engine",
        "onnx",
        "--runs-dir",
        join(scratch, "elsewhere"),
        "--data-dir",
        join(scratch, "data"),
      )
    const leaking = await elsewhere(4, set("elsewhere-moved", 1500, 0, 1500))
    assert.strictEqual(leaking.code, 65)
    assert.include(leaking.stderr, "was trained on 500 of the 1000 test images")

    const files = await Effect.runPromise(readFetched(from.path).pipe(Effect.provide(NodeServices.layer)))
    rmSync(files?.files.trainImages.path ?? "")
    const gone = await elsewhere(4, set("elsewhere-others", 2000, 10_000))
    assert.strictEqual(gone.code, 0, gone.stderr)
    assert.match(gone.stderr, /warning: cannot check for test-set leakage: .*\.idx/)
  })
})
