/** A share in per cent with two decimals; `none` where there is none. */
export const percent = (share: number | null | undefined, none = "–"): string =>
  share === null || share === undefined ? none : `${(100 * share).toFixed(2)} %`
