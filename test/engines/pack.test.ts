/** Which variables of a step are kept as one vector, that each of them is in it once, and that their bits do not change. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { CurrentState } from "../../engines/onnx/CurrentState.ts"
import { compileStep, nextName } from "../../engines/onnx/compile.ts"
import { loadRuntime, openSession } from "../../engines/onnx/runtime.ts"
import { sizeOf } from "../../engines/trace/graph.ts"
import { type Kept, pack } from "../../engines/trace/pack.ts"
import { simplify } from "../../engines/trace/simplify.ts"
import { traceProgram } from "../../engines/trace/traceProgram.ts"
import { layers } from "../../schemas/experiment/Model.ts"
import { optimizers } from "../../schemas/experiment/Optimizer.ts"
import { digest } from "../fixtures/runFiles.ts"
import { type Case, feedsOf, programOf } from "./training.ts"

const model: Case["model"] = [
  layers.conv2d({ filters: 8, kernelSize: 3, padding: "same", activation: "relu" }),
  layers.batchNormalization(),
  layers.maxPooling2d(),
  layers.flatten(),
  layers.dense({ units: 300 }),
  layers.dense({ units: 3 }),
]
const inputShape = [24, 24, 1] as const
const largest = 32_768

const keptOf = Effect.fnUntraced(function* (definition: Case) {
  const program = yield* programOf({ inputShape, ...definition })
  const traced = yield* traceProgram("onnx", program.variables, program.feeds, program.step)
  const [loss, errorRate, ...next] = simplify([
    traced.outputs.loss,
    traced.outputs.errorRate,
    ...traced.variables.map((variable) => variable.next),
  ])
  const variables = traced.variables.map((variable, i) => ({ ...variable, next: next[i] }))
  return { kept: pack(variables, [loss, errorRate], largest), program }
})

const groups = (kept: ReadonlyArray<Kept>) =>
  kept.filter(({ members }) => members.length > 1).map(({ members }) => members.map(({ name }) => name))

const kernels = ["conv2d_1/kernel", "dense_2/kernel"]
const others = [
  "conv2d_1/bias",
  "batchNormalization_1/gamma",
  "batchNormalization_1/beta",
  "dense_1/bias",
  "dense_2/bias",
]
const of = (slot: string) => (name: string) => `${name}/${slot}`

const optimizer = {
  "gradient descent": optimizers.sgd({ learningRate: 0.1 }),
  momentum: optimizers.momentum({ learningRate: 0.1 }),
  rmsprop: optimizers.rmsprop({ learningRate: 0.1 }),
  adam: optimizers.adam({ learningRate: 0.1 }),
  adamw: optimizers.adamw({ learningRate: 0.1, weightDecay: 0.01 }),
  "adam with clipped gradients": optimizers.adam({ learningRate: 0.1, clip: { norm: 1 } }),
} satisfies Readonly<Record<string, Case["optimizer"]>>

const bytesOf = ({ buffer, byteLength, byteOffset }: Float32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** The digests of the state after two updates in one call, by variable. */
const trainedWith = Effect.fnUntraced(function* (definition: Case, largest: number) {
  const program = yield* programOf({ inputShape, ...definition })
  const traced = yield* traceProgram("onnx", program.variables, program.feeds, program.step)
  const ort = yield* loadRuntime
  const step = compileStep(traced, undefined, largest)
  const session = yield* openSession(ort, step.model, 1)
  const initial = new Map(
    program.variables.map((variable) => [variable.name, variable.dataSync<"float32">()]),
  )
  const state = new CurrentState(ort, step.state, initial)
  const feeds = feedsOf(program, 2)
  const fed = program.feeds.flatMap(({ name, shape }) =>
    step.feeds.has(name) ? [[name, new ort.Tensor("float32", feeds[name], [2, ...shape])] as const] : [],
  )
  const iterations = new ort.Tensor("int64", BigInt64Array.of(2n), [])
  const inputs = { iterations, ...Object.fromEntries(fed), ...state.tensors }
  const outputs = yield* Effect.promise(() => session.run(inputs))
  state.replace((input) => outputs[nextName(input)])
  const digests = [...state.variables].map(([name, data]) => [name, digest(bytesOf(data))])
  return { inputs: step.state.length, variables: Object.fromEntries(digests) as Record<string, string> }
}, Effect.scoped)

describe("variables kept as one vector", () => {
  for (const [name, chosen] of Object.entries(optimizer)) {
    it.effect(`${name}: have the bits that each of them has alone`, () =>
      Effect.gen(function* () {
        const definition: Case = { model, optimizer: chosen, averaging: { decay: 0.9 } }
        const alone = yield* trainedWith(definition, 0)
        const together = yield* trainedWith(definition, largest)
        assert.isBelow(together.inputs, alone.inputs)
        assert.deepStrictEqual(together.variables, alone.variables)
      }),
    )
  }

  for (const [name, chosen] of Object.entries(optimizer)) {
    it.effect(`${name}: every variable is kept once, whole, at a place of its own`, () =>
      Effect.gen(function* () {
        const { kept, program } = yield* keptOf({ model, optimizer: chosen })
        const members = kept.flatMap((each) => each.members)
        const names = members.map((member) => member.name)
        assert.sameMembers(
          names,
          program.variables.map((variable) => variable.name),
        )
        for (const { input, members } of kept) {
          let end = 0
          for (const member of members) {
            assert.strictEqual(member.offset, end)
            end += sizeOf(member.input.shape)
          }
          assert.strictEqual(end, sizeOf(input.shape))
        }
        assert.isTrue(groups(kept).length > 0)
      }),
    )
  }

  it.effect(
    "adam: small weights together, each of their slots together, and nothing with more than 32,768 values",
    () =>
      Effect.gen(function* () {
        const { kept } = yield* keptOf({ model, optimizer: optimizer.adam })
        const small = ["conv2d_1/kernel", ...others.slice(0, 4), "dense_2/kernel", "dense_2/bias"]
        const sets = groups(kept).map((names) => [...names].sort())
        for (const expected of [small, small.map(of("m")), small.map(of("v"))]) {
          assert.deepInclude(sets, [...expected].sort())
        }
        const alone = kept.filter(({ members }) => members.length === 1).map(({ name }) => name)
        assert.includeMembers(alone, ["dense_1/kernel", "dense_1/kernel/m", "dense_1/kernel/v"])
      }),
  )

  it.effect("adamw: weights that decay are apart from those that do not", () =>
    Effect.gen(function* () {
      const { kept } = yield* keptOf({ model, optimizer: optimizer.adamw })
      const sets = groups(kept).map((names) => [...names].sort())
      assert.deepInclude(sets, [...kernels].sort())
      assert.deepInclude(sets, [...others].sort())
    }),
  )
})
