/**
 * The attributes of a sliding window in TensorFlow: (Window) -> strides, padding and so on.
 *
 * Images are [batch, height, width, channels] in both. Padding is "VALID" or "SAME" if one of them gives the same edges, because
 * every kernel supports these. For convolutions, any other padding is given by its sizes.
 */
import type { Window } from "../../trace/graph.ts"
import { type Attributes, listAttribute, textAttribute } from "../graph.ts"

type Axis = {
  readonly size: number
  readonly out: number
  readonly window: number
  readonly stride: number
  readonly before: number
  readonly after: number
}

const axes = (window: Window): ReadonlyArray<Axis> => [
  {
    size: window.inHeight,
    out: window.outHeight,
    window: (window.height - 1) * window.dilationHeight + 1,
    stride: window.strideHeight,
    before: window.top,
    after: window.bottom,
  },
  {
    size: window.inWidth,
    out: window.outWidth,
    window: (window.width - 1) * window.dilationWidth + 1,
    stride: window.strideWidth,
    before: window.left,
    after: window.right,
  },
]

const isValid = ({ after, before, out, size, stride, window }: Axis) =>
  before === 0 && after === 0 && out === Math.floor((size - window) / stride) + 1

const isSame = ({ after, before, out, size, stride, window }: Axis) => {
  const missing = Math.max(0, (out - 1) * stride + window - size)
  const half = Math.floor(missing / 2)
  return out === Math.ceil(size / stride) && before === half && after === missing - half
}

/** Whether its padding has a name. */
export const hasNamedPadding = (window: Window) => axes(window).every(isValid) || axes(window).every(isSame)

const padding = (window: Window): Attributes => {
  const both = axes(window)
  if (both.every(isValid)) return { padding: textAttribute("VALID") }
  if (both.every(isSame)) return { padding: textAttribute("SAME") }
  const sizes = [0, 0, window.top, window.bottom, window.left, window.right, 0, 0]
  return { padding: textAttribute("EXPLICIT"), explicit_paddings: listAttribute(sizes) }
}

const strides = ({ strideHeight, strideWidth }: Window) => listAttribute([1, strideHeight, strideWidth, 1])

export const convolutionAttributes = (window: Window): Attributes => ({
  strides: strides(window),
  dilations: listAttribute([1, window.dilationHeight, window.dilationWidth, 1]),
  data_format: textAttribute("NHWC"),
  ...padding(window),
})

export const poolingAttributes = (window: Window): Attributes => ({
  ksize: listAttribute([1, window.height, window.width, 1]),
  strides: strides(window),
  data_format: textAttribute("NHWC"),
  ...padding(window),
})
