/** Random choices for one photograph: (seed, name, number) -> draws that depend on nothing else. */
import { randomKey, randomWords } from "../../stages/random.ts"

export interface Draw {
  /** At least `from`, below `until`. */
  readonly between: (from: number, until: number) => number
  /** 0 to `below - 1`. */
  readonly integer: (below: number) => number
  readonly pick: <T>(from: ReadonlyArray<T>) => T
  /** A normal distribution with standard deviation 1 (Box and Muller, 1958). */
  readonly normal: () => number
}

export const drawOf = (seed: number, name: string, number: number): Draw => {
  const key = randomKey(seed, `photograph ${name} ${number}`)
  const words = new Uint32Array(2)
  let position = 0
  /** In (0, 1). */
  const uniform = () => {
    randomWords(key, position, words)
    position += 2
    return (words[0] + 0.5) / 2 ** 32
  }
  const integer = (below: number) => Math.floor(below * uniform())
  return {
    between: (from, until) => from + (until - from) * uniform(),
    integer,
    pick: (from) => from[integer(from.length)],
    normal: () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  }
}
