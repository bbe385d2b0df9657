/**
 * Trials drawn without looking at results: (seed, parameters, number of the trial) -> an assignment.
 *
 * Draws are counter-based, by the id of a parameter and the number of the trial, so a trial is the same in every process,
 * and a new parameter changes no draw of another one.
 */
import type { Assignment } from "../../schemas/Sweep.ts"
import { randomKey, randomWords } from "../../stages/random.ts"
import { assign, fromUnit, type Place } from "./space.ts"

const words = new Uint32Array(2)

/** A number in [0, 1) with 53 bits. */
export const uniformAt = (seed: number, purpose: string, position: number): number => {
  randomWords(randomKey(seed, purpose), 2 * position, words)
  return (words[0] * 2 ** 21 + (words[1] >>> 11)) / 2 ** 53
}

export const drawRandom = (seed: number, places: ReadonlyArray<Place>, trial: number): Assignment =>
  assign(places, ({ id, parameter }) => fromUnit(parameter, uniformAt(seed, `sweep/random/${id}`, trial)))

/** The root above 1 of x^(dimensions + 1) = x + 1: 1.618… for one dimension. */
const generalizedGolden = (dimensions: number) => {
  let x = 2
  for (let i = 0; i < 100; i++) x = (1 + x) ** (1 / (dimensions + 1))
  return x
}

/**
 * The R-sequence: point n is the fraction of shift + n·(1/g, 1/g², …), g the generalized golden ratio. M. Roberts, The
 * unreasonable effectiveness of quasirandom sequences (2018). The shift is drawn: Cranley and Patterson (1976).
 */
export const drawQuasiRandom = (seed: number, places: ReadonlyArray<Place>, trial: number): Assignment => {
  const golden = generalizedGolden(places.length)
  return assign(places, ({ id, parameter }, position) => {
    const shift = uniformAt(seed, `sweep/shift/${id}`, 0)
    return fromUnit(parameter, (shift + (trial + 1) * (1 / golden) ** (position + 1)) % 1)
  })
}
