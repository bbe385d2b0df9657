/**
 * The filter's gradient of a convolution on a device: (x, dy) -> dfilter, as products of matrices.
 *
 * The portable path convolves x with dy as a filter. That is as large as the image, and its result as small as the filter: on a GPU
 * a few thousand threads add up all pixels of the batch one after another. Here every pixel of dy gets the elements of its window
 * as a column, and each group of images has a product of its own, so that there is work for the whole GPU. The sums of the groups
 * are added up in a fixed order.
 */
import type { Node, Window } from "../../trace/graph.ts"
import type { Name } from "../graph.ts"
import { farPadding, hasStride } from "../lowering/convolution.ts"
import { pixelGradient } from "../lowering/filterGradient.ts"
import type { Lowering } from "../lowering/Lowering.ts"

type Gradient = Node<"Conv2DFilterGradient">

/** ONNX Runtime's product on WebGPU computes 32×32 elements in a workgroup. */
const tile = 32
/** Workgroups that keep a large GPU busy. */
const wantedWorkgroups = 1024
/** Every implementation of WebGPU binds a buffer of this size (`maxStorageBufferBindingSize`). */
const largestBuffer = 128 * 2 ** 20

const divisorsOf = (n: number) => Array.from({ length: n }, (_, i) => i + 1).filter((i) => n % i === 0)

/** Images in a product, and images whose columns fit in a buffer: both divide the batch, and the first the second. */
export const groupsOf = ({
  batch,
  height,
  inChannels,
  outChannels,
  outHeight,
  outWidth,
  width,
}: Window): { readonly group: number; readonly part: number } => {
  const rows = inChannels * height * width
  const tiles = Math.ceil(rows / tile) * Math.ceil(outChannels / tile)
  const fits = (images: number) => 4 * images * rows * outHeight * outWidth <= largestBuffer
  const part = divisorsOf(batch).findLast(fits) ?? 1
  const group = divisorsOf(part).findLast((images) => (batch / images) * tiles >= wantedWorkgroups) ?? 1
  return { group, part }
}

/** For each element of a window, each image of a group and each pixel of dy: its place in the group's padded images. */
const placesOf = (window: Window, group: number, [rows, columns]: readonly [number, number]) => {
  const { dilationHeight, dilationWidth, height, outHeight, outWidth, strideHeight, strideWidth, width } =
    window
  const pixels = outHeight * outWidth
  return Int32Array.from({ length: height * width * group * pixels }, (_, i) => {
    const pixel = i % pixels
    const image = Math.floor(i / pixels) % group
    const element = Math.floor(i / (pixels * group))
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
  const [x, dy] = value.inputs
  const { group, part } = groupsOf(window)
  const far = farPadding(window).map((padding) => Math.max(0, padding))
  const padded = graph.pad(lowering.read(x, "nchw"), [0, 0, top, left], [0, 0, far[0], far[1]])
  const size = [inHeight + top + far[0], inWidth + left + far[1]] as const
  const places = graph.constant(placesOf(window, group, size), [area * group * outHeight * outWidth], "int32")
  const groups = part / group
  const pixels = outHeight * outWidth
  const split = (name: Name): ReadonlyArray<Name> =>
    part === batch
      ? [name]
      : graph.ops(
          "Split",
          [name, graph.ints(Array.from({ length: batch / part }, () => part))],
          batch / part,
          { axis: { i: 0 } },
        )
  const images = split(padded)
  const outputs = split(lowering.read(dy))
  const products = images.map((image, i) => {
    const byGroup = graph.reshape(image, [groups, group, inChannels, size[0] * size[1]])
    const byChannel = group === 1 || inChannels === 1 ? byGroup : graph.transpose(byGroup, [0, 2, 1, 3])
    const flat = graph.reshape(byChannel, [groups, inChannels, group * size[0] * size[1]])
    const columns = graph.reshape(graph.op("Gather", [flat, places], { axis: { i: 2 } }), [
      groups,
      inChannels * area,
      group * pixels,
    ])
    const gradients = graph.reshape(outputs[i], [groups, group * pixels, outChannels])
    return graph.op("MatMul", [columns, gradients])
  })
  const all = products.length === 1 ? products[0] : graph.op("Concat", products, { axis: { i: 0 } })
  const summed = graph.op("ReduceSum", [all, graph.ints([0])], { keepdims: { i: 0 } })
  const byElement = graph.transpose(graph.reshape(summed, [inChannels, area, outChannels]), [1, 0, 2])
  lowering.write(value, "nhwc", graph.reshape(byElement, value.shape))
}
