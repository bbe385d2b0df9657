/** Shares as short percentages for axes: 0.25 %, 12 %. */
export const percentTick = (share: number): string =>
  `${(100 * share).toLocaleString("en", { maximumFractionDigits: 3, maximumSignificantDigits: 4 })} %`
