/** What no memory holds is refused before a run directory exists, with the figures. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Result, Runtime, Schema } from "effect"
import { Experiment } from "../../../schemas/experiment/Experiment.ts"
import { inferShapes } from "../../../schemas/experiment/shapes.ts"
import { checkMemory, MachineMemory, trainingMemory } from "../../../stages/model/memory.ts"
import { runCommand } from "../../fixtures/command.ts"
import tiny from "../../fixtures/tiny.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-memory-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const base = {
  ...tiny,
  model: [{ kind: "flatten" }, { kind: "dense", units: 10 }],
  optimizer: { kind: "sgd", learningRate: { kind: "constant", value: 0.1 } },
  averaging: undefined,
  batchSize: 20,
}
const imageShape = [28, 28, 1]
const decode = (changes: object) => {
  const { averaging, ...rest } = { ...base, ...changes }
  return Schema.decodeUnknownSync(Experiment)(averaging === undefined ? rest : { ...rest, averaging })
}
const layersOf = ({ model }: Experiment) => Result.getOrThrow(inferShapes(model, imageShape, 10))
const memoryOf = (changes: object) => {
  const experiment = decode(changes)
  return trainingMemory(experiment, layersOf(experiment), imageShape)
}

describe("trainingMemory", () => {
  it("counts the state twice, the gradients, the activations with their gradients, and two batches", () => {
    const parameters = 784 * 10 + 10
    const batchBytes = 4 * 20 * (10 + 10 + 2 * (784 + 10))
    assert.deepStrictEqual(memoryOf({}), {
      parameters,
      stateBytes: 4 * parameters,
      batchBytes,
      totalBytes: 3 * 4 * parameters + batchBytes,
    })
  })

  it("counts the scores of attention, which images of many positions make large", () => {
    const ends = [{ kind: "flatten" }, { kind: "dense", units: 10 }]
    const modelWith = (options: object) => [
      { kind: "maxPooling2d", poolSize: 4, name: "few" },
      { kind: "multiHeadAttention", inputs: ["images", "few"], numHeads: 3, keyDim: 2, ...options },
      ...ends,
    ]
    const model = modelWith({})
    const activations = 49 + 784 + 784 * 49 * 3 + 10
    const largest = 784 * 49 * 3 + 784
    assert.strictEqual(memoryOf({ model }).batchBytes, 4 * 20 * (activations + largest + 2 * (784 + 10)))
    const masks = 784 * 49 * 3
    assert.strictEqual(
      memoryOf({ model: modelWith({ dropout: 0.1 }) }).batchBytes,
      4 * 20 * (activations + masks + largest + 2 * (784 + 10)),
    )
  })

  it("counts the optimizer's slots and the average of the weights in the state", () => {
    const learningRate = 0.1
    const statesOf = (changes: object) => memoryOf(changes).stateBytes / memoryOf({}).stateBytes
    const rate = { kind: "constant", value: learningRate }
    assert.deepStrictEqual(
      [
        { optimizer: { kind: "momentum", learningRate: rate } },
        { optimizer: { kind: "rmsprop", learningRate: rate } },
        { optimizer: { kind: "rmsprop", learningRate: rate, momentum: 0.9 } },
        { optimizer: { kind: "adam", learningRate: rate } },
        { optimizer: { kind: "adam", learningRate: rate }, averaging: { decay: 0.9 } },
      ].map(statesOf),
      [2, 2, 3, 3, 4],
    )
  })
})

describe("checkMemory", () => {
  const check = (changes: object, machineBytes: number) => {
    const experiment = decode(changes)
    return checkMemory(experiment, layersOf(experiment), imageShape).pipe(
      Effect.provideService(MachineMemory, machineBytes),
    )
  }

  it.effect("accepts what fits exactly, and refuses one byte more with the figures", () =>
    Effect.gen(function* () {
      const { totalBytes } = memoryOf({})
      yield* check({}, totalBytes)
      const error = yield* Effect.flip(check({}, totalBytes - 1))
      assert.strictEqual(
        error.message,
        "cannot train tiny: it needs at least 223 kB of memory (94.2 kB for 7,850 parameters, 129 kB for a batch of 20 examples), expected at most the 223 kB of this machine; use a smaller batchSize or smaller layers",
      )
      assert.strictEqual(error[Runtime.errorExitCode], 65)
    }),
  )

  it.effect("refuses a checkpoint that cannot be read back, whatever the machine", () =>
    Effect.gen(function* () {
      const model = [{ kind: "flatten" }, { kind: "dense", units: 1e6 }, { kind: "dense", units: 10 }]
      const error = yield* Effect.flip(check({ model }, 2 ** 50))
      assert.include(
        error.message,
        "a checkpoint of 3.2 GB for 795,000,010 parameters, expected at most 2.1 GB",
      )
    }),
  )
})

describe("pipeline run", () => {
  const many = Array.from({ length: 10_000 }, () => ({ kind: "dense", units: 2 }))
  const cases: ReadonlyArray<readonly [what: string, changes: object, expected: string]> = [
    ["a huge batch", { batchSize: 2 ** 40 }, "for a batch of 1,099,511,627,776 examples"],
    [
      "a huge layer",
      { model: [base.model[0], { kind: "dense", units: 2 ** 31 }, base.model[1]] },
      "checkpoint",
    ],
    ["10,002 layers", { model: [base.model[0], ...many, base.model[1]] }, "a model has at most 500 layers"],
    ["an unsafe integer", { batchSize: 2 ** 60 }, "batchSize: found 1152921504606847000, expected at most"],
  ]
  it.each(cases)("refuses %s with exit code 65 and makes no run", async (what, changes, expected) => {
    const file = join(scratch, `${what.replaceAll(/\W/g, "-")}.ts`)
    writeFileSync(file, `export default ${JSON.stringify({ ...base, ...changes })}`)
    const runs = join(scratch, "runs")
    const { code, stderr } = await runCommand("run", file, `--runs-dir=${runs}`)
    assert.strictEqual(code, 65, stderr)
    assert.include(stderr, expected)
    assert.isFalse(existsSync(runs))
  })
})
