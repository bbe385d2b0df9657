/**
 * The input's gradient of a convolution with strides, in blocks: (dy, filter) -> dx, in phases.
 *
 * With a stride s, padding p and row y of the input, let y + p = s·q + r. Then dx[y] = Σ_t dy[q - t] · w[s·t + r]: the rows (and
 * columns) of one remainder r are dy convolved, without stride, with every s-th row of the turned filter. All phases are one
 * convolution with s·s times the channels, whose results are then interleaved. ONNX Runtime's ConvTranspose takes as long on
 * one thread and no less on two, because it computes one image after another.
 */
import type { Node, Window } from "../../trace/graph.ts"
import type { Blocked } from "./blocked.ts"
import type { Name, OnnxGraph } from "../graph.ts"
import type { Lowering } from "./Lowering.ts"

interface Axis {
  /** Rows of the filter in a phase; the last ones can be zeros. */
  readonly taps: number
  readonly stride: number
  /** Values of q. */
  readonly positions: number
  readonly outSize: number
  readonly before: number
  readonly inSize: number
}

const axis = (filter: number, stride: number, before: number, inSize: number, outSize: number): Axis => ({
  taps: Math.ceil(filter / stride),
  stride,
  positions: Math.max(Math.ceil((before + inSize) / stride), outSize),
  outSize,
  before,
  inSize,
})

const backwards = (graph: OnnxGraph, x: Name, at: number, length: number): Name => {
  const order = graph.ints(Array.from({ length }, (_, i) => length - 1 - i))
  return graph.op("Gather", [x, order], { axis: { i: at } })
}

/** The filters of all phases: [h, w, in, out] -> [phases · in, out, taps of rows, taps of columns], blocked and turned. */
const phaseFilters = (
  graph: OnnxGraph,
  filter: Name,
  window: Window,
  [rows, columns]: readonly [Axis, Axis],
  block: number,
): Name => {
  const { height, inChannels, outChannels, width } = window
  const missing = [rows.taps * rows.stride - height, columns.taps * columns.stride - width, 0, 0]
  const filled = graph.pad(filter, [0, 0, 0, 0], missing)
  const axes = [rows.taps, rows.stride, columns.taps, columns.stride]
  const blocks = [inChannels / block, block, outChannels / block, block]
  const taps = graph.reshape(filled, [...axes, ...blocks])
  const turned = backwards(graph, backwards(graph, taps, 0, rows.taps), 2, columns.taps)
  return graph.reshape(graph.transpose(turned, [1, 3, 4, 6, 0, 2, 7, 5]), [
    rows.stride * columns.stride * inChannels,
    outChannels,
    rows.taps,
    columns.taps,
  ])
}

/** The results of all phases as one image, with their rows and columns interleaved. */
const interleavePhases = (
  graph: OnnxGraph,
  phases: Name,
  { batch, inChannels, inHeight, inWidth }: Window,
  [rows, columns]: readonly [Axis, Axis],
  block: number,
): Name => {
  const positions = [rows.positions, columns.positions]
  const strides = [rows.stride, columns.stride]
  const byPhase = graph.reshape(phases, [batch, ...strides, inChannels / block, ...positions, block])
  const inTurn = graph.reshape(graph.transpose(byPhase, [0, 3, 4, 1, 5, 2, 6]), [
    (batch * inChannels) / block,
    rows.positions * rows.stride,
    columns.positions * columns.stride,
    block,
  ])
  const image = graph.op("Slice", [
    inTurn,
    graph.ints([rows.before, columns.before]),
    graph.ints([rows.before + inHeight, columns.before + inWidth]),
    graph.ints([1, 2]),
  ])
  return graph.reshape(image, [batch, inChannels, inHeight, inWidth])
}

export const stridedInputGradient = (
  value: Node<"Conv2DInputGradient">,
  lowering: Lowering,
  blocked: Blocked,
): void => {
  const { graph } = lowering
  const { block } = blocked
  const { window } = value.attributes
  const { batch, height, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, width } = window
  const [dy, filter] = value.inputs
  const rows = axis(height, window.strideHeight, window.top, inHeight, outHeight)
  const columns = axis(width, window.strideWidth, window.left, inWidth, outWidth)
  const filters = phaseFilters(graph, lowering.read(filter), window, [rows, columns], block)
  const convolved = blocked.convolution(graph, {
    x: lowering.read(dy, "nchwc"),
    inShape: [batch, outChannels, outHeight, outWidth],
    outShape: [batch, rows.stride * columns.stride * inChannels, rows.positions, columns.positions],
    filter: filters,
    kernel: [rows.taps, columns.taps],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [
      rows.taps - 1,
      columns.taps - 1,
      rows.positions - rows.outSize,
      columns.positions - columns.outSize,
    ],
    relu: false,
  })
  lowering.write(value, "nchwc", interleavePhases(graph, convolved, window, [rows, columns], block))
}
