/** A share in per cent with two decimals; `none` if there is no share. */
export const percent = (share: number | null | undefined, none = "–"): string =>
  share === null || share === undefined ? none : `${(100 * share).toFixed(2)} %`
