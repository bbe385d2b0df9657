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
