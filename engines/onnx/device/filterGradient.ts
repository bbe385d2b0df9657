/**
 * The filter's gradient of a convolution on a device: (x, dy) -> dfilter, as matrix products.
 *
 * The portable path convolves x with dy as a filter. That is as large as the image, and its result as small as the filter: on a GPU
 * a few thousand threads add up all pixels of the batch one after another. Here every pixel of dy gets the elements of its window
 * as a column, and each group of images has a product of its own, so that there is work for the whole GPU. The groups' products are
 * added up in a fixed order. If the columns of the batch do not fit in a buffer, it is taken in parts.
 */
import type { Node, Window } from "../../trace/graph.ts"
import type { Name } from "../graph.ts"
import { farPadding, hasStride } from "../lowering/convolution.ts"
import { filterGradient as convolvedGradient, pixelGradient } from "../lowering/filterGradient.ts"
import type { Lowering } from "../lowering/Lowering.ts"
import { largestBuffer } from "./session.ts"

type Gradient = Node<"Conv2DFilterGradient">

/** ONNX Runtime's product on WebGPU computes 32×32 elements in a workgroup. */
const tile = 32
/** Workgroups that keep a large GPU busy. */
const wantedWorkgroups = 1024

export interface Groups {
  /** Of the batch, one after another, filled up with images of zeros to parts · groups · images. */
  readonly parts: number
  /** In a part, computed by one matrix product each. */
  readonly groups: number
  /** In a group. */
  readonly images: number
}

/** Undefined if the columns of a single image do not fit in a buffer. */
export const groupsOf = ({
  batch,
  height,
  inChannels,
  outChannels,
  outHeight,
  outWidth,
  width,
}: Window): Groups | undefined => {
  const rows = inChannels * height * width
  const tiles = Math.ceil(rows / tile) * Math.ceil(outChannels / tile)
  const fitting = Math.floor(largestBuffer / (4 * rows * outHeight * outWidth))
  if (fitting === 0) return undefined
  const parts = Math.ceil(batch / fitting)
  const part = Math.ceil(batch / parts)
  const wanted = Math.min(part, Math.ceil(wantedWorkgroups / (tiles * parts)))
  const groups = Math.ceil(part / Math.floor(part / wanted))
  const images = Math.ceil(part / groups)
  return groups * images <= fitting ? { parts, groups, images } : { parts, groups: part, images: 1 }
}

/** For each element of a window, each image of a group and each pixel of dy: its index in the group's padded images. */
const indicesOf = (window: Window, images: number, [rows, columns]: readonly [number, number]) => {
  const { dilationHeight, dilationWidth, height, outHeight, outWidth, strideHeight, strideWidth, width } =
    window
  const pixels = outHeight * outWidth
  return Int32Array.from({ length: height * width * images * pixels }, (_, i) => {
    const pixel = i % pixels
    const image = Math.floor(i / pixels) % images
    const element = Math.floor(i / (pixels * images))
    const row = Math.floor(pixel / outWidth) * strideHeight + Math.floor(element / width) * dilationHeight
    const column = (pixel % outWidth) * strideWidth + (element % width) * dilationWidth
    return (image * rows + row) * columns + column
  })
}

export const filterGradient = (value: Gradient, lowering: Lowering): void => {
  const { graph } = lowering
  const { window } = value.attributes
  const { batch, height, inChannels, inHeight, inWidth, left, outChannels, outHeight, outWidth, top, width } =
    window
  const area = height * width
  if (area === 1 && !hasStride(window)) return pixelGradient(value, lowering)
  const found = groupsOf(window)
  if (found === undefined) return convolvedGradient(value, lowering)
  const { groups, images, parts } = found
  const part = groups * images
  /** Images of zeros add nothing. */
  const missing = parts * part - batch
  const [x, dy] = value.inputs
  const [bottom, right] = farPadding(window).map((padding) => Math.max(0, padding))
  const padded = graph.pad(lowering.read(x, "nchw"), [0, 0, top, left], [missing, 0, bottom, right])
  const filled = graph.pad(lowering.read(dy), [0, 0, 0, 0], [missing, 0, 0, 0])
  const size = [inHeight + top + bottom, inWidth + left + right] as const
  const pixels = outHeight * outWidth
  const indices = graph.constant(indicesOf(window, images, size), [area * images * pixels], "int32")
  const ofPart = (name: Name, at: number) =>
    parts === 1
      ? name
      : graph.op("Slice", [name, graph.ints([at * part]), graph.ints([(at + 1) * part]), graph.ints([0])])
  const imageSize = size[0] * size[1]
  const sums = Array.from({ length: parts }, (_, at) => {
    const byGroup = graph.reshape(ofPart(padded, at), [groups, images, inChannels, imageSize])
    const byChannel = images === 1 || inChannels === 1 ? byGroup : graph.transpose(byGroup, [0, 2, 1, 3])
    const flat = graph.reshape(byChannel, [groups, inChannels, images * imageSize])
    const columns = graph.reshape(graph.op("Gather", [flat, indices], { axis: { i: 2 } }), [
      groups,
      inChannels * area,
      images * pixels,
    ])
    const gradients = graph.reshape(ofPart(filled, at), [groups, images * pixels, outChannels])
    const products = graph.op("MatMul", [columns, gradients])
    return graph.op("ReduceSum", [products, graph.ints([0])], { keepdims: { i: 0 } })
  })
  const summed = sums.reduce((sum, each) => graph.op("Add", [sum, each]))
  const byElement = graph.transpose(graph.reshape(summed, [inChannels, area, outChannels]), [1, 0, 2])
  lowering.write(value, "nhwc", graph.reshape(byElement, value.shape))
}
