/**
 * The operators of ONNX Runtime for images in blocks of channels, the layout of its fastest convolutions.
 *
 * A blocked image has the shape [batch, channels, height, width], and its elements the order [batch, channels / block, height,
 * width, block]. The operators are internal to ONNX Runtime (domain com.microsoft.nchwc). So its version is pinned, the block
 * size is probed (`probe.ts`), and results are compared with the portable path (`verify.ts`).
 */
import type { Name, OnnxGraph } from "../graph.ts"

/** [batch, channels, height, width] */
export type ImageShape = readonly [number, number, number, number]

export interface BlockedConvolution {
  /** [batch, channels, height, width]; blocked unless it has fewer channels than a block. */
  readonly x: Name
  readonly inShape: ImageShape
  readonly outShape: ImageShape
  /** In the order [out / block, in / block, height, width, block of in, block of out]. */
  readonly filter: Name
  readonly bias?: Name | undefined
  /** Added to the result, before ReLU. Nothing else may read it: its memory becomes that of the result. */
  readonly sum?: Name | undefined
  /** [height, width] */
  readonly kernel: readonly [number, number]
  readonly strides: readonly [number, number]
  readonly dilations: readonly [number, number]
  /** [top, left, bottom, right] */
  readonly pads: readonly [number, number, number, number]
  readonly relu: boolean
  /** Each channel separately: as many out as in, in whole blocks. The filter is [channels / block, height, width, block]. */
  readonly depthwise?: boolean
  /** Each group of channels in has filters of its own. With fewer channels in a group than a block, x is not blocked. */
  readonly groups?: number
}

export interface Blocked {
  /** Channels in a block: 8, or 16 with AVX-512. */
  readonly block: number
  /** [batch, channels, height, width] or [batch, height, width, channels] -> blocked; channels are a multiple of 4. */
  readonly reorderInput: (graph: OnnxGraph, x: Name, shape: ImageShape, channelsLast: boolean) => Name
  readonly reorderOutput: (graph: OnnxGraph, x: Name, shape: ImageShape, channelsLast: boolean) => Name
  readonly convolution: (graph: OnnxGraph, convolution: BlockedConvolution) => Name
  /** [batch, channels, height, width] -> [batch, channels, 1, 1] */
  readonly averagePool: (graph: OnnxGraph, x: Name, shape: ImageShape) => Name
  /** Windows of `size`, `strides` apart, without padding. */
  readonly maxPool: (
    graph: OnnxGraph,
    x: Name,
    shape: ImageShape,
    size: readonly [number, number],
    strides: readonly [number, number],
  ) => Name
}

/** The two reorders for elements of any type, such as booleans: ONNX Runtime's own take floats only. Channels in whole blocks. */
export const reorderAny = (block: number): Pick<Blocked, "reorderInput" | "reorderOutput"> => ({
  reorderInput: (graph, x, [batch, channels, height, width], channelsLast) => {
    const blocks = channels / block
    const parts = channelsLast
      ? graph.transpose(graph.reshape(x, [batch, height, width, blocks, block]), [0, 3, 1, 2, 4])
      : graph.transpose(graph.reshape(x, [batch, blocks, block, height, width]), [0, 1, 3, 4, 2])
    return graph.reshape(parts, [batch, channels, height, width])
  },
  reorderOutput: (graph, x, [batch, channels, height, width], channelsLast) => {
    const parts = graph.reshape(x, [batch, channels / block, height, width, block])
    return channelsLast
      ? graph.reshape(graph.transpose(parts, [0, 2, 3, 1, 4]), [batch, height, width, channels])
      : graph.reshape(graph.transpose(parts, [0, 1, 4, 2, 3]), [batch, channels, height, width])
  },
})

const domain = "com.microsoft.nchwc"

export const nativeBlocked = (block: number): Blocked => ({
  block,
  reorderInput: (graph, x, [, channels], channelsLast) => {
    if (channels % 4 !== 0)
      throw new Error(`ReorderInput: found ${channels} channels, expected a multiple of 4`)
    return graph.op("ReorderInput", [x], { channels_last: { i: channelsLast ? 1 : 0 } }, domain)
  },
  reorderOutput: (graph, x, [, channels], channelsLast) =>
    graph.op(
      "ReorderOutput",
      [x],
      { channels: { i: channels }, channels_last: { i: channelsLast ? 1 : 0 } },
      domain,
    ),
  convolution: (
    graph,
    { bias, depthwise, dilations, filter, groups = 1, inShape, kernel, pads, relu, strides, sum, x },
  ) =>
    graph.op(
      "Conv",
      [
        x,
        filter,
        ...(bias === undefined && sum === undefined ? [] : [bias ?? ""]),
        ...(sum === undefined ? [] : [sum]),
      ],
      {
        kernel_shape: { ints: kernel },
        strides: { ints: strides },
        dilations: { ints: dilations },
        group: { i: depthwise ? inShape[1] : groups },
        pads: { ints: pads },
        ...(relu ? { activation: { s: "Relu" } } : {}),
      },
      domain,
    ),
  averagePool: (graph, x) => graph.op("GlobalAveragePool", [x], {}, domain),
  maxPool: (graph, x, _, size, strides) =>
    graph.op(
      "MaxPool",
      [x],
      { kernel_shape: { ints: size }, strides: { ints: strides }, pads: { ints: [0, 0, 0, 0] } },
      domain,
    ),
})
