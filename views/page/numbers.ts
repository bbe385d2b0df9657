/** Numbers, times and lists as pages write them. */

/** 12,345 */
export const count = (value: number): string => value.toLocaleString("en")

/** Three significant digits: 0.0405, 1.2e-7. */
export const measure = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.0001
    ? value.toExponential(2).replace("-", "−")
    : value.toLocaleString("en", { maximumSignificantDigits: 3 }).replace("-", "−")

/** 2026-11-22T08:53:17.485Z -> 2026-11-22 08:53 UTC; any other text is returned unchanged. */
export const moment = (time: string): string => {
  const [, day, clock] = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})/.exec(time) ?? []
  return day === undefined ? time : `${day} ${clock} UTC`
}

/** a, b and c */
export const listed = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`
