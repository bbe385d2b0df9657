/**
 * Rules for a device: (value, Lowering) -> its nodes in the graph.
 *
 * All other rules are those of the portable path, except where ONNX Runtime has no operator on a device: a maximum pooling with
 * indices, and the index of the largest element, which ONNX defines as int64; and where 1.30 computes wrongly. A node that stays on
 * the processor would copy its operands from the device and back in every step.
 */
import type { Node, Value, Window } from "../../trace/graph.ts"
import { channelReduction, reduce, type Rule, type Rules } from "../lowering/lower.ts"
import { portableAttributes } from "../lowering/convolution.ts"
import { depthwiseInputGradient } from "../lowering/depthwise.ts"
import { uncovered } from "../lowering/inputGradient.ts"
import { imageShape, type Lowering } from "../lowering/Lowering.ts"
import { filterGradient } from "./filterGradient.ts"
import { attributesOf } from "../lowering/pooling.ts"
import type { Name } from "../graph.ts"
import { dataType } from "../proto.ts"

/** The first index of the largest element is min(where(x = max, index, size)). */
const argMax = (value: Node<"ArgMax">, lowering: Lowering): void => {
  const { graph } = lowering
  const [x] = value.inputs
  const { axis } = value.attributes
  const size = x.shape[axis]
  const name = lowering.read(x)
  const over = (keepdims: number) => ({ axes: { ints: [axis] }, keepdims: { i: keepdims } })
  const indices = graph.constant(
    Float32Array.from({ length: size }, (_, i) => i),
    x.shape.map((_, at) => (at === axis ? size : 1)),
  )
  const isLargest = graph.op("Equal", [name, graph.op("ReduceMax", [name], over(1))])
  const candidates = graph.op("Where", [isLargest, indices, graph.scalar(size)])
  const first = graph.op("ReduceMin", [candidates], over(0))
  lowering.write(value, "nhwc", graph.op("Cast", [first], { to: { i: dataType.int32 } }))
}

const maxPool = (value: Node<"MaxPool">, lowering: Lowering): void => {
  const image = lowering.read(value.inputs[0], "nchw")
  const attributes = attributesOf(value.attributes.window)
  lowering.write(value, "nchw", lowering.graph.op("MaxPool", [image], attributes))
}

const tilesImage = (w: Window) =>
  w.height === w.strideHeight &&
  w.width === w.strideWidth &&
  w.outHeight * w.height === w.inHeight &&
  w.outWidth * w.width === w.inWidth

/** Minus the place of each element in its window: the first of equal elements in scan order has the largest. */
const places = (area: number) => Float32Array.from({ length: area }, (_, i) => -i)

/** The image split into its windows by a change of shape. */
const tiledGradient = (value: Node<"MaxPoolGradient">, lowering: Lowering): Name => {
  const { graph } = lowering
  const { window } = value.attributes
  const { batch, height, inChannels, outHeight, outWidth, width } = window
  const [dy, x, y] = value.inputs.map((input) => lowering.read(input, "nchw"))
  const area = height * width
  const large = [batch * inChannels, outHeight, height, outWidth, width]
  const small = [batch * inChannels, outHeight, 1, outWidth, 1]
  const image = imageShape(value.shape)
  const isLargest = graph.op("Equal", [graph.reshape(x, large), graph.reshape(y, small)])
  const place = graph.constant(places(area), [1, 1, height, 1, width])
  const candidates = graph.op("Where", [isLargest, place, graph.scalar(-area)])
  const first = graph.op("MaxPool", [graph.reshape(candidates, image)], attributesOf(window))
  const isFirst = graph.op("Equal", [candidates, graph.reshape(first, small)])
  const gradient = graph.op("Where", [isFirst, graph.reshape(dy, small), graph.scalar(0)])
  return graph.reshape(gradient, image)
}

/** For each element of a window, at each position: minus its place, or minus the area if it lies outside the image. */
const placesInside = (window: Window) => {
  const { height, inHeight, inWidth, left, outHeight, outWidth, strideHeight, strideWidth, top, width } =
    window
  const area = height * width
  return Float32Array.from({ length: area * outHeight * outWidth }, (_, i) => {
    const element = Math.floor(i / (outHeight * outWidth))
    const position = i % (outHeight * outWidth)
    const row = Math.floor(position / outWidth) * strideHeight - top + Math.floor(element / width)
    const column = (position % outWidth) * strideWidth - left + (element % width)
    const isInside = row >= 0 && row < inHeight && column >= 0 && column < inWidth
    return isInside ? -element : -area
  })
}

/**
 * Windows that overlap, leave a gap or reach beyond the image: a convolution with one filter for each element of a window, 1
 * there and 0 elsewhere, makes every window a pixel with its elements as channels. The transposed convolution adds their
 * gradients up. Both are exact: all products but one are 0.
 */
const windowedGradient = (value: Node<"MaxPoolGradient">, lowering: Lowering): Name => {
  const { graph } = lowering
  const { window } = value.attributes
  const { batch, height, inChannels, inHeight, inWidth, outHeight, outWidth, width } = window
  const [dy, x, y] = value.inputs.map((input) => lowering.read(input, "nchw"))
  const area = height * width
  const images = batch * inChannels
  const pixels = [images, 1, outHeight, outWidth]
  const unit = Float32Array.from({ length: area * area }, (_, i) => (i % (area + 1) === 0 ? 1 : 0))
  const filters = graph.constant(unit, [area, 1, height, width])
  const attributes = attributesOf(window)
  const elements = graph.op("Conv", [graph.reshape(x, [images, 1, inHeight, inWidth]), filters], attributes)
  const place = graph.constant(placesInside(window), [1, area, outHeight, outWidth])
  const isLargest = graph.op("Equal", [elements, graph.reshape(y, pixels)])
  const candidates = graph.op("Where", [isLargest, place, graph.scalar(-area)])
  const first = graph.op("ReduceMax", [candidates], { axes: { ints: [1] }, keepdims: { i: 1 } })
  const isFirst = graph.op("Equal", [candidates, first])
  const shares = graph.op("Where", [isFirst, graph.reshape(dy, pixels), graph.scalar(0)])
  const uncovered = [
    inHeight - ((outHeight - 1) * window.strideHeight + height - window.top - window.bottom),
    inWidth - ((outWidth - 1) * window.strideWidth + width - window.left - window.right),
  ]
  const summed = graph.op("ConvTranspose", [shares, filters], {
    ...attributes,
    output_padding: { ints: uncovered },
  })
  return graph.reshape(summed, imageShape(value.shape))
}

const maxPoolGradient = (value: Node<"MaxPoolGradient">, lowering: Lowering): void => {
  const lowered = tilesImage(value.attributes.window) ? tiledGradient : windowedGradient
  lowering.write(value, "nchw", lowered(value, lowering))
}

/**
 * ONNX Runtime's transposed convolution in groups is wrong on WebGPU if a group has several channels of dy. So the filters of each
 * channel are convolved one after another, and added up.
 */
const multipliedInputGradient = (value: Node<"DepthwiseConv2DInputGradient">, lowering: Lowering): void => {
  const { graph } = lowering
  const { window } = value.attributes
  const { batch, height, inChannels, outChannels, outHeight, outWidth, width } = window
  const multiplier = outChannels / inChannels
  if (multiplier === 1) return depthwiseInputGradient(value, lowering)
  const [dy, filter] = value.inputs
  const parts = graph.reshape(lowering.read(dy, "nchw"), [
    batch,
    inChannels,
    multiplier,
    outHeight * outWidth,
  ])
  const filters = graph.reshape(lowering.read(filter), [height * width, inChannels, multiplier])
  const part = (name: Name, axis: number, at: number) =>
    graph.op("Slice", [name, graph.ints([at]), graph.ints([at + 1]), graph.ints([axis])])
  const shares = Array.from({ length: multiplier }, (_, at) => {
    const image = graph.reshape(part(parts, 2, at), [batch, inChannels, outHeight, outWidth])
    const rows = graph.reshape(part(filters, 2, at), [height * width, inChannels])
    const weights = graph.reshape(graph.transpose(rows, [1, 0]), [inChannels, 1, height, width])
    return graph.op("ConvTranspose", [image, weights], {
      ...portableAttributes(window),
      group: { i: inChannels },
      output_padding: { ints: uncovered(window) },
    })
  })
  const dx = shares.reduce((sum, share) => graph.op("Add", [sum, share]))
  lowering.write(value, "nchw", dx)
}

/**
 * Reductions over batch, height and width: first of each image, then over the batch. In a single reduction ONNX Runtime has one
 * workgroup for each channel.
 */
const imageReduction: Rule<"ReduceMean" | "ReduceSum"> = (value, lowering) => {
  const { graph } = lowering
  const { axes, keepDims } = value.attributes
  const [x] = value.inputs
  if (x.shape.length !== 4 || axes.join() !== "0,1,2") return channelReduction(value, lowering)
  const ofImages = reduce(graph, value.op, lowering.read(x, "nchw"), [2, 3], false)
  const reduced = reduce(graph, value.op, ofImages, [0], false)
  lowering.write(value as Value, "nhwc", keepDims ? graph.reshape(reduced, value.shape) : reduced)
}

/** In place of the rules of the portable path. */
export const deviceRules: Partial<Rules> = {
  ArgMax: argMax,
  Conv2DFilterGradient: filterGradient,
  DepthwiseConv2DInputGradient: multipliedInputGradient,
  MaxPool: maxPool,
  MaxPoolGradient: maxPoolGradient,
  ReduceMean: imageReduction,
  ReduceSum: imageReduction,
}
