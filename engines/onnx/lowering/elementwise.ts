/**
 * Operations on elements: (value, Lowering, node maker) -> the value, in the layout of its operands.
 *
 * Nothing is converted if all images among the operands share a layout, and the other operands are scalars or have one value
 * for each channel. An operand that is broadcast in another way needs the layout of the trace.
 */
import { sameShape, type Shape, sizeOf, type Value } from "../../trace/graph.ts"
import type { Name, OnnxGraph } from "../graph.ts"
import { imageShape, type Layout, type Lowering } from "./Lowering.ts"

/** [channels], possibly after axes of size 1. */
export const isPerChannel = (x: Value, image: Shape): boolean => {
  const channels = image[image.length - 1]
  return x.shape.length > 0 && x.shape[x.shape.length - 1] === channels && sizeOf(x.shape) === channels
}

const layoutOf = (value: Value, lowering: Lowering): Layout => {
  const images = value.inputs.filter((input) => sameShape(input.shape, value.shape))
  const isBroadcast = (input: Value) =>
    !images.includes(input) && input.shape.length > 0 && !isPerChannel(input, value.shape)
  if (value.shape.length !== 4 || value.inputs.some(isBroadcast)) return "nhwc"
  for (const layout of ["nchwc", "nchw"] as const) {
    if (images.some((image) => lowering.has(image, layout) && !lowering.has(image, "nhwc"))) return layout
  }
  return "nhwc"
}

/**
 * One value for each channel of an image of `shape`, with the channels first. For blocks it is repeated to a whole image: ONNX
 * Runtime takes forty times as long to repeat a block of 8 values.
 */
const spreadChannels = (x: Value, shape: Shape, layout: "nchw" | "nchwc", lowering: Lowering): Name => {
  const { blocked, graph } = lowering
  const [, channels, height, width] = imageShape(shape)
  if (layout === "nchw" || blocked === undefined) return graph.reshape(lowering.read(x), [channels, 1, 1])
  const { block } = blocked
  const blocks = graph.reshape(lowering.read(x), [channels / block, 1, block])
  const pixels = graph.op("Expand", [blocks, graph.ints([channels / block, height * width, block])])
  return graph.reshape(pixels, [channels, height, width])
}

export const elementwise = (
  value: Value,
  lowering: Lowering,
  make: (graph: OnnxGraph, inputs: ReadonlyArray<Name>) => Name,
): void => {
  const layout = layoutOf(value, lowering)
  const inputs = value.inputs.map((input) => {
    if (sameShape(input.shape, value.shape)) return lowering.read(input, layout)
    return layout === "nhwc" || input.shape.length === 0
      ? lowering.read(input)
      : spreadChannels(input, value.shape, layout, lowering)
  })
  lowering.write(value, layout, make(lowering.graph, inputs))
}
