/** How the members of an ensemble predict together, as text: (combination) -> "mean probability" or "majority vote". */
import type { Combination } from "../schemas/Ensemble.ts"

const titles: Readonly<Record<Combination, string>> = { mean: "mean probability", vote: "majority vote" }

export const combinationTitle = (combination: Combination): string => titles[combination]
