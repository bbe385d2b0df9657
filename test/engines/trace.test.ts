/** A program that cannot be traced is refused with the name of its layer, and TensorFlow.js stays as it was. */
import { afterEach, assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { Effect } from "effect"
import { Engine, type Program } from "../../engines/Engine.ts"
import { useCpuBackend } from "../../engines/trace/cpuBackend.ts"
import * as Onnx from "../../engines/onnx/Onnx.ts"
import { TraceRefused } from "../../engines/trace/backend.ts"
import { reachable } from "../../engines/trace/graph.ts"
import { inLayer } from "../../engines/trace/layer.ts"
import { simplify } from "../../engines/trace/simplify.ts"
import { trace } from "../../engines/trace/trace.ts"
import { layers } from "../../schemas/experiment/Model.ts"
import { programOf } from "./training.ts"

useCpuBackend()
const before = { backend: tf.getBackend(), random: Math.random, tensors: tf.memory().numTensors }

afterEach(() => {
  assert.strictEqual(tf.getBackend(), before.backend)
  assert.strictEqual(Math.random, before.random)
  assert.strictEqual(tf.memory().numTensors, before.tensors)
  assert.deepStrictEqual([...tf.tidy(() => tf.add([1, 2], 1).dataSync())], [2, 3])
})

const feeds = [{ name: "x", shape: [2, 3] }]
const refusalOf = (f: (x: tf.Tensor) => tf.Tensor, variables: ReadonlyArray<tf.Variable> = []) => {
  try {
    trace(variables, feeds, ({ x }) => ({ y: inLayer("dense_7", () => f(x)) }))
  } catch (error) {
    if (error instanceof TraceRefused) return error
    throw error
  }
  throw new Error("the trace succeeded, expected TraceRefused")
}

describe("tracing refuses", () => {
  it("an unknown kernel", () => {
    const { kernel, layer } = refusalOf((x) => tf.asinh(x))
    assert.deepStrictEqual([kernel, layer], ["Asinh", "dense_7"])
  })

  it("an unknown kernel of a function that is differentiated", () => {
    const { kernel, layer } = refusalOf((x) => tf.grad((a) => tf.sum(tf.cumsum(a)))(x))
    assert.strictEqual(layer, "dense_7")
    assert.strictEqual(kernel, "Cumsum")
  })

  it("reading a value", () => {
    const refusal = refusalOf((x) => tf.mul(x, x.dataSync()[0]))
    assert.include(refusal.message, "input x is read")
    assert.strictEqual(refusal.layer, "dense_7")
  })

  it("random numbers, seeded or not", () => {
    assert.strictEqual(refusalOf((x) => tf.add(x, tf.randomUniform([2, 3]))).kernel, "Random")
    const seeded = refusalOf((x) => tf.add(x, tf.randomUniform([2, 3], 0, 1, "float32", 5)))
    assert.strictEqual(seeded.kernel, "Constant")
    assert.include(seeded.message, "shape [2,3]")
  })

  it("a variable outside the state, and names it", () => {
    const variable = tf.tidy(() => tf.variable(tf.tensor([1, 2, 3]), true, "stray"))
    assert.include(refusalOf((x) => tf.add(x, variable)).message, "variable stray")
    variable.dispose()
  })

  it("making a variable", () => {
    assert.strictEqual(refusalOf((x) => tf.add(x, tf.variable(tf.zeros([3])))).kernel, "Variable")
  })
})

describe("shapes that do not fit", () => {
  const mistakes: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
    "a product of matrices": (x) => tf.matMul(x, x),
    "a product with a transposed matrix": (x) => tf.matMul(x, tf.zeros([4, 2]), false, true),
    "a product by batch": (x) => tf.matMul(tf.stack([x, x]), tf.zeros([2, 2, 3])),
    "an einsum": (x) => tf.einsum("ij,jk->ik", x, tf.zeros([2, 2])),
    "a reshape": (x) => tf.reshape(x, [2, 2]),
    "a concatenation": (x) => tf.concat([x, tf.zeros([3, 3])], 1),
    "a stack": (x) => tf.stack([x, tf.zeros([3, 2])]),
    "a slice": (x) => tf.slice(x, [0, 2], [2, 2]),
    "a split": (x) => tf.split(x, [1, 1], 1)[0],
    "a sum": (x) => tf.add(x, tf.zeros([2, 2])),
  }
  for (const [name, run] of Object.entries(mistakes)) {
    it(`are an error in a trace as in the reference: ${name}`, () => {
      assert.throws(() => tf.tidy(() => run(tf.zeros([2, 3]))), Error)
      assert.throws(() => trace([], feeds, ({ x }) => ({ y: run(x) })), Error)
    })
  }

  it("are inferred where a split leaves one to the rest", () => {
    const { y } = trace([], feeds, ({ x }) => ({ y: tf.split(x, [1, -1], 1)[1] })).outputs
    assert.deepStrictEqual(y.shape, [2, 2])
  })
})

describe("tracing", () => {
  it("traces an assignment without changing the variable's value", () => {
    const variable = tf.tidy(() => tf.variable(tf.tensor([1, 2, 3]), true, "w"))
    const { variables } = trace([variable], feeds, ({ x }) => {
      variable.assign(tf.add(variable, tf.sum(x, 0)))
      variable.assign(tf.mul(variable, 2))
      return { y: tf.sum(variable) }
    })
    assert.deepStrictEqual([...variable.dataSync()], [1, 2, 3])
    assert.strictEqual(variables[0].next.op, "Mul")
    tf.tidy(() => variable.assign(tf.tensor([4, 5, 6])))
    assert.deepStrictEqual([...variable.dataSync()], [4, 5, 6])
    variable.dispose()
  })

  it("gives every value of a network its layer, including gradients", () =>
    Effect.runSync(
      Effect.scoped(
        Effect.gen(function* () {
          const program = yield* programOf({
            model: [
              layers.conv2d({ filters: 2, kernelSize: 3, name: "eyes" }),
              layers.maxPooling2d(),
              layers.flatten(),
              layers.dense({ units: 3 }),
            ],
          })
          const { outputs, variables } = trace(program.variables, program.feeds, program.step)
          const values = reachable([outputs.loss, outputs.errorRate, ...variables.map(({ next }) => next)])
          const layerOf = (op: string) => values.filter((value) => value.op === op).map(({ layer }) => layer)
          assert.deepStrictEqual(layerOf("Conv2D"), ["eyes"])
          assert.deepStrictEqual(layerOf("Conv2DFilterGradient"), ["eyes"])
          assert.deepStrictEqual(layerOf("MaxPoolGradient"), ["maxPooling2d_1"])
          assert.isTrue(layerOf("MatMul").every((layer) => layer === "dense_1"))
          assert.isTrue(
            values.every(({ layer, op }) => op === "Input" || op === "Fill" || layer !== "program"),
          )
        }),
      ),
    ))
})

/** The operations after simplification. */
const simplified = (f: (x: tf.Tensor) => tf.Tensor) => {
  const { outputs } = trace([], feeds, ({ x }) => ({ y: f(x) }))
  return reachable(simplify([outputs.y]))
    .map(({ op }) => op)
    .filter((op) => op !== "Input" && op !== "Fill")
}

describe("simplifying", () => {
  it("drops operations that change nothing", () => {
    assert.deepStrictEqual(
      simplified((x) => tf.add(tf.mul(tf.reshape(tf.reshape(x, [6]), [2, 3]), 1), tf.zeros([2, 3]))),
      [],
    )
  })

  it("computes equal values once", () => {
    assert.deepStrictEqual(
      simplified((x) => tf.mul(tf.exp(x), tf.exp(x))),
      ["Exp", "Mul"],
    )
  })

  it("computes a value once that a ReLU and another operation use", () => {
    const filter = tf.ones([3, 4])
    assert.deepStrictEqual(
      simplified((x) => {
        const product = tf.matMul(x as tf.Tensor2D, filter as tf.Tensor2D)
        return tf.add(tf.relu(product), product)
      }),
      ["MatMul", "Relu", "Add"],
    )
    filter.dispose()
  })

  it("keeps the type of whole numbers that are reshaped twice", () => {
    const { outputs } = trace([], feeds, ({ x }) => ({
      y: tf.reshape(tf.reshape(tf.cast(x, "int32"), [6]), [3, 2]),
    }))
    const [{ dtype, op, shape }] = simplify([outputs.y])
    assert.deepStrictEqual([op, dtype, [...shape]], ["Reshape", "int32", [3, 2]])
  })

  it("joins scalar factors", () => {
    assert.deepStrictEqual(
      simplified((x) => tf.div(tf.mul(tf.mul(x, 3), 2), 4)),
      ["Mul"],
    )
  })
})

describe("the onnx engine", () => {
  it.effect("names the layer and the kernel that it does not support", () =>
    Effect.gen(function* () {
      const program = yield* programOf({ model: [layers.flatten(), layers.dense({ units: 3 })] })
      const unsupported: Program = {
        ...program,
        step: (fed) => {
          const { errorRate, loss } = program.step(fed)
          return { errorRate, loss: inLayer("dense_1", () => tf.asinh(loss)) }
        },
      }
      const error = yield* Effect.flip((yield* Engine).compile(unsupported))
      assert.strictEqual(
        error.message,
        "the onnx engine does not support Asinh of layer dense_1: the tracer does not know this kernel; use --engine reference or another layer",
      )
    }).pipe(Effect.scoped, Effect.provide(Onnx.layer({ threads: 1 }))),
  )
})
