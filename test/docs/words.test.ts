/** The documents say each thing with one word, the field's; the words that this project once used do not come back. */
import { assert, it } from "@effect/vitest"
import { readDocument } from "./markdown.ts"
import { documents } from "./documents.ts"

/** A word that is gone -> the word to write. */
const former: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bnights?\b/, "scheduled run"],
  [/\bslots?\b/, "scheduled time"],
  [/\b(?:unseen|learnt|lessons)\b/, "unseen examples: not trained on; training examples"],
  [/\bancestors?\b/, "parent, lineage"],
  [/\b(?:spectra|fourier(?! transform))\b/, "DFT convolution"],
  [/\bcadence\b/, "interval"],
  [/\bbeside\b/, "in parallel, next to"],
  [/\b(?:go|goes|gone|going|went) on\b/, "resume, continue"],
  [/\b(?:is|are|was|be) (?:said|told)\b/, "is printed, logged, reported"],
  [/\banew\b/, "again"],
  [/\busable\b/, "available"],
  [/\bleft out\b/, "skipped, omitted"],
  [/\bmade up for\b/, "run late"],
  [/\bbut for\b/, "except"],
]

const withoutCode = (lines: ReadonlyArray<string>) =>
  lines
    .join("\n")
    .replace(/^\s*```[^]*?^\s*```/gm, "")
    .replace(/`[^`]*`/g, "")

const others = ["ARCHITECTURE.md", "experiments/README.md", "runs/README.md", "test/docs/README.md"]

for (const { lines, path } of [...documents, ...others.map(readDocument)]) {
  it(`${path} has none of the former words`, () => {
    const text = withoutCode(lines)
    const found = former.flatMap(([word, better]) => {
      const match = new RegExp(word, "i").exec(text)
      return match === null ? [] : [`${match[0]}: write ${better}`]
    })
    assert.deepStrictEqual(found, [])
  })
}
