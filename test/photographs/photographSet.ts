/** A set of photographs: (seed, kind, number) -> one of them with its label, the same bytes every time. */
import { drawOf } from "./draw.ts"
import { drawDigit } from "./handwriting.ts"
import { kinds } from "./kinds.ts"

export interface Photograph {
  readonly kind: string
  readonly number: number
  readonly label: number
  readonly bytes: Uint8Array
}

export const kindNames = Object.keys(kinds)

export const photographOf = async (seed: number, kind: string, number: number): Promise<Photograph> => {
  const draw = drawOf(seed, kind, number)
  const { hasMnist, make, pen } = kinds[kind]
  const digit = await drawDigit(draw, pen(draw), hasMnist && number % 2 === 0)
  return { kind, number, label: digit.label, bytes: await make(draw, digit) }
}
