/**
 * Mutations, drawn from a seed: (bytes) -> bytes that are a little wrong, (JSON value) -> one that is.
 *
 * A draw is a pure function of (seed, case), so that a case that fails can be made again alone.
 */
import { randomKey, randomWords } from "../../stages/random.ts"

/** Draws of one case. */
export interface Draw {
  /** 0 to `below - 1` */
  readonly integer: (below: number) => number
  readonly pick: <T>(from: ReadonlyArray<T>) => T
}

export const drawOf = (seed: number, target: string, number: number): Draw => {
  const key = randomKey(seed, `fuzz ${target} ${number}`)
  const words = new Uint32Array(2)
  let position = 0
  const integer = (below: number) => {
    randomWords(key, position, words)
    position += 2
    return words[0] % Math.max(1, below)
  }
  return { integer, pick: (from) => from[integer(from.length)] }
}

type ByteMutation = (bytes: Uint8Array, draw: Draw) => Uint8Array

const splice = (bytes: Uint8Array, at: number, remove: number, insert: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)])

const byteMutations: ReadonlyArray<ByteMutation> = [
  // A bit.
  (bytes, { integer }) => {
    const changed = Uint8Array.from(bytes)
    if (changed.length > 0) changed[integer(changed.length)] ^= 1 << integer(8)
    return changed
  },
  // A byte at the beginning, where headers are.
  (bytes, { integer }) => {
    const changed = Uint8Array.from(bytes)
    if (changed.length > 0) changed[integer(Math.min(64, changed.length))] = integer(256)
    return changed
  },
  // Four bytes: a size, an offset, a count.
  (bytes, { integer, pick }) => {
    const value = Buffer.alloc(4)
    value.writeUInt32LE(pick([0, 1, 0x7fffffff, 0x80000000, 0xffffffff, integer(2 ** 31)]))
    return splice(bytes, integer(Math.max(1, Math.min(256, bytes.length - 4))), 4, value)
  },
  // An end that is missing.
  (bytes, { integer }) => bytes.slice(0, integer(bytes.length)),
  // A part that is missing.
  (bytes, { integer }) => splice(bytes, integer(bytes.length), integer(200), new Uint8Array()),
  // A part that stands twice.
  (bytes, { integer }) => {
    const from = integer(bytes.length)
    return splice(bytes, integer(bytes.length), 0, bytes.slice(from, from + integer(200)))
  },
  // A part of zeros, as after a power cut.
  (bytes, { integer }) => splice(bytes, integer(bytes.length), 64, new Uint8Array(64)),
  // Bytes of something else.
  (bytes, { integer }) =>
    splice(
      bytes,
      integer(bytes.length),
      integer(16),
      Uint8Array.from({ length: 16 }, () => integer(256)),
    ),
  () => new Uint8Array(),
]

export const mutateBytes = (bytes: Uint8Array, draw: Draw): Uint8Array => {
  let changed = bytes
  for (let rounds = 1 + draw.integer(3); rounds > 0; rounds--)
    changed = draw.pick(byteMutations)(changed, draw)
  return changed
}

/** Values that a field is rarely prepared for. */
const strange: ReadonlyArray<unknown> = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 31,
  2 ** 53,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  "",
  "0",
  "../..",
  "\u001b[31mred",
  "\u0000",
  "x".repeat(10_000),
  [],
  {},
  [[[]]],
  { kind: "dense" },
  { __proto__: null },
]

/** Replaces, removes, doubles or adds one value somewhere in a JSON value. */
export const mutateValue = (value: unknown, draw: Draw): unknown => {
  if (typeof value !== "object" || value === null || draw.integer(6) === 0) return draw.pick(strange)
  if (Array.isArray(value)) {
    if (value.length === 0) return [draw.pick(strange)]
    const at = draw.integer(value.length)
    switch (draw.integer(5)) {
      case 0:
        return value.toSpliced(at, 1)
      case 1:
        return value.toSpliced(at, 0, value[at])
      default:
        return value.with(at, mutateValue(value[at], draw))
    }
  }
  const entries = Object.entries(value)
  if (entries.length === 0) return { unexpected: draw.pick(strange) }
  const [key, field] = draw.pick(entries)
  const others = entries.filter(([name]) => name !== key)
  switch (draw.integer(6)) {
    case 0:
      return Object.fromEntries(others)
    case 1:
      return { ...value, [`${key}x`]: field }
    case 2:
      return Object.fromEntries([...others, [draw.pick(entries)[0], field]])
    default:
      return { ...value, [key]: mutateValue(field, draw) }
  }
}
