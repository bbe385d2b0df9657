/**
 * The input's gradient of a convolution: (dy, filter) -> dx.
 *
 * Without a stride it is dy convolved with the filter turned by 180°, the channels in and out swapped. With strides it is
 * computed in phases (`strided.ts`) or as a transposed convolution.
 */
import type { Node, Window } from "../../trace/graph.ts"
import type { Name, OnnxGraph } from "../graph.ts"
import type { Blocked } from "./blocked.ts"
import { hasStride, isDilated, portableAttributes, usesDft } from "./convolution.ts"
import { lowerDftConvolution } from "./dft.ts"
import { imageShape, type Lowering } from "./Lowering.ts"
import { blockTaps, stridedInputGradient } from "./strided.ts"

/** The filter turned by 180°: [h, w, in, out] -> [h · w, in, out] */
const turn = (graph: OnnxGraph, filter: Name, { height, inChannels, outChannels, width }: Window): Name => {
  const area = height * width
  const backwards = graph.ints(Array.from({ length: area }, (_, i) => area - 1 - i))
  const rows = graph.reshape(filter, [area, inChannels, outChannels])
  return graph.op("Gather", [rows, backwards], { axis: { i: 0 } })
}

const blockTurnedFilter = (graph: OnnxGraph, filter: Name, window: Window, blocked: Blocked): Name => {
  const { height, inChannels, outChannels, width } = window
  const taps = blockTaps(
    graph,
    turn(graph, filter, window),
    [height * width, inChannels, outChannels],
    blocked,
  )
  return graph.reshape(graph.transpose(taps, [1, 2, 0, 3, 4]), [inChannels, outChannels, height, width])
}

/** Rows and columns at the far edges that no window covers: their gradient is zero. */
export const uncovered = (window: Window) => [
  window.inHeight +
    window.top +
    window.bottom -
    ((window.outHeight - 1) * window.strideHeight + (window.height - 1) * window.dilationHeight + 1),
  window.inWidth +
    window.left +
    window.right -
    ((window.outWidth - 1) * window.strideWidth + (window.width - 1) * window.dilationWidth + 1),
]

const transposedConvolution = (value: Node<"Conv2DInputGradient">, lowering: Lowering): void => {
  const { graph } = lowering
  const { window } = value.attributes
  const [dy, filter] = value.inputs
  const weights = graph.transpose(lowering.read(filter), [3, 2, 0, 1])
  const dx = graph.op("ConvTranspose", [lowering.read(dy, "nchw"), weights], {
    ...portableAttributes(window),
    output_padding: { ints: uncovered(window) },
  })
  lowering.write(value, "nchw", dx)
}

/** Of a convolution without strides and dilations. */
const padsOf = ({ bottom, height, left, right, top, width }: Window) =>
  [height - 1 - top, width - 1 - left, height - 1 - bottom, width - 1 - right] as const

const blockedGradient = (value: Node<"Conv2DInputGradient">, lowering: Lowering, blocked: Blocked): void => {
  const { graph } = lowering
  const { window } = value.attributes
  const [dy, filter] = value.inputs
  const dx = blocked.convolution(graph, {
    x: lowering.read(dy, "nchwc"),
    inShape: imageShape(dy.shape),
    outShape: imageShape(value.shape),
    filter: blockTurnedFilter(graph, lowering.read(filter), window, blocked),
    kernel: [window.height, window.width],
    strides: [1, 1],
    dilations: [1, 1],
    pads: padsOf(window),
    relu: false,
  })
  lowering.write(value, "nchwc", dx)
}

const portableGradient = (value: Node<"Conv2DInputGradient">, lowering: Lowering): void => {
  const { graph } = lowering
  const { window } = value.attributes
  const { height, inChannels, outChannels, width } = window
  const [dy, filter] = value.inputs
  const turned = graph.transpose(turn(graph, lowering.read(filter), window), [1, 2, 0])
  const weights = graph.reshape(turned, [inChannels, outChannels, height, width])
  const attributes = { kernel_shape: { ints: [height, width] }, pads: { ints: padsOf(window) } }
  lowering.write(value, "nchw", graph.op("Conv", [lowering.read(dy, "nchw"), weights], attributes))
}

export const inputGradient = (value: Node<"Conv2DInputGradient">, lowering: Lowering): void => {
  const { blocked } = lowering
  const { window } = value.attributes
  if (usesDft(value, lowering)) return lowerDftConvolution(value, lowering)
  const fills = (channels: number) => blocked !== undefined && channels % blocked.block === 0
  const usable = fills(window.inChannels) && fills(window.outChannels) ? blocked : undefined
  if (hasStride(window) && !isDilated(window) && usable !== undefined) {
    return stridedInputGradient(value, lowering, usable)
  }
  if (hasStride(window) || isDilated(window)) return transposedConvolution(value, lowering)
  if (usable !== undefined) return blockedGradient(value, lowering, usable)
  portableGradient(value, lowering)
}
