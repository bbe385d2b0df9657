/**
 * The input's gradient of a convolution with strides, in blocks: (dy, filter) -> dx, in phases.
 *
 * With a stride s and padding p, the rows y of one phase ρ = y mod s see the same rows of the filter. With y = s·j + ρ and
 * ρ + p = s·e + r, dx[y] = Σ_t dy[j + e - t] · w[s·t + r]: dy convolved, without stride, with every s-th row of the filter, turned.
 * The same holds for columns. The results of all phases are interleaved. ONNX Runtime's ConvTranspose takes as long on one thread
 * and no less on two, because it computes one image after another. All phases in one convolution would take the same number of
 * rows and columns of the filter for each, some of them zeros: twice the time for 5×5 filters with a stride of 2.
 */
import type { Node, Window } from "../../trace/graph.ts"
import type { Blocked } from "./blocked.ts"
import type { Name, OnnxGraph } from "../graph.ts"
import { imageShape, type Lowering } from "./Lowering.ts"

/** One phase of rows or of columns. */
interface Phase {
  /** r */
  readonly first: number
  /** Values of t. Those beyond the filter are zeros. */
  readonly taps: number
  /** Of dy. */
  readonly padBefore: number
  readonly padAfter: number
}

interface Axis {
  readonly phases: ReadonlyArray<Phase>
  /** Values of j. */
  readonly positions: number
  readonly stride: number
  /** Rows or columns that the filter needs to have. */
  readonly filled: number
}

const axisOf = (filter: number, stride: number, before: number, inSize: number, outSize: number): Axis => {
  const shifts = Array.from({ length: stride }, (_, phase) => Math.floor((phase + before) / stride))
  const positions = Math.max(Math.ceil(inSize / stride), ...shifts.map((shift) => outSize - shift))
  const phases = shifts.map((shift, phase): Phase => {
    const first = (phase + before) % stride
    const taps = Math.max(Math.ceil((filter - first) / stride), shift + 1)
    return { first, taps, padBefore: taps - 1 - shift, padAfter: positions + shift - outSize }
  })
  const filled = Math.max(filter, ...phases.map(({ first, taps }) => stride * (taps - 1) + first + 1))
  return { phases, positions, stride, filled }
}

/** The rows or columns of the filter that a phase uses, turned. */
const tapsOf = ({ first, taps }: Phase, stride: number) =>
  Array.from({ length: taps }, (_, i) => stride * (taps - 1 - i) + first)

/** Parts of an image in turn: [rows, length] each -> [rows, parts, length] */
const interleave = (graph: OnnxGraph, parts: ReadonlyArray<Name>, rows: number, length: number): Name =>
  graph.op(
    "Concat",
    parts.map((part) => graph.reshape(part, [rows, 1, length])),
    { axis: { i: 1 } },
  )

/** [height, width, in, out] -> [rows · columns, in / block, out / block, block of out, block of in], filled up with zeros. */
const filledFilter = (
  graph: OnnxGraph,
  filter: Name,
  window: Window,
  [rows, columns]: readonly [number, number],
  blocked: Blocked,
): Name => {
  const { height, inChannels, outChannels, width } = window
  const filled = graph.pad(filter, [0, 0, 0, 0], [rows - height, columns - width, 0, 0])
  return blockTaps(graph, filled, [rows * columns, inChannels, outChannels], blocked)
}

/**
 * [taps, in, out] -> [taps, in / block, out / block, block of out, block of in]. ONNX Runtime's Transpose takes ten times as long,
 * also in two steps, which it joins.
 */
export const blockTaps = (
  graph: OnnxGraph,
  filter: Name,
  [taps, inChannels, outChannels]: readonly [number, number, number],
  blocked: Blocked,
): Name => {
  const { block } = blocked
  const shape = [taps, inChannels, outChannels, 1] as const
  const reordered = blocked.reorderInput(graph, graph.reshape(filter, shape), shape, false)
  return graph.reshape(reordered, [taps, inChannels / block, outChannels / block, block, block])
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
  const rows = axisOf(height, window.strideHeight, window.top, inHeight, outHeight)
  const columns = axisOf(width, window.strideWidth, window.left, inWidth, outWidth)
  const taps = filledFilter(graph, lowering.read(filter), window, [rows.filled, columns.filled], blocked)
  const ofPhase = (row: Phase, column: Phase): Name => {
    const places = tapsOf(row, rows.stride).flatMap((tapRow) =>
      tapsOf(column, columns.stride).map((tapColumn) => tapRow * columns.filled + tapColumn),
    )
    const used = graph.op("Gather", [taps, graph.ints(places)], { axis: { i: 0 } })
    return blocked.convolution(graph, {
      x: lowering.read(dy, "nchwc"),
      inShape: imageShape(dy.shape),
      outShape: [batch, inChannels, rows.positions, columns.positions],
      filter: graph.reshape(graph.transpose(used, [1, 2, 0, 3, 4]), [
        inChannels,
        outChannels,
        row.taps,
        column.taps,
      ]),
      kernel: [row.taps, column.taps],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [row.padBefore, column.padBefore, row.padAfter, column.padAfter],
      relu: false,
    })
  }
  const groups = (batch * inChannels) / block
  const [lines, filledWidth] = [groups * rows.positions, columns.positions * columns.stride]
  const wholeRows = rows.phases.map((row) => {
    const parts = columns.phases.map((column) => ofPhase(row, column))
    return interleave(graph, parts, lines * columns.positions, block)
  })
  const image = interleave(graph, wholeRows, lines, filledWidth * block)
  const filledHeight = rows.positions * rows.stride
  const whole = graph.reshape(image, [groups, filledHeight, filledWidth, block])
  const cut =
    filledHeight === inHeight && filledWidth === inWidth
      ? whole
      : graph.op("Slice", [whole, graph.ints([0, 0]), graph.ints([inHeight, inWidth]), graph.ints([1, 2])])
  lowering.write(value, "nchwc", graph.reshape(cut, [batch, inChannels, inHeight, inWidth]))
}
