/**
 * The NPY file format: (bytes) -> the array in C order, as bytes, integers or texts.
 *
 * After NumPy's NEP 1 (2007, versions 1 to 3): the text `\x93NUMPY`, two bytes of version, the length of the header, a Python
 * dictionary with type, order and shape, and the values. Pickled objects are refused: reading them would run a program.
 * Arrays in Fortran order are transposed.
 */
import { Result } from "effect"
import { SourceInvalid } from "./SourceInvalid.ts"

export interface NumpyArray {
  readonly shape: ReadonlyArray<number>
  /** Such as u1: unsigned integer of one byte. */
  readonly type: string
  readonly values: Uint8Array | ReadonlyArray<number> | ReadonlyArray<string>
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

const integers: Readonly<Record<string, (view: DataView, at: number, little: boolean) => number>> = {
  i1: (view, at) => view.getInt8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  i2: (view, at, little) => view.getInt16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
}

/** A longer one is no name of a class. */
const longestText = 1000

/** Texts of a fixed length, filled up with zeros: U5 is five characters of UTF-32, S5 five bytes. */
const textReader = (type: string) => {
  const match = /^([US])(\d+)$/.exec(type)
  const length = Number(match?.[2])
  // Texts without a length have no bytes, whatever number of them the header declares.
  if (match === null || length < 1 || length > longestText) return undefined
  const itemBytes = match[1] === "U" ? 4 * length : length
  const read = (view: DataView, at: number, little: boolean) => {
    if (match[1] === "S") {
      const bytes = new Uint8Array(view.buffer, view.byteOffset + at, length)
      return new TextDecoder().decode(bytes).replace(/\0+$/, "")
    }
    const points = Array.from({ length }, (_, i) => view.getUint32(at + 4 * i, little))
    // Beyond Unicode: the replacement character.
    return String.fromCodePoint(...points.map((point) => (point > 0x10ffff ? 0xfffd : point))).replace(
      /\0+$/,
      "",
    )
  }
  return { itemBytes, read }
}

/** The offset of each value of a C array in the same array in Fortran order. */
const fortranOffsets = (shape: ReadonlyArray<number>): Uint32Array => {
  const size = shape.reduce((a, b) => a * b, 1)
  const offsets = new Uint32Array(size)
  const index = shape.map(() => 0)
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1))
  let offset = 0
  for (let at = 0; at < size; at++) {
    offsets[at] = offset
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis]
      if (++index[axis] < shape[axis]) break
      offset -= strides[axis] * shape[axis]
      index[axis] = 0
    }
  }
  return offsets
}

const headerOf = (bytes: Uint8Array) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isFirst = bytes[6] === 1
  const length = isFirst ? view.getUint16(8, true) : view.getUint32(8, true)
  const from = isFirst ? 10 : 12
  if (from + length > bytes.byteLength) throw new RangeError()
  return {
    text: new TextDecoder("latin1").decode(bytes.subarray(from, from + length)),
    dataAt: from + length,
  }
}

/** `path` is used in messages only. */
export const parseNpy = (bytes: Uint8Array, path: string): Result.Result<NumpyArray, SourceInvalid> => {
  const invalid = (found: string, expected: string, advice: string) =>
    Result.fail(new SourceInvalid({ path, found, expected, advice }))
  const whole = "an array of numpy.save"
  if (!magic.every((byte, at) => bytes[at] === byte) || bytes.byteLength < 12) {
    return invalid("another file", whole, "give an NPY file")
  }
  let header: ReturnType<typeof headerOf>
  try {
    header = headerOf(bytes)
  } catch {
    return invalid("a truncated header", whole, "get it again")
  }
  const descr = /'descr':\s*'([<>|=]?)([a-zA-Z]\w*)'/.exec(header.text)
  const order = /'fortran_order':\s*(True|False)/.exec(header.text)
  const shapeText = /'shape':\s*\(([\d,\sL]*)\)/.exec(header.text)
  if (/'descr':\s*'\|?O/.test(header.text)) {
    const advice = "save it with an integer type, because reading pickled objects would run a program"
    return invalid("pickled objects", "numbers", advice)
  }
  if (descr === null || order === null || shapeText === null) {
    return invalid("a header of another form", `${whole} with one type`, "save it with an integer type")
  }
  const [, byteOrder, type] = descr
  const shape = shapeText[1]
    .split(",")
    .flatMap((size) => (size.trim() === "" ? [] : [Number.parseInt(size, 10)]))
  const text = textReader(type)
  const read = integers[type]
  if (type !== "u1" && read === undefined && text === undefined) {
    return invalid(`values of type ${type}`, "whole numbers", "convert it with .astype(numpy.uint8)")
  }
  const size = shape.reduce((a, b) => a * b, 1)
  const itemBytes = text?.itemBytes ?? Number(type.slice(1))
  const data = bytes.subarray(header.dataAt)
  if (size * itemBytes !== data.byteLength) {
    return invalid(
      `${data.byteLength} bytes of values`,
      `${size * itemBytes} for the shape [${shape.join(", ")}]`,
      "the file is truncated or damaged: get it again",
    )
  }
  const offsets = order[1] === "True" && shape.length > 1 ? fortranOffsets(shape) : undefined
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const valuesBy = <A>(readValue: (view: DataView, at: number, little: boolean) => A) =>
    Array.from({ length: size }, (_, at) =>
      readValue(view, (offsets?.[at] ?? at) * itemBytes, byteOrder !== ">"),
    )
  if (text !== undefined) return Result.succeed({ shape, type, values: valuesBy(text.read) })
  if (read === undefined) {
    const values = offsets === undefined ? data : Uint8Array.from(offsets, (at) => data[at])
    return Result.succeed({ shape, type, values })
  }
  return Result.succeed({ shape, type, values: valuesBy(read) })
}
