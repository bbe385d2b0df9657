/**
 * Five networks that answer together, as one of the tutorials suggests: three of `cnn-best.ts` and two of another kind, which err
 * on other digits. `pipeline run experiments/ensemble.ts --jobs 2` trains those that are not trained yet, two at a time.
 */
import { ensemble } from "tidemark"
import best from "./cnn-best.ts"
import wide from "./cnn-7x7.ts"

export default ensemble({
  name: "ensemble",
  // The longest first, so that no core is left alone with one at the end.
  members: [...[0, 1].map((seed) => ({ ...wide, seed })), ...[0, 1, 2].map((seed) => ({ ...best, seed }))],
})
