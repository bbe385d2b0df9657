/**
 * Convolution and its two gradients, each of which is a convolution again.
 *
 * Two direct forms: "blocked" with ONNX Runtime's fastest operators, where the channels fill whole blocks, and portable with
 * standard ones. The fast path has a third, the DFT convolution (`dft.ts`), where that takes far fewer multiplications.
 * Filters come as [height, width, in, out] and are blocked inside the graph, because they change with every iteration.
 */
import { isDftFaster } from "../../dft/cost.ts"
import type { Node, Value, Window } from "../../trace/graph.ts"
import type { Blocked } from "./blocked.ts"
import { type Convolution, lowerDftConvolution } from "./dft.ts"
import type { Name, OnnxGraph } from "../graph.ts"
import { imageShape, type Lowering } from "./Lowering.ts"
import { stridedInputGradient } from "./strided.ts"

export const portableAttributes = (window: Window) => ({
  kernel_shape: { ints: [window.height, window.width] },
  strides: { ints: [window.strideHeight, window.strideWidth] },
  dilations: { ints: [window.dilationHeight, window.dilationWidth] },
  pads: { ints: [window.top, window.left, window.bottom, window.right] },
})

export const hasStride = ({ strideHeight, strideWidth }: Window) => strideHeight !== 1 || strideWidth !== 1
const isDilated = ({ dilationHeight, dilationWidth }: Window) => dilationHeight !== 1 || dilationWidth !== 1

/** [h, w, in, out] -> [out / b, in / b, h, w, b of in, b of out]; fewer channels in than a block stay one by one. */
const blockFilter = (graph: OnnxGraph, filter: Name, window: Window, block: number): Name => {
  const { height, inChannels, outChannels, width } = window
  const area = height * width
  const blocked =
    inChannels < block
      ? graph.transpose(graph.reshape(filter, [area, inChannels, outChannels / block, block]), [2, 1, 0, 3])
      : graph.transpose(
          graph.reshape(filter, [area, inChannels / block, block, outChannels / block, block]),
          [3, 1, 0, 2, 4],
        )
  return graph.reshape(blocked, [outChannels, inChannels, height, width])
}

/** The same turned by 180°, with in and out swapped: the filter of the input's gradient. */
const turn = (graph: OnnxGraph, filter: Name, { height, inChannels, outChannels, width }: Window): Name => {
  const area = height * width
  const backwards = graph.ints(Array.from({ length: area }, (_, i) => area - 1 - i))
  const rows = graph.reshape(filter, [area, inChannels, outChannels])
  return graph.op("Gather", [rows, backwards], { axis: { i: 0 } })
}

const blockTurnedFilter = (graph: OnnxGraph, filter: Name, window: Window, block: number): Name => {
  const { height, inChannels, outChannels, width } = window
  const sizes = [height * width, inChannels / block, block, outChannels / block, block]
  const turned = graph.reshape(turn(graph, filter, window), sizes)
  return graph.reshape(graph.transpose(turned, [1, 3, 0, 4, 2]), [inChannels, outChannels, height, width])
}

const usesDft = ({ attributes, inputs }: Convolution, lowering: Lowering): boolean => {
  /** The input's gradient shares the filter with the forward convolution, and dy with the filter's gradient. */
  const isTrained = inputs.some((input) =>
    lowering.users(input).some(({ op }) => op === "Conv2DInputGradient"),
  )
  return lowering.blocked !== undefined && isDftFaster(attributes.window, isTrained)
}

/** Whether the blocked operators take these channels. */
const fits = (blocked: Blocked | undefined, inChannels: number, outChannels: number): blocked is Blocked =>
  blocked !== undefined &&
  outChannels % blocked.block === 0 &&
  (inChannels % blocked.block === 0 || inChannels < blocked.block)

export const convolution = (value: Node<"Conv2D">, lowering: Lowering): void => {
  const { blocked, graph } = lowering
  const { relu, window } = value.attributes
  if (usesDft(value, lowering)) return lowerDftConvolution(value, lowering)
  const [x, filter, bias] = value.inputs as ReadonlyArray<Value | undefined> as [
    Value,
    Value,
    Value | undefined,
  ]
  const biasName = bias === undefined ? undefined : lowering.read(bias)
  if (fits(blocked, window.inChannels, window.outChannels)) {
    const convolved = blocked.convolution(graph, {
      x: lowering.read(x, window.inChannels < blocked.block ? "nchw" : "nchwc"),
      inShape: imageShape(x.shape),
      outShape: imageShape(value.shape),
      filter: blockFilter(graph, lowering.read(filter), window, blocked.block),
      bias: biasName,
      kernel: [window.height, window.width],
      strides: [window.strideHeight, window.strideWidth],
      dilations: [window.dilationHeight, window.dilationWidth],
      pads: [window.top, window.left, window.bottom, window.right],
      relu,
    })
    lowering.write(value, "nchwc", convolved)
    return
  }
  const weights = graph.transpose(lowering.read(filter), [3, 2, 0, 1])
  const inputs = [lowering.read(x, "nchw"), weights, ...(biasName === undefined ? [] : [biasName])]
  const convolved = graph.op("Conv", inputs, portableAttributes(window))
  lowering.write(value, "nchw", relu ? graph.op("Relu", [convolved]) : convolved)
}

/** Rows and columns at the far edges that no window reaches: they have no gradient. */
export const unreached = (window: Window) => [
  window.inHeight +
    window.top +
    window.bottom -
    ((window.outHeight - 1) * window.strideHeight + (window.height - 1) * window.dilationHeight + 1),
  window.inWidth +
    window.left +
    window.right -
    ((window.outWidth - 1) * window.strideWidth + (window.width - 1) * window.dilationWidth + 1),
]

/** dx = dy convolved with the turned filter; with strides, in phases (`strided.ts`) or as the transposed convolution. */
export const inputGradient = (value: Node<"Conv2DInputGradient">, lowering: Lowering): void => {
  const { blocked, graph } = lowering
  const { window } = value.attributes
  const { bottom, height, inChannels, left, outChannels, right, top, width } = window
  const [dy, filter] = value.inputs
  if (usesDft(value, lowering)) return lowerDftConvolution(value, lowering)
  const isBlocked =
    blocked !== undefined && inChannels % blocked.block === 0 && outChannels % blocked.block === 0
  if (isBlocked && hasStride(window) && !isDilated(window)) {
    stridedInputGradient(value, lowering, blocked)
    return
  }
  if (hasStride(window) || isDilated(window)) {
    const weights = graph.transpose(lowering.read(filter), [3, 2, 0, 1])
    const dx = graph.op("ConvTranspose", [lowering.read(dy, "nchw"), weights], {
      ...portableAttributes(window),
      output_padding: { ints: unreached(window) },
    })
    lowering.write(value, "nchw", dx)
    return
  }
  const kernel = [height, width] as const
  const pads = [height - 1 - top, width - 1 - left, height - 1 - bottom, width - 1 - right] as const
  if (isBlocked) {
    const dx = blocked.convolution(graph, {
      x: lowering.read(dy, "nchwc"),
      inShape: imageShape(dy.shape),
      outShape: imageShape(value.shape),
      filter: blockTurnedFilter(graph, lowering.read(filter), window, blocked.block),
      kernel,
      strides: [1, 1],
      dilations: [1, 1],
      pads,
      relu: false,
    })
    lowering.write(value, "nchwc", dx)
    return
  }
  const turned = graph.transpose(turn(graph, lowering.read(filter), window), [1, 2, 0])
  const weights = graph.reshape(turned, [inChannels, outChannels, height, width])
  const attributes = { kernel_shape: { ints: kernel }, pads: { ints: pads } }
  lowering.write(value, "nchw", graph.op("Conv", [lowering.read(dy, "nchw"), weights], attributes))
}

/**
 * dfilter = x convolved with dy as the filter, batch and channels having swapped roles; a stride of the forward
 * convolution is a dilation here. Blocked, the batch is filled up with zeros to whole blocks.
 */
export const filterGradient = (value: Node<"Conv2DFilterGradient">, lowering: Lowering): void => {
  const { blocked, graph } = lowering
  const { window } = value.attributes
  const { batch, height, inChannels, inHeight, inWidth, left, outChannels, outHeight, outWidth, top, width } =
    window
  const [x, dy] = value.inputs
  if (usesDft(value, lowering)) return lowerDftConvolution(value, lowering)
  if (height === 1 && width === 1 && !hasStride(window)) {
    // A filter of one pixel is a matrix: xᵀ·dy over all pixels. It takes two thirds of the time of the convolution below.
    const pixels = [x, dy].map((image) => graph.reshape(lowering.read(image), [-1, image.shape[3]]))
    const product = graph.op("Gemm", pixels, { transA: { i: 1 } })
    lowering.write(value, "nhwc", graph.reshape(product, value.shape))
    return
  }
  const dilations = [window.strideHeight, window.strideWidth] as const
  const kernel = [outHeight, outWidth] as const
  // What of the image the windows cover, padding included; rows and columns beyond are cut off.
  const covered = [
    (outHeight - 1) * window.strideHeight + (height - 1) * window.dilationHeight + 1,
    (outWidth - 1) * window.strideWidth + (width - 1) * window.dilationWidth + 1,
  ]
  const [bottom, right] = [covered[0] - inHeight - top, covered[1] - inWidth - left]
  const images = lowering.read(x, "nchw")
  const byChannel =
    inChannels === 1
      ? graph.reshape(images, [1, batch, inHeight, inWidth])
      : graph.transpose(images, [1, 0, 2, 3])
  const strides = { ints: [window.dilationHeight, window.dilationWidth] }

  if (blocked !== undefined && outChannels % blocked.block === 0 && !isDilated(window)) {
    const { block } = blocked
    const blocks = Math.ceil(batch / block)
    const missing = blocks * block - batch
    // Reordering fills up the last block by itself, but takes fours only.
    const fours = batch % 4 === 0
    const whole = fours ? byChannel : graph.pad(byChannel, [0, 0, 0, 0], [0, missing, 0, 0])
    const examples = fours ? batch : batch + missing
    const reordered = blocked.reorderInput(graph, whole, [inChannels, examples, inHeight, inWidth], false)
    const lines = graph.reshape(reordered, [inChannels * blocks, inHeight, inWidth, block])
    const padded = graph.pad(lines, [0, top, left, 0], [0, bottom, right, 0])
    const gradient = graph.reshape(lowering.read(dy, "nchwc"), [
      batch,
      outChannels / block,
      outHeight * outWidth,
      block,
    ])
    const full = graph.pad(gradient, [0, 0, 0, 0], [missing, 0, 0, 0])
    const sizes = [blocks, block, outChannels / block, outHeight * outWidth, block]
    const filter = graph.transpose(graph.reshape(full, sizes), [2, 0, 3, 1, 4])
    const convolved = blocked.convolution(graph, {
      x: graph.reshape(padded, [inChannels, blocks * block, covered[0], covered[1]]),
      inShape: [inChannels, blocks * block, covered[0], covered[1]],
      outShape: [inChannels, outChannels, height, width],
      filter: graph.reshape(filter, [outChannels, blocks * block, outHeight, outWidth]),
      kernel,
      strides: [1, 1],
      dilations,
      pads: [0, 0, 0, 0],
      relu: false,
    })
    const parts = graph.reshape(convolved, [inChannels, outChannels / block, height * width, block])
    lowering.write(value, "nhwc", graph.reshape(graph.transpose(parts, [2, 0, 1, 3]), value.shape))
    return
  }
  const cut =
    bottom < 0 || right < 0
      ? graph.op("Slice", [
          byChannel,
          graph.ints([0, 0]),
          graph.ints([inHeight + Math.min(bottom, 0), inWidth + Math.min(right, 0)]),
          graph.ints([2, 3]),
        ])
      : byChannel
  const gradient = graph.transpose(lowering.read(dy, "nchw"), [1, 0, 2, 3])
  const convolved = graph.op("Conv", [cut, gradient], {
    kernel_shape: { ints: kernel },
    strides,
    dilations: { ints: dilations },
    pads: { ints: [top, left, Math.max(bottom, 0), Math.max(right, 0)] },
  })
  lowering.write(value, "nhwc", graph.transpose(convolved, [2, 3, 0, 1]))
}
