/**
 * Convolution: (x, filter, bias or none) -> y, in one of three forms; `inputGradient.ts` and `filterGradient.ts` have the same.
 *
 * Two are direct: "blocked" with ONNX Runtime's fastest operators, for channels that fill whole blocks, and portable with
 * standard operators. The fast path has a third, the DFT convolution (`dft.ts`), if that needs far fewer multiplications.
 * Filters come as [height, width, in, out] and are blocked inside the graph, because they change with every iteration.
 */
import { isDftFaster } from "../../dft/cost.ts"
import type { Node, Value, Window } from "../../trace/graph.ts"
import type { Name, OnnxGraph } from "../graph.ts"
import type { Blocked } from "./blocked.ts"
import { type Convolution, lowerDftConvolution } from "./dft.ts"
import { imageShape, type Lowering } from "./Lowering.ts"

export const portableAttributes = (window: Window) => ({
  kernel_shape: { ints: [window.height, window.width] },
  strides: { ints: [window.strideHeight, window.strideWidth] },
  dilations: { ints: [window.dilationHeight, window.dilationWidth] },
  pads: { ints: [window.top, window.left, window.bottom, window.right] },
})

export const hasStride = ({ strideHeight, strideWidth }: Window) => strideHeight !== 1 || strideWidth !== 1
export const isDilated = ({ dilationHeight, dilationWidth }: Window) =>
  dilationHeight !== 1 || dilationWidth !== 1

/** The part of the padded image that the windows cover: rows and columns. */
export const coveredBy = (window: Window): readonly [number, number] => [
  (window.outHeight - 1) * window.strideHeight + (window.height - 1) * window.dilationHeight + 1,
  (window.outWidth - 1) * window.strideWidth + (window.width - 1) * window.dilationWidth + 1,
]

/** Padding that the windows cover at the far edges; negative if they leave rows or columns uncovered. */
export const farPadding = (window: Window): readonly [number, number] => {
  const [rows, columns] = coveredBy(window)
  return [rows - window.inHeight - window.top, columns - window.inWidth - window.left]
}

export const usesDft = ({ attributes, inputs }: Convolution, lowering: Lowering): boolean => {
  // The input's gradient shares the filter with the forward convolution, and dy with the filter's gradient.
  const isTrained = inputs.some((input) =>
    lowering.users(input).some(({ op }) => op === "Conv2DInputGradient"),
  )
  return lowering.blocked !== undefined && isDftFaster(attributes.window, isTrained)
}

/** Whether the blocked operators take these channels. */
const fits = (blocked: Blocked | undefined, inChannels: number, outChannels: number): blocked is Blocked =>
  blocked !== undefined &&
  outChannels % blocked.block === 0 &&
  (inChannels % blocked.block === 0 || inChannels < blocked.block)

/** [h, w, in, out] -> [out / b, in / b, h, w, b of in, b of out]; fewer channels in than a block stay one by one. */
const blockFilter = (graph: OnnxGraph, filter: Name, window: Window, block: number): Name => {
  const { height, inChannels, outChannels, width } = window
  const area = height * width
  const blocked =
    inChannels < block
      ? graph.transpose(graph.reshape(filter, [area, inChannels, outChannels / block, block]), [2, 1, 0, 3])
      : graph.transpose(
          graph.reshape(filter, [area, inChannels / block, block, outChannels / block, block]),
          [3, 1, 0, 2, 4],
        )
  return graph.reshape(blocked, [outChannels, inChannels, height, width])
}

const blockedConvolution = (
  value: Node<"Conv2D">,
  lowering: Lowering,
  blocked: Blocked,
  bias: Name | undefined,
): Name => {
  const { graph } = lowering
  const { relu, window } = value.attributes
  const [x, filter] = value.inputs
  return blocked.convolution(graph, {
    x: lowering.read(x, window.inChannels < blocked.block ? "nchw" : "nchwc"),
    inShape: imageShape(x.shape),
    outShape: imageShape(value.shape),
    filter: blockFilter(graph, lowering.read(filter), window, blocked.block),
    bias,
    kernel: [window.height, window.width],
    strides: [window.strideHeight, window.strideWidth],
    dilations: [window.dilationHeight, window.dilationWidth],
    pads: [window.top, window.left, window.bottom, window.right],
    relu,
  })
}

export const convolution = (value: Node<"Conv2D">, lowering: Lowering): void => {
  const { blocked, graph } = lowering
  const { relu, window } = value.attributes
  if (usesDft(value, lowering)) return lowerDftConvolution(value, lowering)
  const [x, filter, bias] = value.inputs as ReadonlyArray<Value | undefined> as [
    Value,
    Value,
    Value | undefined,
  ]
  const biasName = bias === undefined ? undefined : lowering.read(bias)
  if (fits(blocked, window.inChannels, window.outChannels)) {
    return lowering.write(value, "nchwc", blockedConvolution(value, lowering, blocked, biasName))
  }
  const weights = graph.transpose(lowering.read(filter), [3, 2, 0, 1])
  const inputs = [lowering.read(x, "nchw"), weights, ...(biasName === undefined ? [] : [biasName])]
  const convolved = graph.op("Conv", inputs, portableAttributes(window))
  lowering.write(value, "nchw", relu ? graph.op("Relu", [convolved]) : convolved)
}
