/** A share in per cent with two decimals; a dash for none. */
export const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? "–" : `${(100 * share).toFixed(2)} %`
