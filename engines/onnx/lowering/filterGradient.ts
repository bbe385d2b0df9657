/**
 * The filter's gradient of a convolution: (x, dy) -> dfilter.
 *
 * It is x convolved with dy as the filter: the batch takes the place of the channels, and a stride of the forward
 * convolution is a dilation here. With few channels in, the batch is cut into groups (`piecewise.ts`).
 */
import type { Node } from "../../trace/graph.ts"
import type { Name } from "../graph.ts"
import type { Blocked } from "./blocked.ts"
import { coveredBy, farPadding, hasStride, isDilated, usesDft } from "./convolution.ts"
import { lowerDftConvolution } from "./dft.ts"
import type { Lowering } from "./Lowering.ts"
import { isPiecewise, piecewiseGradient } from "./piecewise.ts"

type Gradient = Node<"Conv2DFilterGradient">

/** A filter of one pixel is a matrix: xᵀ·dy over all pixels. It takes two thirds of the convolution's time. */
export const pixelGradient = (value: Gradient, lowering: Lowering): void => {
  const { graph } = lowering
  const pixels = value.inputs.map((image) => graph.reshape(lowering.read(image), [-1, image.shape[3]]))
  const product = graph.op("Gemm", pixels, { transA: { i: 1 } })
  lowering.write(value, "nhwc", graph.reshape(product, value.shape))
}

/** [channels, batch, height, width] */
const imagesByChannel = ({ attributes, inputs }: Gradient, lowering: Lowering): Name => {
  const { graph } = lowering
  const { batch, inChannels, inHeight, inWidth } = attributes.window
  const images = lowering.read(inputs[0], "nchw")
  return inChannels === 1
    ? graph.reshape(images, [1, batch, inHeight, inWidth])
    : graph.transpose(images, [1, 0, 2, 3])
}

/** Some images of the batch, whose gradient is one convolution. */
interface Part {
  /** [channels, examples, height, width] */
  readonly images: Name
  /** [examples, out / block, pixels, block] */
  readonly outputs: Name
  readonly examples: number
}

/** The images with their padding: [channels, examples, rows, columns]. */
const paddedImages = ({ attributes }: Gradient, { graph }: Lowering, { images }: Part): Name => {
  const { left, top } = attributes.window
  const [bottom, right] = farPadding(attributes.window)
  return graph.pad(images, [0, 0, top, left], [0, 0, bottom, right])
}

/** x with the examples in blocks, filled up with zeros to whole ones, and with its padding. */
const blockedImages = (value: Gradient, { graph }: Lowering, part: Part, blocked: Blocked): Name => {
  const { window } = value.attributes
  const { inChannels, inHeight, inWidth, left, top } = window
  const { block } = blocked
  const blocks = Math.ceil(part.examples / block)
  // ONNX Runtime's reordering fills up the last block itself, but only from a multiple of 4.
  const isFilledUp = part.examples % 4 === 0
  const examples = isFilledUp ? part.examples : blocks * block
  const whole = graph.pad(part.images, [0, 0, 0, 0], [0, examples - part.examples, 0, 0])
  const reordered = blocked.reorderInput(graph, whole, [inChannels, examples, inHeight, inWidth], false)
  const lines = graph.reshape(reordered, [inChannels * blocks, inHeight, inWidth, block])
  const [bottom, right] = farPadding(window)
  const padded = graph.pad(lines, [0, top, left, 0], [0, bottom, right, 0])
  return graph.reshape(padded, [inChannels, blocks * block, ...coveredBy(window)])
}

/** dy as a blocked filter whose channels are the examples, filled up with zeros. */
const blockedOutputs = (value: Gradient, { graph }: Lowering, part: Part, block: number): Name => {
  const { outChannels, outHeight, outWidth } = value.attributes.window
  const area = outHeight * outWidth
  const blocks = Math.ceil(part.examples / block)
  const full = graph.pad(part.outputs, [0, 0, 0, 0], [blocks * block - part.examples, 0, 0, 0])
  const sizes = [blocks, block, outChannels / block, area, block]
  const filter = graph.transpose(graph.reshape(full, sizes), [2, 0, 3, 1, 4])
  return graph.reshape(filter, [outChannels, blocks * block, outHeight, outWidth])
}

/**
 * The batch, as whole blocks and a rest. A rest of at most half a block is a convolution with few channels in, for which x is not
 * blocked. Filling it up to a block takes longer: a fifth of the gradient's time for a batch of 50 and blocks of 16.
 */
const partsOf = (value: Gradient, lowering: Lowering, block: number): ReadonlyArray<Part> => {
  const { graph } = lowering
  const { batch, outChannels, outHeight, outWidth } = value.attributes.window
  const all: Part = {
    images: imagesByChannel(value, lowering),
    outputs: graph.reshape(lowering.read(value.inputs[1], "nchwc"), [
      batch,
      outChannels / block,
      outHeight * outWidth,
      block,
    ]),
    examples: batch,
  }
  const rest = batch % block
  if (batch < block || rest === 0 || rest > block / 2) return [all]
  const sizes = [batch - rest, rest]
  const split = (x: Name, axis: number) =>
    graph.ops("Split", [x, graph.ints(sizes)], 2, { axis: { i: axis } })
  const [images, outputs] = [split(all.images, 1), split(all.outputs, 0)]
  return sizes.map((examples, i) => ({ images: images[i], outputs: outputs[i], examples }))
}

const blockedGradient = (value: Gradient, lowering: Lowering, blocked: Blocked): void => {
  const { graph } = lowering
  const { window } = value.attributes
  const { height, inChannels, outChannels, outHeight, outWidth, width } = window
  const { block } = blocked
  const gradientOf = (part: Part, sum: Name | undefined): Name => {
    const isBlocked = part.examples >= block || sum === undefined
    const few = [outChannels, part.examples, outHeight, outWidth]
    return blocked.convolution(graph, {
      x: isBlocked ? blockedImages(value, lowering, part, blocked) : paddedImages(value, lowering, part),
      inShape: [
        inChannels,
        isBlocked ? Math.ceil(part.examples / block) * block : part.examples,
        ...coveredBy(window),
      ],
      outShape: [inChannels, outChannels, height, width],
      filter: isBlocked
        ? blockedOutputs(value, lowering, part, block)
        : graph.reshape(graph.transpose(part.outputs, [1, 0, 2, 3]), few),
      sum,
      kernel: [outHeight, outWidth],
      strides: [1, 1],
      dilations: [window.strideHeight, window.strideWidth],
      pads: [0, 0, 0, 0],
      relu: false,
    })
  }
  const [first, ...rest] = partsOf(value, lowering, block)
  const convolved = rest.reduce((sum, part) => gradientOf(part, sum), gradientOf(first, undefined))
  const parts = graph.reshape(convolved, [inChannels, outChannels / block, height * width, block])
  lowering.write(value, "nhwc", graph.reshape(graph.transpose(parts, [2, 0, 1, 3]), value.shape))
}

const portableGradient = (value: Gradient, lowering: Lowering): void => {
  const { graph } = lowering
  const { window } = value.attributes
  const { inHeight, inWidth, left, outHeight, outWidth, top } = window
  const byChannel = imagesByChannel(value, lowering)
  const [bottom, right] = farPadding(window)
  const covered =
    bottom < 0 || right < 0
      ? graph.op("Slice", [
          byChannel,
          graph.ints([0, 0]),
          graph.ints([inHeight + Math.min(bottom, 0), inWidth + Math.min(right, 0)]),
          graph.ints([2, 3]),
        ])
      : byChannel
  const gradient = graph.transpose(lowering.read(value.inputs[1], "nchw"), [1, 0, 2, 3])
  const convolved = graph.op("Conv", [covered, gradient], {
    kernel_shape: { ints: [outHeight, outWidth] },
    strides: { ints: [window.dilationHeight, window.dilationWidth] },
    dilations: { ints: [window.strideHeight, window.strideWidth] },
    pads: { ints: [top, left, Math.max(bottom, 0), Math.max(right, 0)] },
  })
  lowering.write(value, "nhwc", graph.transpose(convolved, [2, 3, 0, 1]))
}

export const filterGradient = (value: Gradient, lowering: Lowering): void => {
  const { blocked } = lowering
  const { window } = value.attributes
  if (usesDft(value, lowering)) return lowerDftConvolution(value, lowering)
  if (window.height === 1 && window.width === 1 && !hasStride(window)) return pixelGradient(value, lowering)
  if (blocked !== undefined && window.outChannels % blocked.block === 0 && !isDilated(window)) {
    return isPiecewise(window, blocked)
      ? piecewiseGradient(value, lowering, blocked, imagesByChannel(value, lowering))
      : blockedGradient(value, lowering, blocked)
  }
  portableGradient(value, lowering)
}
