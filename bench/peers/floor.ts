/**
 * The limits of a machine: how fast it multiplies large matrices and copies memory. `node floor.ts THREADS`
 *
 * The floor of an iteration is its products and direct convolutions at the speed of the multiplication, and one fused pass of
 * Adam at the speed of the copy. DFT convolutions can be faster than that: both our engines use them for 5×5 filters.
 */
import { Effect } from "effect"
import { OnnxGraph } from "../../engines/onnx/graph.ts"
import { loadRuntime, openSession } from "../../engines/onnx/runtime.ts"
import { serve } from "./contender.ts"

const size = 1536
const multiplied = 4
/** Floating-point operations of one call. */
export const multiplicationFlops = multiplied * 2 * size ** 3
const copiedFloats = 2 ** 25
const copied = 8
/** Bytes read and written in one call. */
export const copyBytes = copied * 2 * 4 * copiedFloats

/** Adam reads weights, both moments and the gradient, and writes three of them; the gradient was written before. */
export const adamBytes = (parameters: number) => 8 * 4 * parameters

/** `times` nodes one after another. Only the largest element is an output, because outputs are copied. */
const chain = (op: string, shape: ReadonlyArray<number>, times: number, isBinary: boolean) => {
  const graph = new OnnxGraph(op)
  const x = graph.input("x", shape)
  let y = x
  for (let i = 0; i < times; i++) y = graph.op(op, isBinary ? [y, x] : [y])
  graph.ops("ReduceMax", [y], ["largest"], { keepdims: { i: 0 } })
  graph.output("largest", [])
  return graph.encode()
}

const measure = (threads: number) =>
  Effect.gen(function* () {
    const ort = yield* loadRuntime
    const open = Effect.fnUntraced(function* (model: Uint8Array, shape: ReadonlyArray<number>) {
      const session = yield* openSession(ort, model, threads)
      const values = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1 / size)
      const x = new ort.Tensor("float32", values, [...shape])
      return () => session.run({ x })
    })
    const multiply = yield* open(chain("MatMul", [size, size], multiplied, true), [size, size])
    const copy = yield* open(chain("Neg", [copiedFloats], copied, false), [copiedFloats])
    // The first calls are not measured.
    yield* Effect.promise(() => multiply().then(copy))
    yield* Effect.promise(() =>
      serve(
        { losses: [], predictions: [], prepareMs: 0, versions: {} },
        {
          train: async (times) => {
            for (let i = 0; i < times; i++) await multiply()
          },
          predict: async () => {
            await copy()
          },
        },
      ),
    )
  })

if (import.meta.main) await Effect.runPromise(Effect.scoped(measure(Number(process.argv[2]))))
