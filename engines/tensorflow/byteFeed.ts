/**
 * A feed of bytes (`Feed.isBytes`): (name, shape, graph) -> its placeholder, and the values that the step gets.
 *
 * The package makes no tensor of bytes without copying it twice. So four bytes are one int32, which TensorFlow takes apart again
 * without reading it.
 */
import { type Shape, sizeOf } from "../trace/graph.ts"
import { type Name, type TensorFlowGraph, typeAttribute } from "./graph.ts"
import { dataType } from "./proto.ts"
import type { Tensors } from "./signature.ts"

/** The int32 values that hold so many bytes. */
export const wordsOf = (bytes: number): number => Math.ceil(bytes / 4)

/**
 * A divisor that TensorFlow's optimizer does not take for a constant: it would multiply by 1/255 instead, which has other bits.
 */
const divisor = (graph: TensorFlowGraph): Name =>
  graph.named("feeds/divisor", "PlaceholderWithDefault", [graph.filled(255)], {
    dtype: typeAttribute("float32"),
    shape: { shape: { dim: [] } },
  })

export const addByteFeed = (
  graph: TensorFlowGraph,
  name: string,
  shape: Shape,
): { readonly given: Tensors[string]; readonly value: Name } => {
  const [size, words] = [sizeOf(shape), wordsOf(sizeOf(shape))]
  const [T, index, uint8] = [typeAttribute("float32"), typeAttribute("int32"), { type: dataType.uint8 }]
  const given = { name: graph.placeholder(name, [words], "int32"), shape: [words], dtype: "int32" as const }
  const bytes = graph.op("Bitcast", [given.name], { T: index, type: uint8 })
  const floats = graph.op("Cast", [bytes], { SrcT: uint8, DstT: T })
  const flat = graph.op("Reshape", [floats, graph.integers([4 * words])], { T, Tshape: index })
  const used =
    4 * words === size
      ? flat
      : graph.op("Slice", [flat, graph.integers([0]), graph.integers([size])], { T, Index: index })
  const shaped = graph.op("Reshape", [used, graph.integers(shape)], { T, Tshape: index })
  return { given, value: graph.op("RealDiv", [shaped, divisor(graph)], { T }) }
}
