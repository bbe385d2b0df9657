/** (samples) -> median and quartiles, interpolated between samples. */
export interface Quartiles {
  readonly lower: number
  readonly median: number
  readonly upper: number
}

export const quartiles = (samples: ReadonlyArray<number>): Quartiles => {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (share: number) => {
    const position = share * (sorted.length - 1)
    const below = Math.floor(position)
    const above = Math.ceil(position)
    return sorted[below] + (sorted[above] - sorted[below]) * (position - below)
  }
  return { lower: at(0.25), median: at(0.5), upper: at(0.75) }
}

export const median = (samples: ReadonlyArray<number>): number => quartiles(samples).median
