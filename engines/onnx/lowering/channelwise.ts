/**
 * Arithmetic with one value for each channel, in blocks: (operation, Lowering) -> whether it is one of these, and then it is written.
 *
 * A normalization multiplies an image by a vector and adds another. Each is a pass over the image, after the vector was repeated to
 * an image. A depthwise convolution of one pixel does both in one pass, and adds a second image of the same kind. So what
 * can be joined is computed when it is first read: by then the operations after it are part of it.
 *
 * Sums of products over images are depthwise convolutions too: one image is the filter of the other. Other sums use average
 * pooling. Together they save half of the time of batch normalization with its gradient.
 */
import type { Node, Value } from "../../trace/graph.ts"
import { sameShape } from "../../trace/graph.ts"
import type { Name } from "../graph.ts"
import type { Blocked, ImageShape } from "./blocked.ts"
import { isPerChannel } from "./elementwise.ts"
import { type Affine, imageShape, type Lowering } from "./Lowering.ts"

type Arithmetic = Node<"Add" | "Sub" | "Mul" | "Relu">

const onePixel = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] } as const

const compute = (
  { relu = false, scale, shift, sum, x }: Affine,
  lowering: Lowering,
  blocked: Blocked,
): Name => {
  const { graph } = lowering
  const shape = imageShape(x.shape)
  const [, channels] = shape
  const ones = () => graph.constant(new Float32Array(channels).fill(1), [channels])
  return blocked.convolution(graph, {
    ...onePixel,
    x: lowering.read(x, "nchwc"),
    inShape: shape,
    outShape: shape,
    filter: graph.reshape(scale ?? ones(), [channels, 1, 1, 1]),
    bias: shift === undefined ? undefined : graph.reshape(shift, [channels]),
    sum: sum === undefined ? undefined : compute(sum, lowering, blocked),
    depthwise: true,
    relu,
  })
}

const negative = (affine: Affine, { graph }: Lowering): Affine => {
  const negate = (x: Name) => graph.op("Neg", [x])
  const scale =
    affine.scale ?? graph.constant(new Float32Array(affine.x.shape[3]).fill(1), [affine.x.shape[3]])
  return {
    x: affine.x,
    scale: negate(scale),
    ...(affine.shift === undefined ? {} : { shift: negate(affine.shift) }),
  }
}

/** What `x` is computed from, unless it is needed for itself. */
const open = (x: Value, { affine: known, users }: Lowering): Affine | undefined => {
  const affine = known.get(x)
  return affine?.relu || new Set(users(x)).size !== 1 ? undefined : affine
}

const affineOf = (value: Arithmetic, lowering: Lowering): Affine | undefined => {
  const { graph } = lowering
  const isImage = (x: Value) => sameShape(x.shape, value.shape) && lowering.has(x, "nchwc")
  const [a, b] = value.inputs
  if (value.op === "Relu") {
    const affine = open(a, lowering)
    return affine && { ...affine, relu: true }
  }
  if (isImage(a) && isImage(b)) {
    const [first, second] = [open(a, lowering), open(b, lowering)]
    if (value.op === "Mul" || first === undefined || second === undefined || a === b) return undefined
    if (first.sum !== undefined || second.sum !== undefined) return undefined
    return { ...first, sum: value.op === "Add" ? second : negative(second, lowering) }
  }
  const [image, vector] = value.op !== "Sub" && isImage(b) ? [b, a] : [a, b]
  if (!isImage(image) || lowering.has(image, "nhwc") || !isPerChannel(vector, value.shape)) return undefined
  const name = lowering.read(vector)
  if (value.op === "Mul") return { x: image, scale: name }
  const shift = value.op === "Add" ? name : graph.op("Neg", [name])
  const before = open(image, lowering)
  return before === undefined || before.shift !== undefined ? { x: image, shift } : { ...before, shift }
}

/** Whether only a sum or mean over batch, height and width reads it. */
const isSummed = (value: Value, { users }: Lowering) => {
  const [user, ...others] = users(value)
  return (
    others.length === 0 &&
    (user?.op === "ReduceSum" || user?.op === "ReduceMean") &&
    user.attributes.axes.join() === "0,1,2"
  )
}

export const channelwise = (value: Arithmetic, lowering: Lowering): boolean => {
  const { blocked, graph } = lowering
  if (blocked === undefined || value.shape.length !== 4) return false
  const affine = affineOf(value, lowering)
  if (affine !== undefined) {
    lowering.affine.set(value as Value, affine)
    lowering.defer(value as Value, "nchwc", () => compute(affine, lowering, blocked))
    return true
  }
  const isProduct =
    value.op === "Mul" &&
    isSummed(value as Value, lowering) &&
    value.inputs.every((x) => sameShape(x.shape, value.shape) && lowering.has(x, "nchwc"))
  if (isProduct) {
    lowering.products.add(value as Value)
    const read = (x: Value) => lowering.read(x, "nchwc")
    lowering.defer(value as Value, "nchwc", () => graph.op("Mul", value.inputs.map(read)))
  }
  return isProduct
}

/** [batch, channels]: the sum over an image's pixels, or their mean. */
export const overPixels = (
  op: "ReduceSum" | "ReduceMean",
  x: Value,
  lowering: Lowering,
  blocked: Blocked,
): Name => {
  const { graph } = lowering
  const shape = imageShape(x.shape)
  const [batch, channels, height, width] = shape
  const scaled = (values: Name, factor: number) =>
    factor === 1 ? values : graph.op("Mul", [values, graph.scalar(factor)])
  const flat = (values: Name) => graph.reshape(values, [batch, channels])
  if (!lowering.products.has(x)) {
    const means = flat(blocked.averagePool(graph, lowering.read(x, "nchwc"), shape))
    return scaled(means, op === "ReduceSum" ? height * width : 1)
  }
  // One image with the channels of all, and a filter for each.
  const all: ImageShape = [1, batch * channels, height, width]
  const [a, b] = x.inputs.map((input) => lowering.read(input, "nchwc"))
  const sums = blocked.convolution(graph, {
    ...onePixel,
    x: graph.reshape(a, all),
    inShape: all,
    outShape: [1, batch * channels, 1, 1],
    filter: graph.reshape(b, [batch * channels, 1, height, width]),
    kernel: [height, width],
    depthwise: true,
    relu: false,
  })
  return scaled(flat(sums), op === "ReduceMean" ? 1 / (height * width) : 1)
}
