/**
 * Numbers as text, the same in the terminal, on pages and in logs: (value) -> text. Lengths of time are in `duration.ts`,
 * sizes in `size.ts`.
 */

/** 12,345 */
export const count = (value: number): string => value.toLocaleString("en")

/** One word for one of a thing, the number and another word for more: 1 job, 1,200 jobs. */
export const plural = (value: number, one: string, more: string): string =>
  value === 1 ? one : `${count(value)} ${more}`

/** At most three significant digits: 0.0405, 1.2e-7. */
export const measure = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.0001
    ? Number(value.toPrecision(3)).toExponential().replaceAll("-", "−")
    : value.toLocaleString("en", { maximumSignificantDigits: 3 }).replace("-", "−")

/** Exactly three significant digits, for losses below each other: 0.0900, 12.3. */
export const threeDigits = (value: number): string => value.toPrecision(3).replace("-", "−")

/** A share in per cent with two decimals; `none` if there is no share. */
export const percent = (share: number | null | undefined, none = "–"): string =>
  share === null || share === undefined ? none : `${percentage(share)} %`

/** The same without the sign, for a column whose head has it. */
export const percentage = (share: number): string => (100 * share).toFixed(2)

/** The accuracy that belongs to an error rate: with two decimals each, they add up to 100.00. */
export const accuracyPercentage = (errorRate: number): string =>
  (100 - Number(percentage(errorRate))).toFixed(2)

/** The same as `percent` with one decimal, for probabilities. */
export const probability = (share: number): string => `${(100 * share).toFixed(1)} %`

/** A share as a short percentage, for axes: 0.25 %, 12 %. */
export const percentTick = (share: number): string =>
  `${(100 * share).toLocaleString("en", { maximumFractionDigits: 3 })} %`

/** A speed or another figure of which two digits are known: 0.52, 4.9, 49, 1,234. */
export const rate = (value: number): string => (value < 10 ? value.toPrecision(2) : count(Math.round(value)))

/** A difference of shares in percentage points, with its sign: +0.20, −0.20, 0.00. */
export const points = (share: number): string => {
  const text = (100 * Math.abs(share)).toFixed(2)
  return Number(text) === 0 ? "0.00" : `${share < 0 ? "−" : "+"}${text}`
}

/** The same without a plus sign. */
export const unsignedPoints = (share: number): string => points(share).replace("+", "")

/** 0.031, < 0.0001 */
export const pNumber = (p: number): string => (p < 0.0001 ? "< 0.0001" : p.toPrecision(2))

/** p = 0.031, p < 0.0001 */
export const pValue = (p: number): string => (p < 0.0001 ? `p ${pNumber(p)}` : `p = ${pNumber(p)}`)
