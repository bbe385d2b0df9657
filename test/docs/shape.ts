/**
 * Whether an output has the shape that a document claims: (claimed text, output) -> what is missing. README.md has the
 * rules.
 */

/** Without what differs from run to run: ids, numbers (or – for none), units of time, whether data were in the cache, white space. */
const shapeOf = (line: string) =>
  line
    .replace(/\d{8}T\d{6}Z-[a-z0-9-]+?-[0-9a-f]{8}\b/g, "ID")
    .replace(/\d+ min \d+ s/g, "0 s")
    .replace(/cache \(([^)]*)\)/g, "$1")
    .replace(/(?<=^|\s)–(?=\s|$)/g, "0")
    .replace(/[−+-]?\d[\d,.]*/g, "#")
    .replace(/# (?:%|ms|s|min)(?![\w])/g, "#")
    .replace(/# \(# to #\)/g, "#")
    .replace(/\s+/g, " ")
    .trim()

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

const matches = (claimed: string, found: string) =>
  new RegExp(`^${claimed.split("…").map(escaped).join(".*")}$`).test(found)

/** The first claimed line that the output does not have in its place; nothing if it has all of them. */
export const missingLine = (claimed: string, output: string): string | undefined => {
  const found = output
    .split("\n")
    .map(shapeOf)
    .filter((line) => line !== "")
  const lines = claimed.split("\n").filter((line) => line.trim() !== "")
  let at = 0
  let mayskip = true
  for (const line of lines) {
    if (line.trim() === "…") {
      mayskip = true
      continue
    }
    const shape = shapeOf(line)
    const place = mayskip ? found.findIndex((each, i) => i >= at && matches(shape, each)) : at
    if (place < 0 || place >= found.length || !matches(shape, found[place])) return line
    at = place + 1
    mayskip = false
  }
  return undefined
}
