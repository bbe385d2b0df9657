/** Pooling and its gradients: (pooling or gradient, Lowering) -> its value written. */
import type { Node, Value, Window } from "../../trace/graph.ts"
import type { Blocked } from "./blocked.ts"
import type { Name } from "../graph.ts"
import { imageShape, type Lowering } from "./Lowering.ts"

export const attributesOf = (window: Window) => ({
  kernel_shape: { ints: [window.height, window.width] },
  strides: { ints: [window.strideHeight, window.strideWidth] },
  pads: { ints: [window.top, window.left, window.bottom, window.right] },
})

const isPadded = ({ bottom, left, right, top }: Window) => top + bottom + left + right > 0
const overlaps = ({ height, strideHeight, strideWidth, width }: Window) =>
  strideHeight < height || strideWidth < width

/** Whether 2×2 windows tile the image: the common case, whose gradient has a fast form. */
const hasTwoByTwoTiles = (window: Window, blocked: Blocked | undefined): blocked is Blocked =>
  blocked !== undefined &&
  window.inChannels % blocked.block === 0 &&
  window.height === 2 &&
  window.width === 2 &&
  window.strideHeight === 2 &&
  window.strideWidth === 2 &&
  window.inHeight % 2 === 0 &&
  window.inWidth % 2 === 0

/** 2×2 tiles in two steps. The gradient needs the result of the first step, and both together take less time than one of 2×2. */
const rowsThenColumns = (x: Value, lowering: Lowering, blocked: Blocked) => {
  const shape = imageShape(x.shape)
  const [batch, channels, height, width] = shape
  const rowShape = [batch, channels, height, width / 2] as const
  const image = lowering.read(x, "nchwc")
  const known = lowering.rowMaxima.get(x)
  const rowMaxima = known ?? blocked.maxPool(lowering.graph, image, shape, [1, 2], [1, 2])
  lowering.rowMaxima.set(x, rowMaxima)
  return {
    rowMaxima,
    rowShape,
    get pooled() {
      return blocked.maxPool(lowering.graph, rowMaxima, rowShape, [2, 1], [2, 1])
    },
  }
}

export const maxPool = (value: Node<"MaxPool">, lowering: Lowering): void => {
  const { blocked, graph } = lowering
  const { window } = value.attributes
  const [x] = value.inputs
  const isTrained = lowering.users(value).some((user) => user.op === "MaxPoolGradient")
  if (isTrained && hasTwoByTwoTiles(window, blocked)) {
    const { pooled } = rowsThenColumns(x, lowering, blocked)
    lowering.write(value, "nchwc", pooled)
    return
  }
  if (isTrained) {
    // Of equal elements ONNX Runtime returns the first in scan order, as TensorFlow.js does.
    const [y, index] = graph.ops("MaxPool", [lowering.read(x, "nchw")], 2, attributesOf(window))
    lowering.poolingIndices.set(value, index)
    lowering.write(value, "nchw", y)
    return
  }
  if (blocked !== undefined && lowering.has(x, "nchwc") && !isPadded(window)) {
    const size = [window.height, window.width] as const
    const strides = [window.strideHeight, window.strideWidth] as const
    const pooled = blocked.maxPool(graph, lowering.read(x, "nchwc"), imageShape(x.shape), size, strides)
    lowering.write(value, "nchwc", pooled)
    return
  }
  lowering.write(value, "nchw", graph.op("MaxPool", [lowering.read(x, "nchw")], attributesOf(window)))
}

export const maxPoolGradient = (value: Node<"MaxPoolGradient">, lowering: Lowering): void => {
  const { blocked, graph } = lowering
  const { window } = value.attributes
  const [dy, x, y] = value.inputs
  if (hasTwoByTwoTiles(window, blocked)) {
    tiledGradient(value, lowering, blocked)
    return
  }
  const index = lowering.poolingIndices.get(y)
  if (index === undefined) throw new Error(`the pooling of layer ${value.layer} has no indices`)
  const shape = imageShape(x.shape)
  if (!overlaps(window) && !isPadded(window)) {
    const unpooled = graph.op("MaxUnpool", [lowering.read(dy, "nchw"), index, graph.ints(shape)], {
      kernel_shape: { ints: [window.height, window.width] },
      strides: { ints: [window.strideHeight, window.strideWidth] },
    })
    lowering.write(value, "nchw", unpooled)
    return
  }
  // An element can be the largest of several windows. Their gradients are added.
  const size = shape.reduce((product, length) => product * length, 1)
  const zeros = graph.op("ConstantOfShape", [graph.ints([size])])
  const flat = [graph.reshape(index, [-1]), graph.reshape(lowering.read(dy, "nchw"), [-1])]
  const sums = graph.op("ScatterElements", [zeros, ...flat], { axis: { i: 0 }, reduction: { s: "add" } })
  lowering.write(value, "nchw", graph.reshape(sums, shape))
}

/**
 * The gradient of 2×2 tiles by arithmetic, in blocks: dy goes to the lower row if its maximum is larger than that of the upper
 * row, else to the upper row; then to the right or left in the same way. Of equal elements the first in scan order gets it.
 * It takes half the time of indices, whose operators do not support blocks.
 */
const tiledGradient = (value: Node<"MaxPoolGradient">, lowering: Lowering, blocked: Blocked): void => {
  const { graph } = lowering
  const [dy, x, y] = value.inputs
  const shape = imageShape(x.shape)
  const [batch, channels, height, width] = shape
  const groups = (batch * channels) / blocked.block
  const { block } = blocked
  const image = lowering.read(x, "nchwc")
  /** dy split into the part where a >= b and the part where a < b. */
  const split = (gradient: Name, a: Name, b: Name): readonly [Name, Name] => {
    const difference = graph.op("Sub", [b, a])
    const mask = graph.op("HardSigmoid", [difference], { alpha: { f: 3e38 }, beta: { f: 0 } })
    const second = graph.op("Mul", [mask, gradient])
    return [graph.op("Sub", [gradient, second]), second]
  }
  /** Alternating lines of `a` and `b`: [groups × lines, length] twice -> [groups × lines, 2, length]. */
  const interleave = (a: Name, b: Name, lines: number, length: number) =>
    graph.op(
      "Concat",
      [a, b].map((part) => graph.reshape(part, [groups * lines, 1, length])),
      { axis: { i: 1 } },
    )
  const { rowMaxima, rowShape } = rowsThenColumns(x, lowering, blocked)
  const upper = blocked.maxPool(graph, rowMaxima, rowShape, [1, 1], [2, 1])
  const [toUpper, toLower] = split(lowering.read(dy, "nchwc"), upper, lowering.read(y, "nchwc"))
  const rows = graph.reshape(interleave(toUpper, toLower, height / 2, (width / 2) * block), rowShape)
  const left = blocked.maxPool(graph, image, shape, [1, 1], [1, 2])
  const [toLeft, toRight] = split(rows, left, rowMaxima)
  lowering.write(
    value,
    "nchwc",
    graph.reshape(interleave(toLeft, toRight, (height * width) / 2, block), shape),
  )
}

export const averagePool = (value: Node<"AveragePool">, lowering: Lowering): void => {
  const x = lowering.read(value.inputs[0], "nchw")
  const attributes = { ...attributesOf(value.attributes.window), count_include_pad: { i: 0 } }
  lowering.write(value, "nchw", lowering.graph.op("AveragePool", [x], attributes))
}

/** The number of elements of the image that each window covers, along one axis. */
const covered = (size: number, positions: number, length: number, stride: number, before: number) =>
  Array.from({ length: positions }, (_, i) => {
    const start = i * stride - before
    return Math.min(start + length, size) - Math.max(start, 0)
  })

/**
 * dx = the sum of dy / (elements that the window covers) over the windows that an element is in. (TensorFlow.js' own gradient
 * divides by the whole window even at the edges, which is wrong by finite differences.)
 */
export const averagePoolGradient = (value: Node<"AveragePoolGradient">, lowering: Lowering): void => {
  const { graph } = lowering
  const { window } = value.attributes
  const { height, inChannels, inHeight, inWidth, outHeight, outWidth, strideHeight, strideWidth, width } =
    window
  const rows = covered(inHeight, outHeight, height, strideHeight, window.top)
  const columns = covered(inWidth, outWidth, width, strideWidth, window.left)
  const shares = Float32Array.from(rows.flatMap((inRow) => columns.map((inColumn) => 1 / (inRow * inColumn))))
  const shared = graph.op("Mul", [
    lowering.read(value.inputs[0], "nchw"),
    graph.constant(shares, [1, 1, outHeight, outWidth]),
  ])
  // Each channel becomes an image of a transposed convolution with ones.
  const images = graph.reshape(shared, [window.batch * inChannels, 1, outHeight, outWidth])
  const ones = graph.constant(new Float32Array(height * width).fill(1), [1, 1, height, width])
  const uncovered = [
    inHeight - ((outHeight - 1) * strideHeight + height - window.top - window.bottom),
    inWidth - ((outWidth - 1) * strideWidth + width - window.left - window.right),
  ]
  const summed = graph.op("ConvTranspose", [images, ones], {
    ...attributesOf(window),
    output_padding: { ints: uncovered },
  })
  lowering.write(value, "nchw", graph.reshape(summed, imageShape(value.shape)))
}
