/**
 * Concatenation and slices of images along their channels, in whatever layout they are.
 *
 * Blocked images whose channels fill whole blocks are concatenated block by block: in both layouts with the channels first, the
 * channels of one image follow those of another.
 */
import type { Node, Value } from "../../trace/graph.ts"
import type { Layout, Lowering } from "./Lowering.ts"

/** The axis of the channels by layout. */
const channelAxis: Readonly<Record<Layout, number>> = { nhwc: 3, nchw: 1, nchwc: 1 }

const fillsBlocks = (channels: number, { blocked }: Lowering) =>
  blocked !== undefined && channels % blocked.block === 0

export const concat = (value: Node<"Concat">, lowering: Lowering): void => {
  const { axis } = value.attributes
  const isOfChannels = value.shape.length === 4 && axis === 3
  const isElsewhere = (x: Value) => !lowering.has(x, "nhwc")
  const layoutOf = (): Layout => {
    if (!isOfChannels || !value.inputs.some(isElsewhere)) return "nhwc"
    const isWhole = value.inputs.every((x) => fillsBlocks(x.shape[3], lowering))
    return isWhole && value.inputs.some((x) => isElsewhere(x) && lowering.has(x, "nchwc")) ? "nchwc" : "nchw"
  }
  const layout = layoutOf()
  const inputs = value.inputs.map((x) => lowering.read(x, layout))
  const along = isOfChannels ? channelAxis[layout] : axis
  lowering.write(value, layout, lowering.graph.op("Concat", inputs, { axis: { i: along } }))
}

export const slice = (value: Node<"Slice">, lowering: Lowering): void => {
  const { graph } = lowering
  const { begin } = value.attributes
  const [x] = value.inputs
  const axes = begin.flatMap((start, i) => (start !== 0 || value.shape[i] !== x.shape[i] ? [i] : []))
  const isOfChannels = value.shape.length === 4 && axes.join() === "3"
  const layoutOf = (): Layout => {
    if (!isOfChannels || lowering.has(x, "nhwc")) return "nhwc"
    const isWhole = fillsBlocks(begin[3], lowering) && fillsBlocks(value.shape[3], lowering)
    return isWhole && lowering.has(x, "nchwc") ? "nchwc" : "nchw"
  }
  const layout = layoutOf()
  const sliced = graph.op("Slice", [
    lowering.read(x, layout),
    graph.ints(axes.map((axis) => begin[axis])),
    graph.ints(axes.map((axis) => begin[axis] + value.shape[axis])),
    graph.ints(isOfChannels ? [channelAxis[layout]] : axes),
  ])
  lowering.write(value, layout, sliced)
}
