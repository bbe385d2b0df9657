/**
 * Examples on the device: (examples, shapes of a batch) -> batches by index, gathered there, released with the scope.
 *
 * Pixels stay bytes, and become the network's input by the same table as on the processor. So a batch has the same bits as one that
 * is fed. A byte cannot be copied by ONNX Runtime's Identity on WebGPU, but by its Reshape.
 */
import { Effect } from "effect"
import type { Tensor } from "onnxruntime-node"
import type { Examples } from "../../Engine.ts"
import { sizeOf } from "../../trace/graph.ts"
import { OnnxGraph } from "../graph.ts"
import { dataType } from "../proto.ts"
import { failed, floatTensor, type Ort } from "../runtime.ts"
import { freeDevice, type Tensors } from "./DeviceState.ts"
import { type Device, largestBuffer, openDeviceSession } from "./session.ts"

export interface BatchShape {
  /** [batch, height, width, channels] */
  readonly images: ReadonlyArray<number>
  readonly classes: number
}

/** Makes tensors of the device. */
const compileMover = (count: number, pixels: number, tableSize: number): Uint8Array => {
  const graph = new OnnxGraph("hold")
  graph.ops(
    "Reshape",
    [graph.input("bytes", [count * pixels], "uint8"), graph.ints([count, pixels])],
    ["pixels"],
  )
  graph.output("pixels", [count, pixels], "uint8")
  graph.ops("Reshape", [graph.input("classes", [count, 1], "int32"), graph.ints([count])], ["labels"])
  graph.output("labels", [count], "int32")
  graph.ops("Reshape", [graph.input("values", [tableSize, 1]), graph.ints([tableSize])], ["table"])
  graph.output("table", [tableSize])
  return graph.encode()
}

/** Inputs: the tensors of the mover, and `indices`. Outputs: `images` and one-hot `labels`. */
const compileGather = (
  { classes, images }: BatchShape,
  count: number,
  pixels: number,
  tableSize: number,
): Uint8Array => {
  const graph = new OnnxGraph("gather")
  const [batch] = images
  const first = { axis: { i: 0 } }
  const [bytes, labels] = [
    graph.input("pixels", [count, pixels], "uint8"),
    graph.input("labels", [count], "int32"),
  ]
  const [table, indices] = [graph.input("table", [tableSize]), graph.input("indices", [batch], "int32")]
  const rows = graph.op("Cast", [graph.op("Gather", [bytes, indices], first)], { to: { i: dataType.int32 } })
  // Each channel has a table of its own.
  const channels = tableSize / 256
  const offsets = Int32Array.from({ length: pixels }, (_, i) => 256 * (i % channels))
  const at = channels === 1 ? rows : graph.op("Add", [rows, graph.constant(offsets, [1, pixels], "int32")])
  graph.ops("Reshape", [graph.op("Gather", [table, at], first), graph.ints(images)], ["images"])
  graph.output("images", images)
  const label = graph.reshape(graph.op("Gather", [labels, indices], first), [batch, 1])
  const each = graph.constant(
    Int32Array.from({ length: classes }, (_, i) => i),
    [1, classes],
    "int32",
  )
  graph.ops("Cast", [graph.op("Equal", [label, each])], ["oneHot"], { to: { i: dataType.float32 } })
  graph.output("oneHot", [batch, classes])
  return graph.encode()
}

export interface HeldExamples {
  /** The feeds `images` and `labels` of a batch. Whoever asks frees them. */
  readonly gather: (indices: Float32Array) => Promise<Tensors>
}

/** Undefined if they are too large. */
export const holdExamples = Effect.fn("holdExamples")(function* (
  ort: Ort,
  device: Device,
  shape: BatchShape,
  { count, labels, pixels, table }: Examples,
) {
  if (pixels.byteLength > largestBuffer) return undefined
  const size = sizeOf(shape.images.slice(1))
  const held = ["pixels", "labels", "table"]
  // Its tensors need the session: it stays open.
  const mover = yield* openDeviceSession(ort, compileMover(count, size, table.length), device, held)
  const given: Readonly<Record<string, Tensor>> = {
    bytes: new ort.Tensor("uint8", pixels, [count * size]),
    classes: new ort.Tensor("int32", labels, [count, 1]),
    values: floatTensor(ort, table, [table.length, 1]),
  }
  const tensors = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: async (): Promise<Tensors> => mover.run(given),
      catch: failed("copy the examples to the device"),
    }),
    (tensors) => Effect.sync(() => freeDevice(tensors)),
  )
  const model = compileGather(shape, count, size, table.length)
  const session = yield* openDeviceSession(ort, model, device, ["images", "oneHot"])
  const gather: HeldExamples["gather"] = async (indices) => {
    const at = new ort.Tensor("int32", Int32Array.from(indices), [indices.length])
    const { images, oneHot } = await session.run({ ...tensors, indices: at })
    return { images, labels: oneHot }
  }
  return { gather } satisfies HeldExamples as HeldExamples
})
