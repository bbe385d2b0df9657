/** The window of a convolution from its two axes. */
import type { Window } from "../../../engines/trace/graph.ts"

/** [size, taps, stride, dilation, padding before, padding after] of an axis */
export type Axis = readonly [number, number, number, number, number, number]

export const windowOf = (
  batch: number,
  inChannels: number,
  outChannels: number,
  rows: Axis,
  columns: Axis,
): Window => {
  const outputs = ([size, taps, stride, dilation, before, after]: Axis) =>
    Math.floor((size + before + after - (taps - 1) * dilation - 1) / stride) + 1
  return {
    batch,
    inChannels,
    outChannels,
    inHeight: rows[0],
    inWidth: columns[0],
    outHeight: outputs(rows),
    outWidth: outputs(columns),
    height: rows[1],
    width: columns[1],
    strideHeight: rows[2],
    strideWidth: columns[2],
    dilationHeight: rows[3],
    dilationWidth: columns[3],
    top: rows[4],
    bottom: rows[5],
    left: columns[4],
    right: columns[5],
  }
}
export const square = (size: number, taps: number, padding: number): Axis => [
  size,
  taps,
  1,
  1,
  padding,
  padding,
]
