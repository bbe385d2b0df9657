/**
 * The filter's gradient of a convolution whose input has few channels, such as the first layer's: (x, dy) -> dfilter.
 *
 * As in `filterGradient.ts` it is x convolved with dy as the filter, the batch in place of the channels. A blocked convolution
 * with fewer channels in a group than a block reads x unblocked, and its filter is [groups, out / block, images of a group, rows,
 * columns, block]. With an image a group, or with a single block of filters, that is the order of dy in blocks: the largest
 * tensor of a step is not copied. The images of a batch must fill whole blocks. So each is cut into pieces: some rows of dy,
 * and the rows of x under them. The gradients of all groups are added at the end.
 */
import type { Node, Window } from "../../trace/graph.ts"
import type { Name, OnnxGraph } from "../graph.ts"
import type { Blocked } from "./blocked.ts"
import { coveredBy, farPadding } from "./convolution.ts"
import type { Lowering } from "./Lowering.ts"

type Gradient = Node<"Conv2DFilterGradient">

interface Pieces {
  /** Of an image; a divisor of the rows of dy. */
  readonly perImage: number
  /** Of the batch, and pieces of zeros that fill whole blocks. */
  readonly total: number
  /** Fewer than a block; a divisor of `total`. */
  readonly perGroup: number
  /** Whether dy is in the order of the filter. */
  readonly inOrder: boolean
}

const divisors = (n: number) => Array.from({ length: n }, (_, i) => i + 1).filter((i) => n % i === 0)
const largestDivisor = (n: number, below: number) => divisors(n).findLast((i) => i < below) ?? 1

/** Pixels of dy: smaller pieces take longer, because sums are loaded and stored once a piece. */
const smallestPiece = 32

/** The fewest pieces with which dy is in order, or else those with the fewest zeros. */
const cutBatch = ({ batch, outChannels, outHeight, outWidth }: Window, block: number): Pieces => {
  const cuts = divisors(outHeight).filter(
    (perImage) => perImage === 1 || (outHeight / perImage) * outWidth >= smallestPiece,
  )
  const candidates = cuts.map((perImage): Pieces => {
    const pieces = batch * perImage
    const total = pieces < block ? pieces : Math.ceil(pieces / block) * block
    const inOrder = total === pieces
    const isOneBlock = outChannels === block
    return {
      perImage,
      total,
      perGroup: largestDivisor(inOrder && !isOneBlock ? perImage : total, block),
      inOrder,
    }
  })
  const inOrder = candidates.find((pieces) => pieces.inOrder)
  const zeros = ({ perImage, total }: Pieces) => total / perImage
  return inOrder ?? candidates.reduce((best, next) => (zeros(next) < zeros(best) ? next : best))
}

/** Whether the gradients of all groups are smaller than dy, which other forms copy. */
export const isPiecewise = (window: Window, { block }: Blocked): boolean => {
  const { batch, height, inChannels, outHeight, outWidth, width } = window
  if (inChannels >= block) return false
  const { perGroup, total } = cutBatch(window, block)
  return 2 * (total / perGroup) * inChannels * height * width <= batch * outHeight * outWidth
}

/** [channels, pieces, rows of a piece, columns], with the padding of x. */
const imagePieces = (
  graph: OnnxGraph,
  byChannel: Name,
  window: Window,
  { perImage, total }: Pieces,
): readonly [x: Name, rows: number] => {
  const { batch, inChannels, left, outHeight, strideHeight, top } = window
  const [height, width] = coveredBy(window)
  const [bottom, right] = farPadding(window)
  const padded = graph.pad(byChannel, [0, 0, top, left], [0, 0, bottom, right])
  const step = (outHeight / perImage) * strideHeight
  const rows = height - step * (perImage - 1)
  const places = Array.from({ length: perImage * rows }, (_, i) => Math.floor(i / rows) * step + (i % rows))
  const cut = perImage === 1 ? padded : graph.op("Gather", [padded, graph.ints(places)], { axis: { i: 2 } })
  const pieces = graph.reshape(cut, [inChannels, batch * perImage, rows, width])
  return [graph.pad(pieces, [0, 0, 0, 0], [0, total - batch * perImage, 0, 0]), rows]
}

/** dy as a filter: [groups · out, pieces of a group, rows, columns], blocked. `dy`: in blocks. */
const outputPieces = (graph: OnnxGraph, dy: Name, window: Window, pieces: Pieces, block: number): Name => {
  const { batch, outChannels, outHeight, outWidth } = window
  const { inOrder, perGroup, perImage, total } = pieces
  const groups = total / perGroup
  const rows = outHeight / perImage
  const shape = [groups * outChannels, perGroup, rows, outWidth]
  if (inOrder) return graph.reshape(dy, shape)
  const blocks = outChannels / block
  const places = Array.from({ length: groups * blocks * perGroup }, (_, i) => {
    const group = Math.floor(i / (blocks * perGroup))
    const ofBlock = Math.floor(i / perGroup) % blocks
    // A piece beyond the batch has an x of zeros, so any dy will do.
    const piece = (group * perGroup + (i % perGroup)) % (batch * perImage)
    const image = Math.floor(piece / perImage)
    return (image * blocks + ofBlock) * perImage + (piece % perImage)
  })
  const lines = graph.reshape(dy, [batch * blocks * perImage, rows * outWidth * block])
  return graph.reshape(graph.op("Gather", [lines, graph.ints(places)], { axis: { i: 0 } }), shape)
}

/** `byChannel`: x as [channels, batch, height, width]. */
export const piecewiseGradient = (
  value: Gradient,
  lowering: Lowering,
  blocked: Blocked,
  byChannel: Name,
): void => {
  const { graph } = lowering
  const { window } = value.attributes
  const { block } = blocked
  const { height, inChannels, outChannels, outHeight, outWidth, strideHeight, strideWidth, width } = window
  const pieces = cutBatch(window, block)
  const groups = pieces.total / pieces.perGroup
  const [x, rows] = imagePieces(graph, byChannel, window, pieces)
  const convolved = blocked.convolution(graph, {
    x,
    inShape: [inChannels, pieces.total, rows, coveredBy(window)[1]],
    outShape: [inChannels, groups * outChannels, height, width],
    filter: outputPieces(graph, lowering.read(value.inputs[1], "nchwc"), window, pieces, block),
    kernel: [outHeight / pieces.perImage, outWidth],
    strides: [1, 1],
    dilations: [strideHeight, strideWidth],
    pads: [0, 0, 0, 0],
    relu: false,
    groups,
  })
  const parts = graph.reshape(convolved, [inChannels, groups, (outChannels / block) * height * width * block])
  const sum = graph.op("ReduceSum", [parts, graph.ints([1])], { keepdims: { i: 0 } })
  const filter = graph.reshape(sum, [inChannels, outChannels / block, height * width, block])
  lowering.write(value, "nhwc", graph.reshape(graph.transpose(filter, [2, 0, 1, 3]), value.shape))
}
