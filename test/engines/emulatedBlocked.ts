/**
 * ONNX Runtime's blocked operators emulated by standard ones, for any block size: so the graphs for other processors can be
 * tested on this one.
 */
import type { Blocked, ImageShape } from "../../engines/onnx/lowering/blocked.ts"
import type { Name, OnnxGraph } from "../../engines/onnx/graph.ts"

const whole = (channels: number, block: number) => Math.ceil(channels / block) * block

const block = (
  graph: OnnxGraph,
  x: Name,
  [batch, channels, height, width]: ImageShape,
  size: number,
): Name => {
  const full = whole(channels, size)
  const padded = graph.pad(x, [0, 0, 0, 0], [0, full - channels, 0, 0])
  const parts = graph.reshape(padded, [batch, full / size, size, height, width])
  return graph.reshape(graph.transpose(parts, [0, 1, 3, 4, 2]), [batch, full, height, width])
}

const unblock = (
  graph: OnnxGraph,
  x: Name,
  [batch, channels, height, width]: ImageShape,
  size: number,
): Name => {
  const full = whole(channels, size)
  const parts = graph.reshape(x, [batch, full / size, height, width, size])
  const image = graph.reshape(graph.transpose(parts, [0, 1, 4, 2, 3]), [batch, full, height, width])
  return full === channels
    ? image
    : graph.op("Slice", [image, graph.ints([0]), graph.ints([channels]), graph.ints([1])])
}

export const emulatedBlocked = (size: number): Blocked => ({
  block: size,
  reorderInput: (graph, x, shape, channelsLast) => {
    if (shape[1] % 4 !== 0) throw new Error("ReorderInput takes a multiple of 4 channels")
    return block(graph, channelsLast ? graph.transpose(x, [0, 3, 1, 2]) : x, shape, size)
  },
  reorderOutput: (graph, x, shape, channelsLast) => {
    const image = unblock(graph, x, shape, size)
    return channelsLast ? graph.transpose(image, [0, 2, 3, 1]) : image
  },
  convolution: (graph, convolution) => {
    const { bias, depthwise, dilations, filter, groups = 1, inShape } = convolution
    const { kernel, outShape, pads, relu, strides, sum, x } = convolution
    const channels = inShape[1] / groups
    const [, filters] = outShape
    const [height, width] = kernel
    const few = channels < size
    /** [filters, channels of a group, height × width] */
    const weightsOf = () => {
      if (depthwise) {
        return graph.transpose(graph.reshape(filter, [channels / size, height * width, size]), [0, 2, 1])
      }
      if (few) {
        const parts = graph.reshape(filter, [filters / size, channels, height * width, size])
        return graph.transpose(parts, [0, 3, 1, 2])
      }
      const parts = graph.reshape(filter, [filters / size, channels / size, height * width, size, size])
      return graph.transpose(parts, [0, 4, 1, 3, 2])
    }
    const inputs = [
      few ? x : unblock(graph, x, inShape, size),
      graph.reshape(weightsOf(), [filters, depthwise ? 1 : channels, height, width]),
      ...(bias === undefined ? [] : [bias]),
    ]
    const convolved = graph.op("Conv", inputs, {
      kernel_shape: { ints: kernel },
      strides: { ints: strides },
      dilations: { ints: dilations },
      pads: { ints: pads },
      group: { i: depthwise ? channels : groups },
    })
    const added =
      sum === undefined ? convolved : graph.op("Add", [convolved, unblock(graph, sum, outShape, size)])
    return block(graph, relu ? graph.op("Relu", [added]) : added, outShape, size)
  },
  averagePool: (graph, x, shape) => {
    const means = graph.op("GlobalAveragePool", [unblock(graph, x, shape, size)])
    return block(graph, means, [shape[0], shape[1], 1, 1], size)
  },
  maxPool: (graph, x, shape, window, strides) => {
    const pooled = graph.op("MaxPool", [unblock(graph, x, shape, size)], {
      kernel_shape: { ints: window },
      strides: { ints: strides },
    })
    const [batch, channels, height, width] = shape
    const positions = (length: number, i: number) => Math.floor((length - window[i]) / strides[i]) + 1
    return block(graph, pooled, [batch, channels, positions(height, 0), positions(width, 1)], size)
  },
})
