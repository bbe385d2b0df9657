/** The end of a message about a name that is not there: (name, what there is, what else to do) -> the advice. */
import { alternatives } from "./alternatives.ts"
import { suggest } from "./suggest.ts"

/** So many names are shown where none resembles the one given. */
const mostShown = 4

export const didYouMean = (name: string, known: ReadonlyArray<string>, otherwise: string): string => {
  const meant = suggest(name, known)
  if (meant.length > 0) return `did you mean ${alternatives(meant)}?`
  return known.length === 0 || known.length > mostShown
    ? otherwise
    : `${otherwise} (found ${known.join(", ")})`
}
