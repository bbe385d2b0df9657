/** How kernels with a sliding window are traced: convolutions and pooling, forward and gradients. */
import * as tf from "@tensorflow/tfjs-core"
import type { Shape, Window } from "./graph.ts"
import { type Inputs, kernel, KernelRefused, type Make } from "./Kernel.ts"

const { backend_util } = tf

const windowOf = (info: tf.backend_util.Conv2DInfo): Window => ({
  batch: info.batchSize,
  inHeight: info.inHeight,
  inWidth: info.inWidth,
  inChannels: info.inChannels,
  outHeight: info.outHeight,
  outWidth: info.outWidth,
  outChannels: info.outChannels,
  height: info.filterHeight,
  width: info.filterWidth,
  strideHeight: info.strideHeight,
  strideWidth: info.strideWidth,
  dilationHeight: info.dilationHeight,
  dilationWidth: info.dilationWidth,
  top: info.padInfo.top,
  bottom: info.padInfo.bottom,
  left: info.padInfo.left,
  right: info.padInfo.right,
})
type Image = [number, number, number, number]
type ConvAttributes = Pick<tf.Conv2DAttrs, "strides" | "pad" | "dataFormat" | "dimRoundingMode"> & {
  readonly dilations?: tf.Conv2DAttrs["dilations"] | null
}
const convolution = (x: Shape, filter: Shape, attributes: ConvAttributes, depthwise = false) => {
  if ((attributes.dataFormat ?? "NHWC") !== "NHWC") throw new KernelRefused("the data format is not NHWC")
  const { strides, pad, dimRoundingMode } = attributes
  const dilations = attributes.dilations ?? 1
  return backend_util.computeConv2DInfo(
    x as Image,
    filter as Image,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    depthwise,
  )
}
/** With one channel, a depthwise convolution is an ordinary one. */
const isDepthwise = ({ inChannels }: tf.backend_util.Conv2DInfo) => inChannels > 1
/** The fused kernel begins with it as well. */
export const conv2d = ({ x, filter }: Inputs, attributes: ConvAttributes, make: Make) => {
  const info = convolution(x.shape, filter.shape, attributes)
  return make("Conv2D", [x, filter], { window: windowOf(info), relu: false }, info.outShape)
}
kernel(tf.Conv2D, conv2d)
kernel<ConvAttributes>(tf.DepthwiseConv2dNative, ({ x, filter }, attributes, make) => {
  const info = convolution(x.shape, filter.shape, attributes, true)
  const op = isDepthwise(info) ? "DepthwiseConv2D" : "Conv2D"
  return make(op, [x, filter], { window: windowOf(info), relu: false }, info.outShape)
})
for (const [name, depthwise] of [
  [tf.Conv2DBackpropInput, false],
  [tf.DepthwiseConv2dNativeBackpropInput, true],
] as const) {
  kernel<ConvAttributes & { readonly inputShape: Shape }>(name, ({ dy, filter }, attributes, make) => {
    const info = convolution(attributes.inputShape, filter.shape, attributes, depthwise)
    const op = depthwise && isDepthwise(info) ? "DepthwiseConv2DInputGradient" : "Conv2DInputGradient"
    return make(op, [dy, filter], { window: windowOf(info) }, info.inShape)
  })
}
for (const [name, depthwise] of [
  [tf.Conv2DBackpropFilter, false],
  [tf.DepthwiseConv2dNativeBackpropFilter, true],
] as const) {
  kernel<ConvAttributes & { readonly filterShape: Shape }>(name, ({ x, dy }, attributes, make) => {
    const info = convolution(x.shape, attributes.filterShape, attributes, depthwise)
    const op = depthwise && isDepthwise(info) ? "DepthwiseConv2DFilterGradient" : "Conv2DFilterGradient"
    return make(op, [x, dy], { window: windowOf(info) }, info.filterShape)
  })
}
const pooling = (x: Shape, { filterSize, strides, pad, dimRoundingMode }: tf.MaxPoolAttrs) =>
  backend_util.computePool2DInfo(x as Image, filterSize, strides, 1, pad, dimRoundingMode)
for (const [name, gradient, op, opGradient] of [
  [tf.MaxPool, tf.MaxPoolGrad, "MaxPool", "MaxPoolGradient"],
  [tf.AvgPool, tf.AvgPoolGrad, "AveragePool", "AveragePoolGradient"],
] as const) {
  kernel<tf.MaxPoolAttrs>(name, ({ x }, attributes, make) => {
    const info = pooling(x.shape, attributes)
    return make(op, [x], { window: windowOf(info) }, info.outShape)
  })
  kernel<tf.MaxPoolAttrs>(gradient, ({ dy, input, output }, attributes, make) => {
    const window = windowOf(pooling(input.shape, attributes))
    return make(opGradient, output === undefined ? [dy] : [dy, input, output], { window }, input.shape)
  })
}
