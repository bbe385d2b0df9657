/** The small models on which every engine is compared with the reference: name -> model, optimizer and sizes. */
import { convolutionCases } from "./parityCases/convolutions.ts"
import { layerCases } from "./parityCases/layers.ts"
import { trainingCases } from "./parityCases/training.ts"
import type { Case } from "./training.ts"

export const parityCases: Readonly<Record<string, Case>> = {
  ...convolutionCases,
  ...layerCases,
  ...trainingCases,
}

/** A second or more on the reference engine, with states too large to keep: parity.long.test.ts has them. */
export const largeCases: ReadonlyArray<string> = [
  "a dense layer large enough to be updated in tiles",
  "averages of a large weight with weight decay",
]
