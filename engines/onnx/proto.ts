/**
 * ONNX messages: (model as a plain object) -> bytes.
 *
 * Written with protobufjs from ONNX's own definitions, `onnx.proto` (onnx 1.23, Apache-2.0).
 */
import { fileURLToPath } from "node:url"
import protobuf from "protobufjs"

/** TensorProto.DataType */
export const dataType = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const
export type DataType = keyof typeof dataType

export interface TensorProto {
  readonly name: string
  readonly dims: ReadonlyArray<number>
  readonly dataType: number
  readonly rawData: Uint8Array
}
/** AttributeProto. `type` determines which field holds the value. */
export interface AttributeProto {
  readonly name: string
  readonly type: number
  readonly f?: number
  readonly i?: number
  readonly s?: Uint8Array
  readonly g?: GraphProto
  readonly ints?: ReadonlyArray<number>
}
export interface NodeProto {
  readonly name: string
  readonly opType: string
  readonly domain: string
  readonly input: ReadonlyArray<string>
  readonly output: ReadonlyArray<string>
  readonly attribute: ReadonlyArray<AttributeProto>
}
export interface ValueInfoProto {
  readonly name: string
  readonly type: {
    readonly tensorType: {
      readonly elemType: number
      readonly shape: {
        readonly dim: ReadonlyArray<{ readonly dimValue: number } | { readonly dimParam: string }>
      }
    }
  }
}
export interface GraphProto {
  readonly name: string
  readonly node: ReadonlyArray<NodeProto>
  readonly initializer: ReadonlyArray<TensorProto>
  readonly input: ReadonlyArray<ValueInfoProto>
  readonly output: ReadonlyArray<ValueInfoProto>
}
export interface ModelProto {
  readonly irVersion: number
  readonly producerName: string
  readonly opsetImport: ReadonlyArray<{ readonly domain: string; readonly version: number }>
  readonly graph: GraphProto
}

let type: protobuf.Type | undefined

export const encodeModel = (model: ModelProto): Uint8Array => {
  type ??= protobuf
    .loadSync(fileURLToPath(new URL("onnx.proto", import.meta.url)))
    .lookupType("onnx.ModelProto")
  const problem = type.verify(model)
  if (problem !== null) throw new Error(`cannot encode the ONNX model: ${problem}`)
  return type.encode(model).finish()
}
