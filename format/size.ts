/** Bytes as 512 B, 660 kB, 54.9 MB, 1.2 GB or 3.4 TB (powers of ten). */
export const size = (bytes: number): string => {
  if (bytes < 1000) return `${bytes} B`
  for (const [unit, factor] of [
    ["kB", 1e3],
    ["MB", 1e6],
    ["GB", 1e9],
  ] as const) {
    if (bytes < 999.5 * factor) return `${(bytes / factor).toFixed(bytes < 99.95 * factor ? 1 : 0)} ${unit}`
  }
  return `${(bytes / 1e12).toFixed(1)} TB`
}
