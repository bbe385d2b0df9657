/** The graph of the tensorflow engine, its threads, and its memory and files. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import protobuf from "protobufjs"
import { Engine } from "../../engines/Engine.ts"
import { traceProgram } from "../../engines/trace/traceProgram.ts"
import { compile } from "../../engines/tensorflow/compile.ts"
import type { NodeDef, SavedModel } from "../../engines/tensorflow/proto.ts"
import { makeTrainer } from "../../engines/tensorflow/Trainer.ts"
import { loadRuntime } from "../../engines/tensorflow/runtime.ts"
import * as TensorFlow from "../../engines/tensorflow/TensorFlow.ts"
import { layers } from "../../schemas/experiment/Model.ts"
import { optimizers } from "../../schemas/experiment/Optimizer.ts"
import { digestWith } from "./digest.ts"
import { hasTensorflow, tensorflowThreads } from "./engines.ts"
import { type Case, feedsOf, images, programOf } from "./training.ts"

const definition: Case = {
  model: [
    layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu" }),
    layers.batchNormalization(),
    layers.flatten(),
    layers.dense({ units: 3 }),
  ],
  optimizer: optimizers.adam({ learningRate: 1 }),
}

/** A network whose second convolution is a DFT convolution. */
const wide: Case = {
  model: [
    layers.conv2d({ filters: 32, kernelSize: 5, padding: "same", activation: "relu" }),
    layers.conv2d({ filters: 64, kernelSize: 5, padding: "same", activation: "relu" }),
    layers.flatten(),
    layers.dense({ units: 3 }),
  ],
  optimizer: optimizers.adam({ learningRate: 1 }),
  batchSize: 32,
}

const compiled = Effect.fnUntraced(function* (wanted: Case, isOnCpu = true) {
  const program = yield* programOf(wanted)
  const step = yield* traceProgram("tensorflow", program.variables, program.feeds, program.step)
  const feeds = [{ name: "images", shape: [32, ...program.inputShape] }]
  const predict = yield* traceProgram("tensorflow", program.variables, feeds, (fed) => ({
    probabilities: program.predict(fed.images as never),
  }))
  const proto = fileURLToPath(new URL("../../engines/tensorflow/savedModel.proto", import.meta.url))
  const type = protobuf.loadSync(proto).lookupType("tensorflow.SavedModel")
  const model = type.toObject(type.decode(compile(step, predict, isOnCpu).savedModel), {
    arrays: true,
  }) as SavedModel
  return { program, graph: model.metaGraphs[0] }
}, Effect.scoped)

const ofType = (nodes: ReadonlyArray<NodeDef>, op: string) => nodes.filter((node) => node.op === op)
const isControl = (input: string) => input.startsWith("^")

describe("a program's TensorFlow graph", () => {
  it.effect("updates every trained variable in one operation and assigns the others", () =>
    Effect.gen(function* () {
      const { graph, program } = yield* compiled(definition)
      const { node } = graph.graphDef
      assert.lengthOf(ofType(node, "VarHandleOp"), program.variables.length)
      // Kernel and bias of two layers, gamma and beta of one.
      assert.lengthOf(ofType(node, "ResourceApplyAdam"), 6)
      const assigned = ofType(node, "AssignVariableOp").map(({ name }) => name)
      assert.sameMembers(
        assigned.filter((name) => name.startsWith("next/")),
        [
          "next/batchNormalization_1/moving_mean",
          "next/batchNormalization_1/moving_variance",
          "next/optimizer/beta1Power",
          "next/optimizer/beta2Power",
        ],
      )
    }),
  )

  it.effect.each([
    { of: "small convolutions", wanted: definition, count: 10 },
    { of: "one with DFT convolutions", wanted: wide, count: 8 },
  ])(
    "writes a variable after it was read, in place after its last use, and returns results last ($of)",
    ({ count, wanted }) =>
      Effect.gen(function* () {
        const { graph } = yield* compiled(wanted)
        const { node } = graph.graphDef
        const byName = new Map(node.map((each) => [each.name, each]))
        const before = (name: string, seen = new Set<string>()): ReadonlySet<string> => {
          for (const input of byName.get(name)?.input ?? []) {
            const source = input.replace(/^\^|:\d+$/g, "")
            if (!seen.has(source)) before(source, seen.add(source))
          }
          return seen
        }
        const isUpdate = (op: string) => op === "ResourceApplyAdam"
        const writes = node.filter(
          ({ name, op }) => isUpdate(op) || (op === "AssignVariableOp" && name.startsWith("next/")),
        )
        assert.lengthOf(writes, count)
        for (const { input, name, op } of writes) {
          const reads = ofType(node, "ReadVariableOp").filter(
            (read) => read.input.includes(input[0]) && read.name.startsWith("step/"),
          )
          const users = node.filter((user) => reads.some((read) => user.input.includes(read.name)))
          const earlier = isUpdate(op) ? [...reads, ...users] : reads
          assert.includeMembers(
            [...before(name)],
            earlier.map((each) => each.name),
            name,
          )
        }
        const results = node.find(({ name }) => name === "results")
        assert.sameMembers(
          (results?.input ?? []).filter(isControl),
          writes.map(({ name }) => `^${name}`),
        )
      }),
  )

  it.effect("normalizes images in one operation, and its gradient is another", () =>
    Effect.gen(function* () {
      const { graph } = yield* compiled(definition)
      const { node } = graph.graphDef
      assert.lengthOf(ofType(node, "FusedBatchNormV3"), 1)
      assert.lengthOf(ofType(node, "FusedBatchNormGradV3"), 1)
      const ofLayer = node.filter(({ name }) => name.startsWith("batchNormalization_1/"))
      // In the step, what is left are the moving averages. The prediction multiplies and adds.
      assert.lengthOf(ofType(ofLayer, "Mean"), 0)
      assert.lengthOf(ofType(ofLayer, "Sum"), 0)
      assert.lengthOf(ofType(ofLayer, "BiasAddGrad"), 0)
    }),
  )

  it.effect("computes each DFT of a wide convolution once", () =>
    Effect.gen(function* () {
      const { graph } = yield* compiled(wide)
      const { node } = graph.graphDef
      const under = (nodes: ReadonlyArray<NodeDef>) => nodes.map(({ name }) => name.split("/")[0])
      for (const op of ["Conv2D", "Conv2DBackpropFilter", "Conv2DBackpropInput"]) {
        assert.notInclude(under(ofType(node, op)), "conv2d_2", op)
      }
      // In two halves: the DFTs of x and dy, three products, their transforms back. The filter has one DFT for both.
      const step = 1 + 2 * (2 + 3 + 3)
      const prediction = 1 + 2 * (1 + 1 + 1)
      assert.lengthOf(ofType(node, "BatchMatMulV2"), step + prediction)
      assert.lengthOf(ofType(node, "AddN"), 0)
    }),
  )

  it.effect("cuts the batch of a DFT convolution into slices, and each waits for the one before", () =>
    Effect.gen(function* () {
      const { graph } = yield* compiled({ ...wide, inputShape: [14, 14, 1], batchSize: 1000 })
      const { node } = graph.graphDef
      // Two halves of 500 images, each in 10 slices: x for y, dy for dx, both for dfilter. All slices wait, except the first.
      const slices = ofType(node, "Slice").filter(({ name }) => name.startsWith("conv2d_2/"))
      assert.lengthOf(slices, 2 * 4 * 10)
      assert.lengthOf(
        slices.filter(({ input }) => input.some(isControl)),
        2 * 4 * 9,
      )
      assert.deepStrictEqual(
        ofType(node, "AddN").map(({ input }) => input.length),
        [10, 10],
      )
    }),
  )

  it.effect("has no DFT convolutions if they are turned off", () =>
    Effect.gen(function* () {
      const { graph } = yield* compiled(wide, false)
      assert.lengthOf(ofType(graph.graphDef.node, "BatchMatMulV2"), 0)
    }),
  )

  it.effect("has four signatures, and only the feeds that the step needs", () =>
    Effect.gen(function* () {
      const { graph, program } = yield* compiled(definition)
      assert.sameMembers(Object.keys(graph.signatureDef), ["step", "predict", "read", "load"])
      assert.sameMembers(Object.keys(graph.signatureDef.step.inputs), ["images", "labels", "learningRate"])
      assert.sameMembers(
        Object.keys(graph.signatureDef.load.inputs),
        program.variables.map(({ name }) => name),
      )
    }),
  )

  for (const [name, optimizer, op] of [
    ["gradient descent", optimizers.sgd({ learningRate: 1 }), "ResourceApplyGradientDescent"],
    ["momentum", optimizers.momentum({ learningRate: 1 }), "ResourceApplyMomentum"],
    ["rmsprop", optimizers.rmsprop({ learningRate: 1, momentum: 0.5 }), "ResourceApplyRMSProp"],
  ] as const) {
    it.effect(`has ${name} as one operation for each variable`, () =>
      Effect.gen(function* () {
        const { graph } = yield* compiled({ ...definition, optimizer })
        assert.lengthOf(ofType(graph.graphDef.node, op), 6)
      }),
    )
  }
})

const installed = hasTensorflow ? describe : describe.skip
installed("the tensorflow engine", () => {
  afterEach(() => vi.unstubAllEnvs())
  const script = fileURLToPath(new URL("digest.ts", import.meta.url))
  const digestInProcess = (threads: number) =>
    execFileSync(process.execPath, [script, "tensorflow", String(threads)], { encoding: "utf8" }).trim()

  it.effect("gives the same bits in another process with the same number of threads", () =>
    Effect.gen(function* () {
      const here = yield* digestWith(TensorFlow.layer({ threads: tensorflowThreads }))
      assert.strictEqual(digestInProcess(tensorflowThreads), here)
      assert.strictEqual(digestInProcess(1), digestInProcess(1))
    }),
  )

  it.effect("has dft in its path on a CPU and not on a GPU", () =>
    Effect.gen(function* () {
      const { info } = yield* Engine
      assert.strictEqual(info.path.endsWith("+dft+fused+halves"), info.device === "cpu")
    }).pipe(Effect.provide(TensorFlow.layer({ threads: tensorflowThreads }))),
  )

  it.effect("keeps no TensorFlow tensor after a call, and no temporary folder after its scope", () =>
    Effect.gen(function* () {
      // A folder of its own: other processes of the tests have theirs in the common one.
      const temporary = mkdtempSync(join(tmpdir(), "tidemark-scope-"))
      vi.stubEnv("TMPDIR", temporary)
      const { native } = yield* loadRuntime(tensorflowThreads)
      const start = native.memory().numTensors
      yield* Effect.scoped(
        Effect.gen(function* () {
          const program = yield* programOf(definition)
          const trainer = yield* (yield* Engine).compile(program)
          yield* trainer.train(3, feedsOf(program, 3))
          yield* trainer.predict(images(64 * 7))
          yield* trainer.load(yield* trainer.state)
          assert.strictEqual(native.memory().numTensors, start)
          assert.match(readdirSync(temporary).join(), /^tidemark-tensorflow-/)
        }),
      )
      assert.strictEqual(native.memory().numTensors, start)
      assert.deepStrictEqual(readdirSync(temporary), [])
      rmSync(temporary, { recursive: true })
    }).pipe(Effect.provide(TensorFlow.layer({ threads: tensorflowThreads }))),
  )

  it.effect("passes only memory that TensorFlow copies: none begins at a multiple of 8", () =>
    Effect.gen(function* () {
      const { native } = yield* loadRuntime(tensorflowThreads)
      const begins: Array<number> = []
      const watched: typeof native = {
        ...native,
        tensor: (values, shape, dtype) => {
          begins.push(values.byteOffset % 8)
          return native.tensor(values, shape, dtype)
        },
      }
      yield* Effect.scoped(
        Effect.gen(function* () {
          const program = yield* programOf(definition)
          const trainer = yield* makeTrainer(watched, program, true)
          yield* trainer.train(2, feedsOf(program, 2))
          yield* trainer.predict(images(64 * 7))
          yield* trainer.load(yield* trainer.state)
          const { length } = program.variables
          // The initial state, two iterations of three feeds, one prediction, the loaded state.
          assert.deepStrictEqual(
            begins,
            Array.from({ length: length + 2 * 3 + 1 + length }, () => 4),
          )
        }),
      )
    }),
  )
})
