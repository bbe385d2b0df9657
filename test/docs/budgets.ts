/** A command of a document made small: (words after `pipeline`) -> the words that the test runs. */

export const smallIterations = 20
/** A document may ask for so many itself, to train a run further. */
const mostIterations = 60

const has = (words: ReadonlyArray<string>, flag: string) =>
  words.some((word) => word === flag || word.startsWith(`${flag}=`))

const withFewIterations = (words: ReadonlyArray<string>) => {
  const at = words.indexOf("--iterations")
  if (at < 0) return [...words, "--iterations", String(smallIterations)]
  return Number(words[at + 1]) <= mostIterations ? words : words.with(at + 1, String(smallIterations))
}

export const withSmallBudget = (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [command] = words
  if (has(words, "--help")) return words
  const named = words.map((word) =>
    word.replace(/^(ensemble:[a-z0-9-]+)$/, `$1-${smallIterations}-iterations`),
  )
  if (command !== "run" && command !== "schedule") return withoutBrowser(named)
  const short = withFewIterations(named)
  return has(short, "--engine") ? short : [...short, "--engine", "onnx"]
}

/** Linux without a display opens no browser; other systems would. */
const withoutBrowser = (words: ReadonlyArray<string>) =>
  process.platform === "linux" ? words : words.filter((word) => word !== "--open")
