/**
 * Operations on single elements: (value, Lowering, node maker) -> the value, in whatever layout its operands are in.
 *
 * Nothing is converted where all images among the operands share a layout; an operand that is broadcast along an axis
 * needs the layout of the trace.
 */
import { sameShape, type Value } from "../trace/graph.ts"
import type { Name, OnnxGraph } from "./graph.ts"
import type { Layout, Lowering } from "./Lowering.ts"

const layoutOf = (value: Value, lowering: Lowering): Layout => {
  const images = value.inputs.filter((input) => sameShape(input.shape, value.shape))
  const broadcast = value.inputs.some((input) => !images.includes(input) && input.shape.length > 0)
  if (value.shape.length !== 4 || broadcast) return "nhwc"
  for (const layout of ["nchwc", "nchw"] as const) {
    if (images.some((image) => lowering.has(image, layout) && !lowering.has(image, "nhwc"))) return layout
  }
  return "nhwc"
}

export const elementwise = (
  value: Value,
  lowering: Lowering,
  make: (graph: OnnxGraph, inputs: ReadonlyArray<Name>) => Name,
): void => {
  const layout = layoutOf(value, lowering)
  const inputs = value.inputs.map((input) =>
    lowering.read(input, sameShape(input.shape, value.shape) ? layout : "nhwc"),
  )
  lowering.write(value, layout, make(lowering.graph, inputs))
}
