/** Which variables of a step are kept as one vector, and that each of them is in it once. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { sizeOf } from "../../engines/trace/graph.ts"
import { type Kept, pack } from "../../engines/trace/pack.ts"
import { simplify } from "../../engines/trace/simplify.ts"
import { traceProgram } from "../../engines/trace/traceProgram.ts"
import { layers } from "../../schemas/experiment/Model.ts"
import { optimizers } from "../../schemas/experiment/Optimizer.ts"
import { type Case, programOf } from "./training.ts"

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

describe("variables kept as one vector", () => {
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
