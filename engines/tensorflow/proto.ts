/**
 * TensorFlow's messages: (SavedModel as a plain object) -> bytes.
 *
 * Written with protobufjs from `savedModel.proto`, so that graphs can be written and tested without TensorFlow.
 */
import { fileURLToPath } from "node:url"
import protobuf from "protobufjs"

/** DataType of types.proto */
export const dataType = { float32: 1, int32: 3, uint8: 4, bool: 10 } as const

export interface TensorShapeProto {
  readonly dim: ReadonlyArray<{ readonly size: number }>
}
export interface TensorProto {
  readonly dtype: number
  readonly tensorShape: TensorShapeProto
  /** The elements, row-major: all of them. */
  readonly tensorContent?: Uint8Array
  /** One element for all. */
  readonly floatVal?: ReadonlyArray<number>
  readonly intVal?: ReadonlyArray<number>
  readonly boolVal?: ReadonlyArray<boolean>
}
export type AttrValue =
  | { readonly list: { readonly i: ReadonlyArray<number> } }
  | { readonly s: Uint8Array }
  | { readonly i: number }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly type: number }
  | { readonly shape: TensorShapeProto }
  | { readonly tensor: TensorProto }
export interface NodeDef {
  readonly name: string
  readonly op: string
  readonly input: ReadonlyArray<string>
  readonly device: string
  readonly attr: Readonly<Record<string, AttrValue>>
}
export interface TensorInfo {
  readonly name: string
  readonly dtype: number
  readonly tensorShape: TensorShapeProto
}
export interface SignatureDef {
  readonly inputs: Readonly<Record<string, TensorInfo>>
  readonly outputs: Readonly<Record<string, TensorInfo>>
  readonly methodName: string
}
export interface SavedModel {
  readonly savedModelSchemaVersion: number
  readonly metaGraphs: ReadonlyArray<{
    readonly metaInfoDef: { readonly tags: ReadonlyArray<string> }
    readonly graphDef: {
      readonly node: ReadonlyArray<NodeDef>
      readonly versions: { readonly producer: number }
    }
    readonly signatureDef: Readonly<Record<string, SignatureDef>>
  }>
}

let type: protobuf.Type | undefined

export const encodeSavedModel = (model: SavedModel): Uint8Array => {
  type ??= protobuf
    .loadSync(fileURLToPath(new URL("savedModel.proto", import.meta.url)))
    .lookupType("tensorflow.SavedModel")
  const problem = type.verify(model)
  if (problem !== null) throw new Error(`cannot encode the SavedModel: ${problem}`)
  return type.encode(model).finish()
}
