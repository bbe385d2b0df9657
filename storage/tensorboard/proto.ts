/**
 * TensorBoard's messages: (plain objects) <-> bytes.
 *
 * Encoded with protobufjs from TensorBoard's own definitions, `event.proto` and `hparams.proto` in this folder.
 * Fields are written in the order of their numbers, so equal objects are equal bytes.
 */
import { fileURLToPath } from "node:url"
import protobuf from "protobufjs"

export interface HistogramProto {
  readonly min: number
  readonly max: number
  readonly num: number
  readonly sum: number
  readonly sumSquares: number
  /** The upper end of each bucket, exclusive; the first has no lower end. */
  readonly bucketLimit: ReadonlyArray<number>
  /** How many values lie in each bucket. */
  readonly bucket: ReadonlyArray<number>
}
export interface ImageProto {
  readonly height: number
  readonly width: number
  /** Channels: 1 gray, 3 RGB. */
  readonly colorspace: number
  readonly encodedImageString: Uint8Array
}
export interface TensorShapeProto {
  readonly dim: ReadonlyArray<{ readonly size: number }>
}
/** DataType */
export const dataType = { float32: 1, int32: 3, bool: 10 } as const
/** DataClass */
export const dataClass = { tensor: 2 } as const

interface Tagged {
  readonly tag: string
  readonly metadata?: {
    readonly pluginData: { readonly pluginName: string; readonly content: Uint8Array }
    readonly dataClass: number
  }
}
export type SummaryValue = Tagged &
  (
    | { readonly simpleValue: number }
    | { readonly image: ImageProto }
    | { readonly histo: HistogramProto }
    | { readonly tensor: { readonly dtype: number; readonly tensorShape: TensorShapeProto } }
  )
/** What an event says; when is its `wallTime` and `step`. */
export type EventContent =
  | { readonly fileVersion: string }
  | { readonly graphDef: Uint8Array }
  | { readonly summary: { readonly value: ReadonlyArray<SummaryValue> } }
export type Event = EventContent & {
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly step: number
}

export type AttrValue =
  | { readonly type: number }
  | { readonly shape: TensorShapeProto }
  | {
      readonly list:
        | { readonly i: ReadonlyArray<number> }
        | { readonly shape: ReadonlyArray<TensorShapeProto> }
    }
export interface NodeDef {
  readonly name: string
  readonly op: string
  readonly input: ReadonlyArray<string>
  readonly attr: Readonly<Record<string, AttrValue>>
}
export interface GraphDef {
  readonly node: ReadonlyArray<NodeDef>
  readonly versions: { readonly producer: number }
}

export type ValueProto =
  | { readonly numberValue: number }
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
export type HParamsPluginData = { readonly version: number } & (
  | { readonly sessionStartInfo: { readonly hparams: Readonly<Record<string, ValueProto>> } }
  | { readonly sessionEndInfo: { readonly status: number } }
)

const messageType = (file: string, name: string) => {
  let type: protobuf.Type | undefined
  return () => (type ??= protobuf.loadSync(fileURLToPath(new URL(file, import.meta.url))).lookupType(name))
}
const encoder =
  <T extends object>(type: () => protobuf.Type) =>
  (message: T): Uint8Array => {
    const problem = type().verify(message)
    if (problem !== null) throw new Error(`not a ${type().fullName}: ${problem}`)
    return type().encode(message).finish()
  }

const eventType = messageType("event.proto", "tensorboard.Event")

export const encodeEvent = encoder<Event>(eventType)
export const encodeGraph = encoder<GraphDef>(messageType("event.proto", "tensorboard.GraphDef"))
export const encodeHParams = encoder<HParamsPluginData>(
  messageType("hparams.proto", "tensorboard.hparams.HParamsPluginData"),
)

/** The event that was encoded; undefined if the bytes are not an event. */
export const decodeEvent = (bytes: Uint8Array): Event | undefined => {
  try {
    const event = eventType().toObject(eventType().decode(bytes), { longs: Number })
    return { wallTime: 0, step: 0, ...event } as Event
  } catch {
    return undefined
  }
}
