/** Signatures of a SavedModel: (inputs, outputs) -> SignatureDef. */
import type { DType, Shape } from "../trace/graph.ts"
import { type Name, shapeAttribute } from "./graph.ts"
import { dataType, type SignatureDef, type TensorInfo } from "./proto.ts"

/** By their keys in a signature. Without a type they are float32. */
export type Tensors = Readonly<
  Record<string, { readonly name: Name; readonly shape: Shape; readonly dtype?: DType }>
>

const infos = (tensors: Tensors): Record<string, TensorInfo> =>
  Object.fromEntries(
    Object.entries(tensors).map(([key, { dtype = "float32", name, shape }]) => [
      key,
      { name: `${name}:0`, dtype: dataType[dtype], tensorShape: shapeAttribute(shape) },
    ]),
  )

export const signature = (inputs: Tensors, outputs: Tensors): SignatureDef => ({
  inputs: infos(inputs),
  outputs: infos(outputs),
  methodName: "tensorflow/serving/predict",
})
