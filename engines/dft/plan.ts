/**
 * The sizes of a DFT convolution: (window) -> DFT sizes, and the position of every element of image, filter and output.
 *
 * The DFT sizes are the smallest that keep the circular convolution of the DFT from wrapping around into an output.
 * Padding, strides and dilations are positions: padding moves the image, a dilation spreads the filter, and with a stride
 * only every second or third output is computed.
 */
import type { Shape, Window } from "../trace/graph.ts"

/** The three tensors that a convolution relates: x, the filter and y, or their gradients. */
export type SideName = "image" | "filter" | "output"

/** How one of the three is transformed. */
export interface Side {
  /** The positions of its rows and of its columns. */
  readonly rows: ReadonlyArray<number>
  readonly columns: ReadonlyArray<number>
  /** The sign of the DFT's exponent. */
  readonly sign: 1 | -1
  /** The three real numbers that stand for a complex one. */
  readonly parts: (re: number, im: number) => readonly [number, number, number]
  readonly scale: number
}

export interface DftPlan extends Readonly<Record<SideName, Side>> {
  /** The DFT size along the rows: n, even. */
  readonly height: number
  /** The DFT size along the columns: m. */
  readonly width: number
  /** Real numbers in the DFT of one image with one channel. */
  readonly positions: number
}

const positionsOf = (length: number, step: number, first: number) =>
  Array.from({ length }, (_, i) => first + i * step)

const last = (positions: ReadonlyArray<number>) => positions[positions.length - 1]

/** The smallest DFT size at which no product that belongs to another output lands on an output. */
const dftSize = (
  image: ReadonlyArray<number>,
  filter: ReadonlyArray<number>,
  output: ReadonlyArray<number>,
) => Math.max(last(image) + 1, last(output) + last(filter) + 1 - image[0])

export const planDft = (window: Window): DftPlan => {
  const image = {
    rows: positionsOf(window.inHeight, 1, window.top),
    columns: positionsOf(window.inWidth, 1, window.left),
  }
  const filter = {
    rows: positionsOf(window.height, window.dilationHeight, 0),
    columns: positionsOf(window.width, window.dilationWidth, 0),
  }
  const output = {
    rows: positionsOf(window.outHeight, window.strideHeight, 0),
    columns: positionsOf(window.outWidth, window.strideWidth, 0),
  }
  const height = 2 * Math.ceil(dftSize(image.rows, filter.rows, output.rows) / 2)
  const width = dftSize(image.columns, filter.columns, output.columns)
  return {
    height,
    width,
    positions: (height / 2) * 3 * width,
    image: { ...image, sign: -1, parts: (re, im) => [re + im, re, im], scale: 1 },
    filter: { ...filter, sign: 1, parts: (re, im) => [re, im - re, re + im], scale: 1 },
    // The adjoint of what turns the products k1, k2 and k3 (`convolution.ts`) into y.
    output: { ...output, sign: -1, parts: (re, im) => [re + im, im, -re], scale: 2 / (height * width) },
  }
}

/** The sizes of the two axes that are not transformed: [examples, channels], or [in, out] of the filter. */
export const otherAxes = (
  { inChannels, outChannels }: Window,
  side: SideName,
  examples: number,
): readonly [number, number] => {
  switch (side) {
    case "image":
      return [examples, inChannels]
    case "output":
      return [examples, outChannels]
    case "filter":
      return [inChannels, outChannels]
  }
}

/** [examples, height, width, channels], or [height, width, in, out] of the filter. */
export const shapeOf = (window: Window, side: SideName, examples: number): Shape => {
  switch (side) {
    case "image":
      return [examples, window.inHeight, window.inWidth, window.inChannels]
    case "output":
      return [examples, window.outHeight, window.outWidth, window.outChannels]
    case "filter":
      return [window.height, window.width, window.inChannels, window.outChannels]
  }
}
