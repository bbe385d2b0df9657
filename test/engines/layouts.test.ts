/** A value of any type that is written in one layout can be read in every other layout. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Blocked } from "../../engines/onnx/lowering/blocked.ts"
import { OnnxGraph } from "../../engines/onnx/graph.ts"
import { type Layout, Lowering } from "../../engines/onnx/lowering/Lowering.ts"
import { probeBlock } from "../../engines/onnx/probe.ts"
import { loadRuntime, openSession } from "../../engines/onnx/runtime.ts"
import { type DType, node, sizeOf } from "../../engines/trace/graph.ts"
import { emulatedBlocked } from "./emulatedBlocked.ts"

const [batch, height, width, channels] = [2, 3, 5, 32]
const layouts: ReadonlyArray<Layout> = ["nhwc", "nchw", "nchwc"]
const shapes: Readonly<Record<Layout, ReadonlyArray<number>>> = {
  nhwc: [batch, height, width, channels],
  nchw: [batch, channels, height, width],
  nchwc: [batch, channels, height, width],
}

/** The position of each element of [batch, height, width, channels]. */
const placesIn = (layout: Layout, block: number): ReadonlyArray<number> =>
  Array.from({ length: sizeOf(shapes.nhwc) }, (_, i) => {
    const c = i % channels
    const pixel = Math.floor(i / channels) % (height * width)
    const example = Math.floor(i / (channels * height * width))
    const pixels = height * width
    if (layout === "nhwc") return i
    if (layout === "nchw") return (example * channels + c) * pixels + pixel
    const blocks = channels / block
    return ((example * blocks + Math.floor(c / block)) * pixels + pixel) * block + (c % block)
  })

/** The value's elements in the order of a layout, all different if the type allows it. */
const elementsIn = (layout: Layout, block: number, dtype: DType) => {
  const elements =
    dtype === "bool" ? new Uint8Array(sizeOf(shapes.nhwc)) : new Float32Array(sizeOf(shapes.nhwc))
  placesIn(layout, block).forEach((place, i) => {
    elements[place] = dtype === "bool" ? Math.imul(i, 0x9e3779b1) >>> 31 : i
  })
  return elements
}

const converted = Effect.fnUntraced(function* (blocked: Blocked, from: Layout, to: Layout, dtype: DType) {
  const ort = yield* loadRuntime
  const graph = new OnnxGraph("convert")
  const value = node("layer", "Input", [], { name: "x", kind: "feed" }, shapes.nhwc, dtype)
  const lowering = new Lowering(graph, [value], blocked)
  lowering.write(value, from, graph.input("x", shapes[from], dtype))
  graph.ops("Identity", [lowering.read(value, to)], ["y"])
  graph.output("y", shapes[to], dtype)
  const session = yield* openSession(ort, graph.encode(), 1)
  const x = new ort.Tensor(dtype, elementsIn(from, blocked.block, dtype), [...shapes[from]])
  const { y } = yield* Effect.tryPromise(() => session.run({ x }))
  return y.data
}, Effect.scoped)

const native = await Effect.runPromise(Effect.flatMap(loadRuntime, probeBlock))
const operators = {
  ...(native === undefined ? {} : { "ONNX Runtime's blocks": native }),
  "blocks of 16": emulatedBlocked(16),
}

for (const [name, blocked] of Object.entries(operators)) {
  describe(`in ${name}`, () => {
    for (const dtype of ["float32", "bool"] as const) {
      for (const from of layouts) {
        for (const to of layouts) {
          it.effect(`${dtype} elements written as ${from} are read as ${to}`, () =>
            Effect.gen(function* () {
              const actual = yield* converted(blocked, from, to, dtype)
              assert.deepStrictEqual(
                Array.from(actual as ArrayLike<number>),
                Array.from(elementsIn(to, blocked.block, dtype)),
              )
            }),
          )
        }
      }
    }
  })
}
