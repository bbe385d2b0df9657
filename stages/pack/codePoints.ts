/** Compares two texts by code point: the order is the same on every machine, whatever its language. */
export const byCodePoint = (a: string, b: string): number => {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  let at = 0
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++
  if (at === length) return a.length - b.length
  // Surrogates are larger code points than all other units.
  const rank = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
  return rank(a.charCodeAt(at)) - rank(b.charCodeAt(at))
}
