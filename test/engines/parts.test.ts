/** A trace whose batch is computed in parts gives what the whole one gives, and computes in parts what it can. */
import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { Effect } from "effect"
import { OnnxGraph } from "../../engines/onnx/graph.ts"
import { lower } from "../../engines/onnx/lowering/lower.ts"
import { Lowering } from "../../engines/onnx/lowering/Lowering.ts"
import { floatTensor, loadRuntime } from "../../engines/onnx/runtime.ts"
import { useCpuBackend } from "../../engines/trace/cpuBackend.ts"
import { reachable, type Value } from "../../engines/trace/graph.ts"
import { inParts, partSizes } from "../../engines/trace/parts.ts"
import { simplify } from "../../engines/trace/simplify.ts"
import { trace } from "../../engines/trace/trace.ts"
import { takeOver } from "../../stages/model/variables.ts"

useCpuBackend()

const ort = await Effect.runPromise(loadRuntime)

/** An odd number: the parts have 3 and 2 examples. */
const batch = 5

const waves = (size: number, phase: number) =>
  Float32Array.from({ length: size }, (_, i) => 0.5 * Math.sin(i * 12.9898 + phase))

type Run = (w: tf.Tensor, x: tf.Tensor4D) => tf.Tensor

const sequence = (x: tf.Tensor) => tf.reshape(x, [-1, 16, 3])
const rowsOf = (x: tf.Tensor) => tf.reshape(x, [-1, 48]) as tf.Tensor2D

/** Made before the trace, which refuses constants of this size. */
const eachExample = tf.tensor4d(waves(batch, 5), [batch, 1, 1, 1])

interface Case {
  readonly shape: ReadonlyArray<number>
  readonly run: Run
}

/** The value of the function, and the gradient of the sum of its squares for the weight. */
const traced = ({ run, shape }: Case) => {
  const w = tf.tidy(() => takeOver(tf.variable(tf.zeros([...shape])), `w${shape.join("x")}`))
  const found = trace([w], [{ name: "x", shape: [batch, 4, 4, 3] }], ({ x }) => {
    let y: tf.Tensor = tf.scalar(0)
    const { grads } = tf.variableGrads(() => {
      y = tf.keep(run(w, x as tf.Tensor4D))
      return tf.sum(tf.square(y)) as tf.Scalar
    }, [w])
    return { value: y, gradient: grads[w.name] ?? tf.zeros([...shape]) }
  })
  w.dispose()
  return found
}

const inTwo = (outputs: ReadonlyArray<Value>, isWhole: (value: Value) => boolean = () => false) =>
  inParts(outputs, {
    sizes: partSizes(batch, 2),
    isBatch: ({ attributes }) => attributes.kind === "feed",
    isWhole,
  })

const evaluate = async (outputs: ReadonlyArray<Value>, shape: ReadonlyArray<number>) => {
  const graph = new OnnxGraph("parts")
  const values = reachable(outputs)
  const lowering = new Lowering(graph, values, undefined)
  const feeds: Record<string, ReturnType<typeof floatTensor>> = {}
  for (const value of values) {
    if (value.op !== "Input") continue
    const { kind, name } = value.attributes
    const size = value.shape.reduce((product, axis) => product * axis, 1)
    feeds[name] = floatTensor(ort, waves(size, kind === "feed" ? 2 : 1), value.shape)
    lowering.write(value, "nhwc", graph.input(name, value.shape))
  }
  lower(
    values.filter(({ op }) => op !== "Input"),
    lowering,
  )
  outputs.forEach((output, i) => {
    graph.ops("Identity", [lowering.read(output)], [`output${i}`])
    graph.output(`output${i}`, output.shape)
  })
  const session = await ort.InferenceSession.create(graph.encode(), { intraOpNumThreads: 1 })
  const results = await session.run(feeds)
  await session.release()
  assert.isAbove(Object.keys(feeds).length, 0, shape.join())
  return outputs.map((_, i) => [...(results[`output${i}`].data as Float32Array)])
}

const cases: Readonly<Record<string, Case>> = {
  "a convolution and its gradients": {
    shape: [3, 3, 3, 2],
    run: (w, x) => tf.conv2d(tf.conv2d(x, w as tf.Tensor4D, 1, "same"), tf.ones([2, 2, 2, 2]), 2, "same"),
  },
  "a depthwise convolution": {
    shape: [3, 3, 3, 2],
    run: (w, x) => tf.depthwiseConv2d(x, w as tf.Tensor4D, 1, "same"),
  },
  "poolings, and ReLU before them": {
    shape: [3],
    run: (w, x) =>
      tf.concat(
        [tf.maxPool(tf.relu(tf.mul(x, w)) as tf.Tensor4D, 2, 2, "same"), tf.avgPool(x, 2, 2, "same")],
        3,
      ),
  },
  "a product with a weight": { shape: [48, 4], run: (w, x) => tf.matMul(rowsOf(x), w) },
  "a product of all pixels, which are more rows than examples": {
    shape: [3, 4],
    run: (w, x) => tf.relu(tf.matMul(tf.reshape(x, [-1, 3]), w as tf.Tensor2D)),
  },
  "attention within each example": {
    shape: [3, 3],
    run: (w, x) => {
      const query = tf.reshape(tf.matMul(tf.reshape(x, [-1, 3]), w as tf.Tensor2D), [-1, 16, 3])
      return tf.matMul(tf.softmax(tf.matMul(query, sequence(x), false, true)), sequence(x))
    },
  },
  "normalization over the batch": {
    shape: [3],
    run: (w, x) => {
      const centred = tf.sub(x, tf.mean(x, [0, 1, 2], true))
      return tf.mul(tf.div(centred, tf.sqrt(tf.add(tf.mean(tf.square(centred), [0, 1, 2], true), 0.1))), w)
    },
  },
  "examples compared with all others": {
    shape: [48, 4],
    run: (w, x) => {
      const rows = tf.matMul(rowsOf(x), w as tf.Tensor2D)
      return tf.softmax(tf.matMul(rows, rows, false, true))
    },
  },
  "examples in another order": {
    shape: [3],
    run: (w, x) => tf.mul(tf.add(x, tf.reverse(x, 0)), w),
  },
  "a reshape across examples": {
    shape: [15],
    run: (w, x) => tf.relu(tf.mul(tf.reshape(x, [16, 15]), w)),
  },
  "an exchange of the batch with rows, which are as many": {
    shape: [3],
    run: (w, x) => {
      const square = tf.pad(x, [
        [0, 0],
        [0, 1],
        [0, 0],
        [0, 0],
      ])
      return tf.mul(tf.transpose(tf.relu(square), [1, 0, 2, 3]), w)
    },
  },
  "examples as the last axis": {
    shape: [16],
    run: (w, x) => tf.mul(tf.transpose(x, [1, 2, 3, 0]), tf.reshape(w, [4, 4, 1, 1])),
  },
  "a constant with a value for each example": {
    shape: [3],
    run: (w, x) => tf.mul(tf.mul(x, w), eachExample),
  },
  "padding that takes the first example away and adds one": {
    shape: [3],
    run: (w, x) =>
      tf.mul(
        tf.pad(x, [
          [-1, 1],
          [0, 0],
          [0, 0],
          [0, 0],
        ]),
        w,
      ),
  },
  "the largest of the batch": { shape: [3], run: (w, x) => tf.mul(tf.sub(x, tf.max(x, 0, true)), w) },
  "a choice by a condition": {
    shape: [3],
    run: (w, x) => tf.where(tf.greater(x, 0.1), tf.mul(x, w), tf.zerosLike(x)),
  },
  "places in a table": {
    shape: [6, 2],
    run: (w, x) =>
      tf.gather(w, tf.cast(tf.mul(tf.abs(tf.slice(x, [0, 0, 0, 0], [-1, 4, 4, 1])), 9), "int32")),
  },
  "examples that choose other examples": {
    shape: [48],
    run: (w, x) => {
      const numbers = tf.mul(tf.abs(tf.slice(x, [0, 0, 0, 0], [-1, 1, 1, 1])), 8)
      return tf.gather(tf.mul(rowsOf(x), w), tf.cast(tf.reshape(numbers, [-1]), "int32"))
    },
  },
  "padding, tiles and slices of each example": {
    shape: [3],
    run: (w, x) => {
      const padded = tf.pad(tf.mul(x, w) as tf.Tensor4D, [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 0],
      ])
      return tf.slice(tf.tile(padded, [1, 1, 2, 1]), [0, 1, 2, 0], [-1, 4, 6, 2])
    },
  },
}

describe("a batch in two parts", () => {
  for (const [name, definition] of Object.entries(cases)) {
    it(`gives the value and the gradient of the whole: ${name}`, async () => {
      const { outputs } = traced(definition)
      const whole = simplify([outputs.value, outputs.gradient])
      const [expected, actual] = [
        await evaluate(whole, definition.shape),
        await evaluate(inTwo(whole), definition.shape),
      ]
      actual.forEach((values, i) => {
        assert.lengthOf(values, expected[i].length)
        const largest = Math.max(...expected[i].map(Math.abs))
        values.forEach((value, at) => assert.closeTo(value, expected[i][at], 2e-6 * largest))
      })
    })
  }

  const operationsOf = (name: keyof typeof cases, isWhole?: (value: Value) => boolean) => {
    const { outputs } = traced(cases[name])
    const values = reachable(inTwo(simplify([outputs.value, outputs.gradient]), isWhole))
    return values.map(({ op, shape }) => `${op} [${shape.join()}]`)
  }

  it("cuts the images once, convolves each part, and adds the gradients of the filter up", () => {
    const operations = operationsOf("a convolution and its gradients")
    const count = (operation: string) => operations.filter((each) => each === operation).length
    assert.strictEqual(count("Slice [3,4,4,3]"), 1)
    assert.strictEqual(count("Slice [2,4,4,3]"), 1)
    assert.strictEqual(count("Conv2D [3,4,4,2]"), 1)
    assert.strictEqual(count("Conv2D [2,4,4,2]"), 1)
    assert.strictEqual(count("Conv2DFilterGradient [3,3,3,2]"), 2)
    assert.strictEqual(count("Add [3,3,3,2]"), 1)
    // The output, which is asked for as a whole.
    assert.deepStrictEqual(
      operations.filter((each) => each.startsWith("Concat")),
      ["Concat [5,2,2,2]"],
    )
  })

  it("joins the parts for what compares examples", () => {
    const operations = operationsOf("examples compared with all others")
    assert.include(operations, "Concat [5,4]")
  })

  it("computes a value as a whole that is to stay so", () => {
    const operations = operationsOf("a convolution and its gradients", ({ op }) => op === "Conv2D")
    assert.include(operations, "Conv2D [5,4,4,2]")
    assert.notInclude(operations, "Conv2D [3,4,4,2]")
  })

  it("has sizes that differ by one at most, and no more parts than examples", () => {
    assert.deepStrictEqual(
      [partSizes(50, 2), partSizes(25, 2), partSizes(1, 2), partSizes(7, 3)],
      [[25, 25], [13, 12], [1], [3, 2, 2]],
    )
  })
})
