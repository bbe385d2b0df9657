/** Signatures of a SavedModel: (inputs, outputs) -> SignatureDef. */
import type { Shape } from "../trace/graph.ts"
import { type Name, shapeAttribute } from "./graph.ts"
import { dataType, type SignatureDef, type TensorInfo } from "./proto.ts"

/** By their keys in a signature. */
export type Tensors = Readonly<Record<string, { readonly name: Name; readonly shape: Shape }>>

const infos = (tensors: Tensors): Record<string, TensorInfo> =>
  Object.fromEntries(
    Object.entries(tensors).map(([key, { name, shape }]) => [
      key,
      { name: `${name}:0`, dtype: dataType.float32, tensorShape: shapeAttribute(shape) },
    ]),
  )

export const signature = (inputs: Tensors, outputs: Tensors): SignatureDef => ({
  inputs: infos(inputs),
  outputs: infos(outputs),
  methodName: "tensorflow/serving/predict",
})
