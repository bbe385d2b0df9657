/**
 * Transfers an exported value from the thread that ran its file: (any value) -> plain data -> a value of the same shape.
 *
 * Functions and symbols cannot be transferred: placeholders replace them, so that the decoder can name what it found. Reading a
 * value runs the user's getters and proxies, so encoding is done in the user's thread, with a limit.
 */

/** The file exports or does something that is not allowed in an experiment file. */
export class NotPlain extends Error {}

type Primitive = string | number | boolean | bigint | null | undefined

type Encoded =
  | { readonly is: "primitive"; readonly value: Primitive }
  | { readonly is: "function" }
  | { readonly is: "symbol" }
  | { readonly is: "array"; readonly items: ReadonlyArray<Encoded> }
  | { readonly is: "object"; readonly entries: ReadonlyArray<readonly [key: string, value: Encoded]> }

export type EncodedValue = Encoded

/** The result of running an experiment file. */
export type Evaluated =
  | { readonly kind: "value"; readonly value: EncodedValue }
  /** Its default export is a promise. */
  | { readonly kind: "promise" }
  /** `code` is Node.js's name of an error, empty if there is none. */
  | { readonly kind: "failed"; readonly message: string; readonly code: string; readonly stack: string }

/** An experiment has some hundreds of values. More than this is a mistake. */
const mostValues = 1_000_000
const mostDepth = 100

export const encodeValue = (value: unknown): EncodedValue => {
  let count = 0
  const encode = (value: unknown, path: string, above: ReadonlyArray<object>): Encoded => {
    if (++count > mostValues) throw new NotPlain(`it exports more than ${mostValues} values`)
    if (typeof value === "function") return { is: "function" }
    if (typeof value === "symbol") return { is: "symbol" }
    if (typeof value !== "object" || value === null) {
      return { is: "primitive", value: value as Primitive }
    }
    const where = path === "" ? "its default export" : path
    if (above.includes(value)) throw new NotPlain(`${where} contains itself; an experiment is a plain value`)
    if (above.length > mostDepth) throw new NotPlain(`${where} is nested more than ${mostDepth} deep`)
    const inner = [...above, value]
    const read = (key: string | number, at: string): Encoded => {
      let field: unknown
      try {
        field = Reflect.get(value, key)
      } catch (thrown) {
        const why = thrown instanceof Error ? `: ${thrown.message}` : ""
        throw new NotPlain(`reading ${at} throws${why}; write a plain value instead of a getter`)
      }
      return encode(field, at, inner)
    }
    if (Array.isArray(value)) {
      return { is: "array", items: Array.from({ length: value.length }, (_, i) => read(i, `${path}[${i}]`)) }
    }
    const entries = Object.keys(value).map(
      (key) => [key, read(key, path === "" ? key : `${path}.${key}`)] as const,
    )
    return { is: "object", entries }
  }
  return encode(value, "", [])
}

export const decodeValue = (encoded: EncodedValue): unknown => {
  switch (encoded.is) {
    case "primitive":
      return encoded.value
    case "function":
      return () => {}
    case "symbol":
      return Symbol("")
    case "array":
      return encoded.items.map(decodeValue)
    case "object":
      return Object.fromEntries(encoded.entries.map(([key, value]) => [key, decodeValue(value)]))
  }
}
